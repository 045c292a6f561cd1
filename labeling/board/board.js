// The board: mounts one mode, listens to keys, and keeps it in step with the server.

import { Api } from "./api.js";
import { el, isTyping, uuid } from "./dom.js";
import { GridMode } from "./grid.js";
import { Keys } from "./keys.js";
import { LabelMode } from "./label.js";
import { Outbox } from "./outbox.js";
import { StatusLine } from "./status.js";

const MODES = { label: LabelMode, grid: GridMode };
const SOON = 150; // a round is under way
const IDLE = 2000;

export function mount(root, data) {
  const board = new Board(data);
  root.append(board.node);
  board.start();
  return board;
}

class Board {
  constructor(data) {
    this.data = data;
    this.holder = uuid();
    this.status = null;
    this.classes = [];
    this.api = new Api(data.api, data.token, (reply) => this.#heard(reply));
    this.outbox = new Outbox(
      this.api,
      data.project,
      () => this.line.show(this.status, this.outbox),
      (answer, text) => this.#refused(answer, text),
    );
    this.line = new StatusLine();
    this.notice = el("div.notice", { role: "alert", hidden: true });
    this.mode = new MODES[data.mode](this);
    this.help = this.#helpDialog();
    this.node = el("div.board", {}, this.mode.node, this.line.node, this.notice, this.help);
    this.keys = new Keys((event) => this.#key(event));
    this.leave = () => this.api.release(this.holder);
    window.addEventListener("pagehide", this.leave);
  }

  start() {
    this.line.show(null, this.outbox);
    this.mode.start().catch((error) => this.say(error.message));
    this.#poll();
  }

  // Streamlit ran again, perhaps with a new token.
  update(data) {
    this.api.token = data.token;
    this.outbox.flush();
  }

  unmount() {
    this.gone = true;
    clearTimeout(this.timer);
    window.removeEventListener("pagehide", this.leave);
    this.keys.close();
    this.mode.close();
    this.outbox.close();
    this.api.release(this.holder);
    this.node.remove();
  }

  async create(name) {
    try {
      return (await this.api.createClass(name)).class;
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

  toggleHelp() {
    if (this.help.open) this.help.close();
    else this.help.showModal();
  }

  #key(event) {
    if (isTyping(event)) return false;
    if (event.key === "?" || (this.help.open && event.key === "Escape")) {
      this.toggleHelp();
      return true;
    }
    return !this.help.open && this.mode.key(event);
  }

  #heard({ status, classes }) {
    const before = this.status;
    this.status = status;
    const renamed = JSON.stringify(classes) !== JSON.stringify(this.classes);
    this.classes = classes;
    this.line.show(status, this.outbox);
    const ranked = before && (before.round_id !== status.round_id || before.seen !== status.seen);
    if (ranked) this.mode.advanced();
    if (!before || renamed) this.mode.show();
    if (this.#isBehind()) this.#poll(SOON);
  }

  // Whether a round is to be expected soon.
  #isBehind() {
    const { seen, labels, state, pinned } = this.status ?? {};
    return seen !== labels && state !== "failed" && !pinned;
  }

  #poll(after = 0) {
    clearTimeout(this.timer);
    if (this.gone) return;
    this.timer = setTimeout(async () => {
      await this.api.status().catch(() => {});
      this.#poll(this.#isBehind() ? SOON * 2 : IDLE);
    }, after);
  }

  #refused(answer, text) {
    this.say(text);
    this.mode.refused(answer);
  }

  #helpDialog() {
    const rows = this.mode.help.map(([keys, text]) =>
      el("tr", {}, el("th", {}, keys), el("td", {}, text)),
    );
    const close = el("button.action", { type: "button", onclick: () => this.toggleHelp() }, "close");
    return el("dialog.help", { "aria-label": "keys" }, el("h2", {}, "Keys"), el("table", {}, ...rows), close);
  }
}
