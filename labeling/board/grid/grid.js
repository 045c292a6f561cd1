// Many samples of one predicted class: select the wrong ones and press the key of their class,
// then accept the rest.

import { ClassList } from "../inputs/classes.js";
import { el, isTyping, target, uuid } from "../dom.js";
import { emptyGrid } from "./emptygrid.js";
import { GridBar } from "./gridbar.js";
import { keyName, keyText } from "../keys/keys.js";
import { Pages } from "./pages.js";
import { Sheet } from "./sheet.js";
import { isCut } from "./sureness.js";
import { Tile } from "./tile.js";

const GLANCE = 250; // ms that a page must be visible before it can be accepted
const UNDOS = 20;
const RETRY = 2000;

const help = ({ one, many }) => [
  ["arrows, Home, End", "move"],
  ["Space, click", `select a wrong ${one}, or deselect it`],
  ["Shift + arrows, shift-click, drag", "select several"],
  ["Ctrl + A, Esc", "select all, none"],
  ["1 … 9, 0, then letters", `give the selected ${many} that class`],
  ["Delete", `leave the selected ${many} out of this page`],
  ["Enter", "accept all the others and go on"],
  [". or a long press", `enlarge the ${one} while it is held`],
  ["Page down, Page up", "next, previous class"],
  ["Z", "take the last page back"],
  ["/", "find a class by name, or create one"],
  ["?", "show or hide this help"],
];

export class GridMode {
  constructor(board) {
    this.board = board;
    this.words = board.medium.words;
    this.help = help(this.words);
    this.batches = []; // of answers, newest last, for undo
    this.size = null; // samples on a page; null for as many as fill the window
    this.pages = new Pages(board, () => this.#showRate());
    this.sheet = new Sheet(board, () => this.show(), () => this.#roomier());
    this.classes = new ClassList((one) => this.assign(one), board.maker(), board.hotkeys, board.about);
    this.bar = new GridBar(this.words.many, (change) => this.turn(change), () => board.toggleHelp());
    this.accept = el("button.action.primary", { type: "button", onclick: () => this.commit() });
    this.said = el("p.said", { role: "status" });
    this.node = el(
      "div.grid-mode",
      {},
      this.bar.node,
      this.sheet.node,
      el("aside.side", {}, this.#actions(), this.said, this.classes.node),
    );
    this.all = (event) => this.#selectAll(event);
    this.lift = (event) => this.#keyUp(event);
    document.addEventListener("keydown", this.all, true);
    document.addEventListener("keyup", this.lift, true);
  }

  get tiles() {
    return this.sheet.tiles;
  }

  async start() {
    await this.load();
  }

  close() {
    clearTimeout(this.later);
    document.removeEventListener("keydown", this.all, true);
    document.removeEventListener("keyup", this.lift, true);
    this.pages.close();
    this.sheet.close();
  }

  // A new round: the page on screen stays, the next one is fetched again.
  advanced() {
    if (this.tiles.length) this.#ahead();
    else this.load();
  }

  // Classes were changed: a page of a lost class is replaced.
  reshaped() {
    const { classId } = this.pages;
    if (classId !== null && !this.board.classes.some(({ id }) => id === classId))
      this.turn({ classId: this.board.merged[classId] ?? null });
  }

  // The counts have changed: update the text in place of a page.
  counted() {
    if (!this.tiles.length && !this.loading) this.show();
  }

  held() {
    const cards = [...this.tiles.map((tile) => tile.card), ...(this.pages.next?.cards ?? [])];
    return cards.map((card) => card.sample_id);
  }

  // Other people have some of these samples now: fetch another page.
  lost() {
    this.turn({});
  }

  async load() {
    if (this.loading || this.pages.closed) return;
    clearTimeout(this.later);
    this.loading = true;
    let page = null;
    try {
      this.pages.size = this.size ?? this.sheet.comfortable;
      const before = this.pages.classId;
      page = await this.pages.turn();
      if (before !== null && before !== page.classId && page.cards.length)
        this.note = `No more “${this.board.name(before)}” right now: on to “${this.board.name(page.classId)}”.`;
    } catch (error) {
      if (!this.board.outbox.offline) this.board.say(error.message);
      this.later = setTimeout(() => this.load(), RETRY);
    }
    this.loading = false;
    const cards = page?.cards ?? [];
    this.#put(cards.map((card) => new Tile(card, page.classId, this.pages.content(card))));
    this.show();
  }

  key(event) {
    const key = keyName(event);
    const onButton = target(event).tagName === "BUTTON";
    if (onButton && (key === "Enter" || key === " ")) return false;
    const act = this.#acts()[key === this.board.hotkeys.actionKey("undo") ? "undo" : key];
    if (act) event.repeat || act();
    else if (this.sheet.key(event)) return true;
    else {
      const one = this.board.hotkeys.classOf(key);
      if (!one) return false;
      if (!event.repeat) this.assign(one);
    }
    return true;
  }

  #acts() {
    return {
      Enter: () => this.commit(),
      Delete: () => this.leaveOut(),
      Backspace: () => this.leaveOut(),
      PageDown: () => this.bar.step(1),
      PageUp: () => this.bar.step(-1),
      "/": () => this.classes.find(),
      undo: () => this.undo(),
    };
  }

  assign(one) {
    const chosen = this.sheet.selected;
    if (!chosen.length) return this.board.say(`Select the ${this.words.many} that are wrong first.`);
    for (const tile of chosen) Object.assign(tile, { classId: one.id, out: false, selected: false });
    this.show();
  }

  leaveOut() {
    const chosen = this.sheet.selected;
    if (!chosen.length) return this.board.say(`Select the ${this.words.many} to leave out first.`);
    for (const tile of chosen) Object.assign(tile, { out: !tile.out, selected: false });
    this.show();
  }

  // Label every tile that is not left out and not selected, and show the next page.
  async commit() {
    if (this.loading || !this.tiles.length) return;
    if (performance.now() < this.since + GLANCE || !this.tiles.every((tile) => tile.seen || tile.out)) return;
    const { tiles, pages } = this;
    const going = tiles.filter((tile) => tile.goes);
    const seconds = (performance.now() - this.since) / 1000 / Math.max(going.length, 1);
    const answers = going.map((tile) => ({
      client_id: uuid(),
      sample_id: tile.card.sample_id,
      kind: "label",
      class_id: tile.classId,
      seconds,
      round_id: tile.card.round_id ?? 0,
      source: tile.changed ? "human" : "accepted",
    }));
    for (const tile of tiles) if (!tile.goes) pages.passed.add(tile.card.sample_id);
    pages.counts[pages.classId] -= going.length;
    this.batches.push({ tiles, answers, classId: pages.classId });
    if (this.batches.length > UNDOS) this.batches.shift();
    this.note = `${answers.length} labeled.`;
    this.board.outbox.add(...answers);
    this.sheet.put([]);
    await this.load();
  }

  // Take back all answers of the last page and show it again.
  undo() {
    if (this.loading) return;
    const last = this.batches.pop();
    if (!last) return this.board.say("There is no page to take back.");
    const undos = last.answers.map(({ client_id, sample_id }) => ({
      client_id: uuid(),
      sample_id,
      kind: "undo",
      undoes: client_id,
    }));
    this.board.outbox.add(...undos);
    for (const tile of last.tiles) this.pages.passed.delete(tile.card.sample_id);
    this.pages.turnTo({ classId: last.classId });
    this.note = `Took ${undos.length} back.`;
    this.#put(last.tiles);
    this.show();
  }

  refused(_answer, text) {
    return text;
  }

  // Another class, number of samples, order or confidence.
  turn({ size, ...change }) {
    if (size !== undefined) this.size = size;
    this.note = "";
    this.refocus = !this.bar.chooses;
    this.pages.turnTo({ ...change, size: this.size ?? this.sheet.comfortable });
    this.load();
  }

  // A larger window gets a page that fills it, unless this page was edited.
  #roomier() {
    const touched = this.tiles.some((tile) => tile.selected || tile.changed || tile.out);
    const whole = this.tiles.length >= this.pages.size; // otherwise the class had no more
    if (this.size === null && whole && !touched && !this.board.outbox.offline) this.turn({});
  }

  // Bring back what was left out.
  again() {
    this.pages.passed.clear();
    this.turn({});
  }

  show() {
    const { classId } = this.pages;
    const name = (id) => this.board.name(id);
    this.classes.show(this.board.classes, {}, null, this.board.status?.per_class);
    this.bar.show(this.board.classes, this.pages.counts, classId);
    for (const tile of this.tiles) tile.show(name);
    this.#showRate();
    this.sheet.grid.setAttribute("aria-label", `${this.words.many} predicted as ${name(classId)}`);
    if (!this.tiles.length && !this.loading) this.sheet.say(this.#empty());
    this.#showCounts();
  }

  #showRate() {
    const { classId, rate, cut } = this.pages;
    this.bar.tell(this.tiles.length ? this.board.name(classId) : null, rate, cut);
    for (const tile of this.tiles) tile.back(rate.rate?.backs_confidence);
  }

  #showCounts() {
    const count = (test) => this.tiles.filter(test).length;
    const going = count((tile) => tile.goes);
    const [selected, changed, out] = [count((tile) => tile.selected), count((tile) => tile.goes && tile.changed), count((tile) => tile.out)];
    this.accept.disabled = !this.tiles.length;
    this.accept.replaceChildren(el("span", {}, going ? `accept ${going}` : "go on"), el("kbd", {}, "Enter"));
    const parts = [selected && `${selected} selected`, changed && `${changed} changed`, out && `${out} left out`];
    this.said.textContent = parts.filter(Boolean).join(", ") || this.note || "";
  }

