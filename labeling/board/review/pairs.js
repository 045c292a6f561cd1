// A page of suspects of one pair of classes: mark those whose label is right; Enter keeps these and
// gives all others the class that they look like.

import { ClassList } from "../inputs/classes.js";
import { el } from "../dom.js";
import { emptyReview } from "./empty.js";
import { keyName, keyText } from "../keys/keys.js";
import { Sheet } from "../grid/sheet.js";
import { Tile } from "../grid/tile.js";

const GLANCE = 250; // ms that a page must be visible before it can be decided

// A suspect: marked, it keeps its label; else it gets the class that it looks like, or a third one.
class SuspectTile extends Tile {
  // The class that it will have, null if it is left for later.
  get becomes() {
    if (this.out) return null;
    return this.selected ? this.card.given : this.classId;
  }

  show(name) {
    super.show(name);
    if (this.missing) return;
    const text = this.out ? "later" : this.selected ? `stays ${name(this.card.given)}` : `→ ${name(this.classId)}`;
    this.name.textContent = text;
    this.node.setAttribute("aria-label", `${this.content.said}, ${text}`);
    this.node.classList.remove("changed"); // its own arrow says it
  }
}

export class PageForm {
  constructor(mode) {
    const { board, deck } = mode;
    Object.assign(this, { mode, board, deck });
    this.name = (id) => board.name(id);
    this.words = board.medium.words;
    this.contents = new Map(); // sample id -> what its tile shows
    this.sheet = new Sheet(board, () => this.#counts(), () => {});
    this.classes = new ClassList((one) => this.assign(one), board.maker(), board.hotkeys, board.about);
    this.question = el("p.question");
    this.said = el("p.said", { role: "status" });
    this.accept = this.#action("", "Enter", () => this.commit());
    this.undo = this.#action("undo", "", () => mode.undo());
    const later = this.#action("later", "Del", () => this.leaveOut());
    this.node = el(
      "div.grid-mode.review-page",
      {},
      this.question,
      this.sheet.node,
      el("aside.side", {}, el("div.actions", {}, this.accept, later, this.undo), this.said, this.classes.node),
    );
  }

  get tiles() {
    return this.sheet.tiles;
  }

  get sight() {
    return Math.max(this.tiles.length, 1);
  }

  close() {
    this.sheet.close();
  }

  focus() {
    this.tiles[0]?.node.focus({ preventScroll: true });
  }

  key(event) {
    const key = keyName(event);
    if (event.composedPath()[0].tagName === "BUTTON" && (key === "Enter" || key === " ")) return false;
    const { hotkeys, help } = this.board;
    const undo = key === hotkeys.actionKey("undo");
    const act = undo ? () => this.mode.undo() : this.#acts[key];
    if (act) event.repeat || act();
    else if (!help.open && this.sheet.key(event)) return true;
    else {
      const one = hotkeys.classOf(key);
      if (!one) return false;
      if (!event.repeat) this.assign(one);
    }
    return true;
  }

  get #acts() {
    return {
      Enter: () => this.commit(),
      Delete: () => this.leaveOut(),
      Backspace: () => this.leaveOut(),
      PageDown: () => this.mode.lists.step(1),
      PageUp: () => this.mode.lists.step(-1),
      "/": () => this.classes.find(),
    };
  }

  // Give the marked tiles a third class.
  assign(one) {
    const chosen = this.sheet.selected;
    if (!chosen.length) return this.board.say(`Mark the ${this.words.many} of that class first.`);
    for (const tile of chosen) Object.assign(tile, { classId: one.id, out: false, selected: false });
    this.#counts();
  }

  leaveOut() {
    const chosen = this.sheet.selected;
    if (!chosen.length) return this.board.say(`Mark the ${this.words.many} to leave for later first.`);
    for (const tile of chosen) Object.assign(tile, { out: !tile.out, selected: false });
    this.#counts();
  }

  // Decide every tile of the page that is not left for later.
  commit() {
    const { tiles } = this;
    if (!tiles.length || performance.now() < this.since + GLANCE || !tiles.every((tile) => tile.seen || tile.out)) return;
    const going = tiles.filter((tile) => !tile.out);
    const seconds = (performance.now() - this.since) / 1000 / Math.max(going.length, 1);
    this.sheet.put([]);
    this.deck.later(tiles.filter((tile) => tile.out).map((tile) => tile.card));
    this.mode.decide(going.map((tile) => ({ card: tile.card, classId: tile.becomes })), seconds);
  }

  // Cards that were brought back take the place of the page.
  renew() {
    this.sheet.put([]);
  }

  show() {
    const { board, deck } = this;
    const { given, predicted } = deck.view;
    this.classes.show(board.classes, {}, null);
    this.question.replaceChildren("Labeled ", el("strong", {}, this.name(given)), ", looks like ", el("strong", {}, this.name(predicted)), ": mark what is labeled right.");
    if (!this.tiles.length && deck.cards.length) this.#put(deck.cards.slice(0, this.sheet.comfortable));
    if (!deck.cards.length) this.sheet.say(emptyReview(board, deck));
    else this.#prune();
    this.#ahead();
    this.#counts();
    this.keysChanged();
  }

  keysChanged() {
    this.undo.lastElementChild.textContent = keyText(this.board.hotkeys.actionKey("undo"));
  }

  // Somebody else has decided some of them: they are left out.
  #prune() {
    const here = new Set(this.deck.cards);
    for (const tile of this.tiles) if (!here.has(tile.card) || tile.card.elsewhere) tile.out = true;
  }

  #put(cards) {
    this.sheet.put(cards.map((card) => new SuspectTile(card, card.predicted, this.#content(card))));
    this.sheet.grid.setAttribute("aria-label", "suspects of one pair of classes");
    this.since = performance.now();
    this.focus();
  }

  #content(card) {
    const known = this.contents.get(card.sample_id);
    if (known) return known;
    const content = new this.board.medium.Tile(this.board.api, card);
    content.begin();
    this.contents.set(card.sample_id, content);
    return content;
  }

  #ahead() {
    const near = this.deck.cards.slice(0, 2 * this.sheet.comfortable);
    const ids = new Set([...near, ...this.tiles.map((tile) => tile.card)].map((card) => card.sample_id));
    for (const id of this.contents.keys()) if (!ids.has(id)) this.contents.delete(id);
    for (const card of near) this.#content(card);
  }

  #counts() {
    for (const tile of this.tiles) tile.show(this.name);
    const { given } = this.deck.view;
    const count = (test) => this.tiles.filter(test).length;
    const [stay, out] = [count((tile) => tile.becomes === given), count((tile) => tile.out)];
    const change = this.tiles.length - stay - out;
    this.accept.disabled = !this.tiles.length;
    this.accept.firstElementChild.textContent = `keep ${stay}, change ${change}`;
    this.said.textContent = out ? `${out} left for later` : "";
  }

  #action(name, key, onclick) {
    return el("button.action", { type: "button", onclick }, el("span", {}, name), el("kbd", {}, key));
  }
}
