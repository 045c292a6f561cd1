// The tiles of one page: their layout, the selection, and the enlarged tile.

import { el } from "../dom.js";
import { Lasso } from "./lasso.js";

const GAP = 6;
const FOOT = 20; // the line below each image
const NARROW = 760; // px; in a narrower window the page scrolls and tiles have a fixed size
const COMFORTABLE = 148; // px, the side of a tile if the window decides the count
const LARGEST = 256; // px, the size of a thumbnail
const SETTLED = 400; // ms without a change after which a window counts as resized
const ROOMIER = 1.25; // the window must fit so many times the present images for a new page
export const [FEWEST, MOST] = [12, 200];

export class Sheet {
  // `changed()` is called when the selection changes, `large(tile)` returns the large image, and
  // `roomier()` is called when the window fits many more images.
  constructor(changed, large, roomier) {
    this.changed = changed;
    this.large = large;
    this.tiles = [];
    this.cursor = 0;
    this.anchor = 0;
    this.grid = el("div.tiles", { role: "listbox", "aria-multiselectable": "true" });
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
    const { width, height } = this.#room();
    const across = Math.floor((width + GAP) / (COMFORTABLE + GAP));
    const down = Math.floor((height + GAP) / (COMFORTABLE + FOOT + GAP));
    const rows = height ? Math.max(1, down) : 8;
    return Math.max(FEWEST, Math.min(across * rows, MOST));
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

  // The number of columns with the largest images that all fit.
  arrange() {
    const n = this.tiles.length;
    if (!n) return;
    const { width, height } = this.#room();
    let best = { columns: 1, side: 0 };
    if (!height) best = { columns: Math.max(3, Math.floor(width / 130)) };
    else {
      for (let columns = 1; columns <= n; columns += 1) {
        const rows = Math.ceil(n / columns);
        const across = (width - GAP * (columns - 1)) / columns;
        const down = (height - GAP * (rows - 1)) / rows - FOOT;
        const side = Math.min(across, down);
        if (side > best.side) best = { columns, side };
      }
      if (best.side > LARGEST) best = { columns: Math.ceil((width + GAP) / (LARGEST + GAP)) };
    }
    this.columns = best.columns;
    this.grid.style.setProperty("--columns", best.columns);
    this.grid.style.setProperty("--rows", Math.ceil(n / best.columns));
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
    this.lens.replaceChildren(el("img", { src: this.large(tile), alt: tile.card.name, draggable: "false" }), el("figcaption", {}, tile.card.name));
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
    this.tiles[to].node.focus({ preventScroll: this.node.clientHeight > 0 && !this.#scrolls() });
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