  #put(tiles) {
    for (const tile of tiles) this.pages.contents.set(tile.card.sample_id, tile.content);
    this.sheet.put(tiles);
    this.pages.show(tiles.map((tile) => tile.card));
    this.since = performance.now();
    if (tiles.length) this.#ahead();
    if (this.refocus) tiles[0]?.node.focus({ preventScroll: true }); // the chosen tab was redrawn
    this.refocus = false;
  }

  #ahead() {
    this.pages.ahead(this.tiles.map((tile) => tile.card));
  }

  #empty() {
    const { board, pages } = this;
    if (pages.passed.size) return emptyGrid(board.status, board.outbox, pages.passed.size, () => this.again(), false, this.words);
    return emptyGrid(board.status, board.outbox, 0, () => this.bar.everyGuess(), isCut(pages.cut), this.words);
  }

  #selectAll(event) {
    const all = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a";
    if (!all || isTyping(event) || this.board.help.open || !this.tiles.length) return;
    event.preventDefault();
    this.sheet.select(this.tiles);
  }

  // A tile stays large while the key is held, or after a tap until the next press.
  #keyUp(event) {
    if (event.key === "." && event.timeStamp - this.sheet.opened > GLANCE) this.sheet.shrink();
  }

  #actions() {
    const action = (name, key, onclick) =>
      el("button.action", { type: "button", onclick }, el("span", {}, name), el("kbd", {}, key));
    const undo = keyText(this.board.hotkeys.actionKey("undo"));
    return el(
      "div.actions",
      {},
      this.accept,
      action("leave out", "Del", () => this.leaveOut()),
      action("undo", undo, () => this.undo()),
    );
  }
}
