// The tiles of one page: their layout, the selection, and the enlarged tile.

import { el } from "../dom.js";
import { Lasso } from "./lasso.js";

const NARROW = 760; // px; in a narrower window the page scrolls and tiles have a fixed size
const SETTLED = 400; // ms without a change after which a window counts as resized
const ROOMIER = 1.25; // the window must fit so many times the present tiles for a new page
export const [FEWEST, MOST] = [12, 200];

export class Sheet {
  // `changed()` is called when the selection changes, and `roomier()` when the window fits many more
  // tiles.
  constructor({ api, medium }, changed, roomier) {
    Object.assign(this, { api, medium, changed });
    this.tiles = [];
    this.cursor = 0;
    this.anchor = 0;
    this.grid = el(`div.tiles.${medium.layout.kind}`, { role: "listbox", "aria-multiselectable": "true" });
    this.lens = el("figure.lens", { hidden: true });
    this.instead = el("div.instead", { hidden: true });
    this.node = el("main.sheet", {}, this.grid, this.instead, this.lens);
    this.lasso = new Lasso(this);
    this.sized = new ResizeObserver(() => {
      this.arrange();
      clearTimeout(this.settling);
      this.settling = setTimeout(() => this.#isRoomy() && roomier(), SETTLED);
    });
    this.sized.observe(this.node);
  }

  close() {
    this.sized.disconnect();
    clearTimeout(this.settling);
    this.lasso.close();
  }

  get selected() {
    return this.tiles.filter((tile) => tile.selected);
  }

  // The number of comfortable tiles that the window fits.
  get comfortable() {
    return Math.max(FEWEST, Math.min(this.medium.layout.comfortable(this.#room()), MOST));
  }

  put(tiles) {
    this.tiles = tiles;
    this.cursor = this.anchor = 0;
    this.shrink();
    this.grid.replaceChildren(...tiles.map((tile) => tile.node));
    this.grid.hidden = false;
    this.instead.hidden = true;
    this.arrange();
    this.#point();
  }

  // Show something in place of the tiles.
  say(node) {
    this.tiles = [];
    this.shrink();
    this.grid.replaceChildren();
    this.grid.hidden = true;
    this.instead.replaceChildren(node);
    this.instead.hidden = false;
  }

  // Lay the tiles out for the present window.
  arrange() {
    const n = this.tiles.length;
    if (!n) return;
    const found = this.medium.layout.arrange(n, this.#room());
    this.columns = found.columns;
    const all = { rows: Math.ceil(n / found.columns), ...found };
    for (const [name, value] of Object.entries(all)) this.grid.style.setProperty(`--${name}`, value);
  }

  key(event) {
    const { key, shiftKey, repeat } = event;
    const row = this.columns ?? 1;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row }[key];
    if (step) this.#go(this.cursor + step, shiftKey);
    else if (key === "Home" || key === "End") this.#go(key === "Home" ? 0 : this.tiles.length - 1, shiftKey);
    else if (key === " ") repeat || this.toggle(this.cursor);
    else if (key === ".") repeat || this.enlarge(this.lens.hidden ? this.tiles[this.cursor] : null);
    else if (key === "Escape") return this.#escape();
    else return false;
    return true;
  }

  toggle(at) {
    const tile = this.tiles[at];
    if (!tile) return;
    this.cursor = this.anchor = at;
    tile.selected = !tile.selected;
    this.#point();
    this.changed();
  }

  // Select from the last single selection to here.
  reach(at) {
    const [from, to] = [Math.min(at, this.anchor), Math.max(at, this.anchor)];
    this.tiles.forEach((tile, index) => (tile.selected = tile.selected || (index >= from && index <= to)));
    this.cursor = at;
    this.#point();
    this.changed();
  }

  // Select these only.
  select(tiles) {
    const wanted = new Set(tiles);
    for (const tile of this.tiles) tile.selected = wanted.has(tile);
    this.changed();
  }

  at(node) {
    return this.tiles.findIndex((tile) => tile.node === node);
  }

  enlarge(tile) {
    if (!tile) return this.shrink();
    this.lens.replaceChildren(this.medium.large(this.api, tile.card), el("figcaption", {}, tile.card.name));
    this.lens.hidden = false;
    this.opened = performance.now();
  }

  shrink() {
    this.lens.hidden = true;
    this.lens.replaceChildren();
  }

  #escape() {
    if (!this.lens.hidden) this.shrink();
    else if (this.selected.length) this.select([]);
    else return false;
    return true;
  }

  #go(to, extend) {
    if (to < 0 || to >= this.tiles.length) return;
    if (extend && !this.selected.length) this.anchor = this.cursor;
    this.cursor = to;
    if (extend) this.reach(to);
    else this.anchor = to;
    this.#point();
    this.tiles[to].node.focus({ preventScroll: this.node.clientHeight > 0 && !this.#scrolls() && !this.medium.layout.scrolls });
    if (!this.lens.hidden) this.enlarge(this.tiles[to]);
  }

  // Tab reaches exactly one tile: the one where the arrow keys start.
  #point() {
    this.tiles.forEach((tile, index) => (tile.node.tabIndex = index === this.cursor ? 0 : -1));
  }

  #isRoomy() {
    return this.tiles.length && this.comfortable >= this.tiles.length * ROOMIER;
  }

  #scrolls() {
    return innerWidth <= NARROW;
  }

  #room() {
    const { clientWidth: width, clientHeight: height } = this.node;
    const edge = 6; // for the focus ring around a tile
    return { width: width - edge, height: this.#scrolls() ? 0 : height - edge };
  }
}
