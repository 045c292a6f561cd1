// Many images of one predicted class: mark the wrong ones, accept the rest.

import { ClassList } from "./classes.js";
import { el, percent, target, uuid } from "./dom.js";
import { GRID_HELP } from "./keys.js";

const SIZES = [12, 24, 48, 96];

export class GridMode {
  constructor(board) {
    this.board = board;
    this.help = GRID_HELP;
    this.tiles = [];
    this.pages = []; // the answers of each page, newest last
    this.counts = {};
    this.classId = null;
    this.size = 24;
    this.confident = true;
    this.classes = new ClassList((one) => this.assign(one), (name) => board.create(name));
    this.tabs = el("div.tabs", { role: "group", "aria-label": "predicted class" });
    this.grid = el("div.tiles", { role: "group", "aria-label": "images of this class" });
    this.accept = el("button.action.primary", { type: "button", onclick: () => this.commit() });
    this.node = el(
      "div.grid-mode",
      {},
      el("div.toolbar", {}, this.tabs, this.#options()),
      el("main.sheet", {}, this.grid),
      el("aside.side", {}, this.#actions(), this.classes.node),
    );
  }

  async start() {
    await this.load();
  }

  close() {}

  advanced() {
    if (!this.tiles.length) this.load(); // a page under one's hands does not change
  }

  async load() {
    if (this.loading) return;
    this.loading = true;
    try {
      await this.board.outbox.flushed();
      const id = this.classId ?? this.board.classes[0]?.id ?? 0;
      let reply = await this.#page(id);
      const fullest = Object.entries(reply.counts).sort((a, b) => b[1] - a[1])[0];
      if (!reply.cards.length && fullest?.[1] > 0 && Number(fullest[0]) !== id)
        reply = await this.#page(Number(fullest[0]));
      this.counts = reply.counts;
      this.tiles = reply.cards.map((card) => this.#tile(card));
      this.grid.replaceChildren(...this.tiles.map((tile) => tile.node));
    } catch (error) {
      this.board.say(error.message);
    } finally {
      this.loading = false;
    }
    this.show();
  }

  #page(id) {
    this.classId = id;
    return this.board.api.page(this.board.holder, id, this.size, this.confident);
  }

  key(event) {
    const { key } = event;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.#columns(), ArrowUp: -this.#columns() };
    if (key in step) this.#move(step[key]);
    else if (key === "/") this.classes.find();
    else if (key === "Enter") {
      if (target(event).tagName === "BUTTON" && !this.#focused()) return false;
      if (!event.repeat) this.commit();
    } else if (key === "z" || key === "Z") event.repeat || this.undo();
    else if (key === "x" || key === "X") event.repeat || this.leaveOut();
    else {
      const one = key.length === 1 && this.classes.byKey(key);
      if (!one) return false;
      if (!event.repeat) this.assign(one);
    }
    return true;
  }

  assign(one) {
    const chosen = this.#chosen();
    if (!chosen.length) return this.board.say("Select the images that are wrong first.");
    for (const tile of chosen) Object.assign(tile, { classId: one.id, out: false, selected: false });
    this.show();
  }

  leaveOut() {
    for (const tile of this.#chosen()) Object.assign(tile, { out: !tile.out, selected: false });
    this.show();
  }

  async commit() {
    if (this.loading || !this.tiles.length) return;
    const seconds = (performance.now() - this.since) / 1000 / this.tiles.length;
    const answers = this.tiles
      .filter((tile) => !tile.out && !tile.selected)
      .map((tile) => ({
        client_id: uuid(),
        sample_id: tile.card.sample_id,
        kind: "label",
        class_id: tile.classId,
        seconds,
        source: tile.classId === this.classId ? "accepted" : "human",
      }));
    this.tiles = [];
    this.pages.push(answers);
    this.board.outbox.add(...answers);
    await this.load();
  }

  async undo() {
    const page = this.pages.pop();
    if (!page) return this.board.say("There is no page to undo.");
    const undos = page.map(({ client_id, sample_id }) => ({
      client_id: uuid(),
      sample_id,
      kind: "undo",
      undoes: client_id,
    }));
    this.board.outbox.add(...undos);
    this.board.say(`Took back ${page.length} answers.`);
    await this.load();
  }

  refused() {}

  show() {
    this.classes.show(this.board.classes, {}, this.classId);
    const tabs = this.board.classes
      .filter(({ id }) => this.counts[id] > 0)
      .map(({ id, name }) =>
        el(
          "button.tab",
          { type: "button", "aria-pressed": id === this.classId, onclick: () => this.#turn({ classId: id }) },
          `${name} ${this.counts[id]}`,
        ),
      );
    this.tabs.replaceChildren(...tabs);
    for (const tile of this.tiles) this.#showTile(tile);
    if (!this.tiles.length && !this.loading)
      this.grid.replaceChildren(el("p.empty", {}, this.#emptyText()));
    const rest = this.tiles.filter((tile) => !tile.out && !tile.selected).length;
    this.accept.disabled = !this.tiles.length;
    this.accept.replaceChildren(`accept ${rest} `, el("kbd", {}, "Enter"));
  }

  #emptyText() {
    if (!this.board.status || this.board.status.round_id === null)
      return "The grid shows what the model believes. Label a few images of two classes first.";
    return "No image without an answer is left. Take the labels with you under Export.";
  }

  #tile(card) {
    const tile = { card, classId: this.classId, selected: false, out: false };
    tile.name = el("span.name");
    tile.node = el(
      "button.tile",
      { type: "button", title: card.name, onclick: (event) => this.#select(tile, event) },
      el("img", { src: this.board.api.image(card.sample_id, "thumb"), alt: card.name }),
      el("span.foot", {}, tile.name, el("span.chance", {}, percent(card.probabilities[this.classId] ?? 0))),
    );
    this.since = performance.now();
    return tile;
  }

  #showTile(tile) {
    tile.node.setAttribute("aria-pressed", tile.selected);
    tile.node.classList.toggle("out", tile.out);
    tile.node.classList.toggle("changed", tile.classId !== this.classId);
    tile.name.textContent = tile.out ? "left out" : this.classes.name(tile.classId);
  }

  #select(tile, event) {
    const at = this.tiles.indexOf(tile);
    if (event.shiftKey && this.anchor !== undefined) {
      const [from, to] = [Math.min(at, this.anchor), Math.max(at, this.anchor)];
      for (const other of this.tiles.slice(from, to + 1)) other.selected = true;
    } else tile.selected = !tile.selected;
    this.anchor = at;
    this.show();
  }

  #chosen() {
    return this.tiles.filter((tile) => tile.selected);
  }

  #focused() {
    const active = this.node.getRootNode().activeElement;
    return this.tiles.find((tile) => tile.node === active);
  }

  #columns() {
    return getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
  }

  #move(step) {
    const focused = this.#focused();
    const at = focused ? this.tiles.indexOf(focused) + step : 0;
    this.tiles[Math.max(0, Math.min(at, this.tiles.length - 1))]?.node.focus();
  }

  #turn(change) {
    Object.assign(this, change);
    this.load();
  }

  #options() {
    const sizes = SIZES.map((n) => el("option", { value: n, selected: n === this.size }, `${n} images`));
    const order = [
      el("option", { value: "most" }, "most confident first"),
      el("option", { value: "least" }, "least confident first"),
    ];
    const change = (apply) => (event) => {
      event.target.blur();
      this.#turn(apply(event.target.value));
    };
    return el(
      "div.options",
      {},
      el("select", { "aria-label": "images on a page", onchange: change((v) => ({ size: Number(v) })) }, ...sizes),
      el("select", { "aria-label": "order", onchange: change((v) => ({ confident: v === "most" })) }, ...order),
    );
  }

  #actions() {
    const action = (name, key, onclick) =>
      el("button.action", { type: "button", onclick }, el("span", {}, name), el("kbd", {}, key));
    return el(
      "div.actions",
      {},
      this.accept,
      action("leave out", "X", () => this.leaveOut()),
      action("undo page", "Z", () => this.undo()),
      action("keys", "?", () => this.board.toggleHelp()),
    );
  }
}
