// The board: mounts one mode, listens to keys, and follows the server's changes.

import { About } from "./about.js";
import { Api } from "./wire/api.js";
import { Calm } from "./calm.js";
import { el, isTyping, uuid } from "./dom.js";
import { Figures } from "./figures.js";
import { GridMode } from "./grid/grid.js";
import { Help } from "./keys/help.js";
import { Hold } from "./wire/lease.js";
import { Hotkeys } from "./keys/hotkeys.js";
import { keyName, Keys } from "./keys/keys.js";
import { LabelMode } from "./label/label.js";
import { mediumOf } from "./viewers/viewers.js";
import { Outbox } from "./wire/outbox.js";
import { ReviewMode } from "./review/review.js";
import { counted, StatusLine } from "./status.js";
import { Watch } from "./wire/news.js";

const MODES = { label: LabelMode, grid: GridMode, review: ReviewMode };

export function mount(root, data) {
  const board = new Board(data);
  root.querySelector(".board.fresh")?.remove(); // what stood here while the modules were loading
  root.append(board.node);
  board.start();
  return board;
}

class Board {
  constructor(data) {
    this.data = data;
    this.medium = mediumOf(data);
    this.holder = uuid();
    this.status = null;
    this.classes = [];
    this.names = new Map(); // of every class seen here, also archived ones
    this.merged = {}; // class id -> the class it was merged into
    this.hotkeys = new Hotkeys(data.project, this.medium.actions);
    this.api = new Api(data.api, data.token, (reply) => this.#heard(reply));
    this.outbox = new Outbox(
      this.api,
      data.project,
      () => this.#changed(),
      (answer, text) => this.#refused(answer, text),
    );
    this.about = new About(this.api, this.medium, () => this.mode.show());
    this.figures = new Figures(this.api, this.outbox, () => this.#measured());
    this.line = new StatusLine(data, this.medium.words, () => this.mode.pace);
    this.notice = el("div.notice", { role: "alert", hidden: true });
    this.mode = new MODES[data.mode](this);
    this.help = new Help(this.hotkeys, this.mode.help ?? null, this.medium.gestures, this.about, () => this.#keysChanged());
    this.node = el("div.board.fresh", {}, this.mode.node, this.line.node, this.notice, this.help.node, this.about.node);
    this.calm = new Calm();
    this.keys = new Keys((event) => this.#key(event));
    this.leave = () => this.api.release(this.holder, this.outbox.pending());
    window.addEventListener("pagehide", this.leave);
  }

  start() {
    this.line.show(null, this.outbox, this.figures);
    this.figures.soon();
    this.mode.start().catch((error) => this.say(error.message));
    const { mode } = this;
    this.hold = new Hold(this.api, this.holder, () => mode.held(), (ids) => mode.lost(ids));
    const news = (...when) => (mode.news ? mode.news(...when) : this.api.news(...when));
    this.watch = new Watch(this.api, this.data.project, () => this.status?.version ?? -1, news);
  }

  // Streamlit has run again, perhaps with a new token.
  update(data) {
    this.api.token = data.token;
    this.outbox.flush();
  }

  unmount() {
    this.watch.close();
    this.hold.close();
    window.removeEventListener("pagehide", this.leave);
    this.keys.close();
    this.calm.close();
    this.figures.close();
    this.mode.close();
    this.outbox.close();
    this.leave();
    this.node.remove();
  }

  // Creates a class by name, and with `list` many at once; null if the person's role does not
  // allow it.
  maker() {
    if (!this.data.creates) return null;
    const list = (names, preview) => this.createList(names, preview);
    return Object.assign((name) => this.create(name), { list });
  }

  async create(name) {
    try {
      return (await this.api.createClass(name)).class;
    } catch (error) {
      this.say(error.message);
      return null;
    }
  }

  async createList(names, preview) {
    try {
      const made = await this.api.createClasses(names, preview);
      if (!preview) this.say(`${counted(made.names.length, "class", "classes")} made. An owner can undo this in Setup.`);
      return made;
    } catch (error) {
      this.say(error.message);
      return null;
    }
  }

  say(text) {
    this.notice.textContent = text;
    this.notice.hidden = false;
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => (this.notice.hidden = true), 6000);
  }

  name(classId) {
    return this.names.get(this.merged[classId] ?? classId) ?? "?";
  }

  toggleHelp() {
    this.help.toggle(this.classes);
  }

  #key(event) {
    if (this.help.open) return this.help.key(event);
    if (isTyping(event)) return false;
    if (this.hotkeys.actionOf(keyName(event)) === "help") {
      if (!event.repeat) this.toggleHelp();
      return true;
    }
    return this.mode.key(event);
  }

  #keysChanged() {
    if (this.mode.keysChanged) this.mode.keysChanged();
    else this.mode.show();
  }

  #heard(reply) {
    const { status, classes, merged } = reply;
    const before = this.status;
    const reshaped = before && before.changed !== status.changed;
    this.status = status;
    this.node.classList.remove("fresh");
    this.merged = merged;
    const renamed = JSON.stringify(classes) !== JSON.stringify(this.classes);
    const lost = this.classes.filter((old) => !classes.some(({ id }) => id === old.id));
    this.classes = classes;
    this.hotkeys.arrange(classes);
    for (const { id, name } of classes) this.names.set(id, name);
    if (lost.length) this.say(lost.map((one) => this.#gone(one)).join(" "));
    if (!before || reshaped) this.about.load();
    this.line.show(status, this.outbox, this.figures);
    const ranked = before && (before.round_id !== status.round_id || before.seen !== status.seen);
    if (ranked) {
      this.mode.advanced(reply.cards);
      this.figures.soon();
    }
    if (reshaped) this.mode.reshaped();
    if (before && before.pool !== status.pool) this.hold?.renew(); // imported labels end leases
    if (!before || renamed) this.mode.show();
    else this.mode.counted?.();
  }

  #gone({ id, name }) {
    if (this.merged[id]) return `“${name}” now counts as “${this.name(id)}”. Keys may have moved.`;
    if (this.classes.some((one) => one.name === name)) return `“${name}” was split; a new class has this name now.`;
    return `“${name}” is not a class any more. Keys may have moved.`;
  }

  #changed() {
    this.line.show(this.status, this.outbox, this.figures);
    if (this.outbox?.waiting.length) this.watch?.hurry();
  }

  #measured() {
    this.line.show(this.status, this.outbox, this.figures);
    this.mode.measured?.();
  }

  #refused(answer, text) {
    this.say(this.mode.refused(answer, text) ?? text);
  }
}
