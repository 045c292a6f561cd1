// Answers on their way to the server. Each is kept in this browser until the server has stored it
// on disk, so a reload, a dead server or a lost connection loses none; the client id makes sending
// twice harmless. Answers are sent in the order in which they were given.

import { Refusal } from "./api.js";

const BATCH = 200;
const SOONEST_RETRY = 500;
const SLOWEST_RETRY = 5000;
const HOPELESS = new Set([413, 422]); // the same request would always be refused

export class Outbox {
  constructor(api, project, changed, refused) {
    this.api = api;
    this.prefix = `hone:${project}:`;
    this.changed = changed;
    this.refused = refused;
    this.waiting = this.#leftovers();
    this.order = this.waiting.at(-1)?.order ?? 0;
    this.given = 0; // labels given in this tab, less those taken back
    this.sending = false;
    this.closed = false;
    this.reason = ""; // why the server refuses them, in its words
    this.fragile = false; // true if an answer could not be kept: then it exists only in this tab
    this.retry = SOONEST_RETRY;
    this.online = () => this.flush();
    this.cut = () => api.status().catch(() => {}); // a server on this machine is still there
    api.back = () => this.#back();
    window.addEventListener("online", this.online);
    window.addEventListener("offline", this.cut);
    this.warn = (event) => this.fragile && this.waiting.length && event.preventDefault();
    window.addEventListener("beforeunload", this.warn);
    this.flush();
  }

  get offline() {
    return !this.api.reachable;
  }

  get state() {
    if (this.offline) return "offline";
    if (!this.waiting.length) return "saved";
    return this.reason ? "stuck" : "saving";
  }

  add(...answers) {
    for (const answer of answers) {
      this.order = answer.order = Math.max(this.order + 1, Date.now()); // the clock may be set back
      this.#store(answer);
      this.waiting.push(answer);
      this.given += { label: 1, undo: -1 }[answer.kind] ?? 0;
    }
    this.changed();
    this.flush();
  }

  pending() {
    return this.waiting.map((answer) => answer.sample_id);
  }

  // Wait until everything is delivered, as far as that is possible now.
  async flushed() {
    while (this.state === "saving" && !this.closed) await new Promise((go) => setTimeout(go, 15));
  }

  async flush() {
    if (this.sending || this.closed || !this.waiting.length) return;
    this.sending = true;
    clearTimeout(this.timer);
    const done = await this.#send(this.waiting.slice(0, BATCH));
    this.sending = false;
    this.changed();
    if (done) this.flush();
    else if (!this.closed) {
      this.timer = setTimeout(() => this.flush(), this.retry);
      this.retry = Math.min(this.retry * 2, SLOWEST_RETRY);
    }
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    window.removeEventListener("online", this.online);
    window.removeEventListener("offline", this.cut);
    window.removeEventListener("beforeunload", this.warn);
  }

  // Whether the batch is done: the server has stored or finally refused it.
  async #send(batch) {
    try {
      const reply = await this.api.answers(batch.map(({ order, ...answer }) => answer));
      this.#settle(batch);
      const undone = new Set(batch.map((answer) => answer.undoes)); // the person knows
      for (const [id, text] of Object.entries(reply.refused))
        if (!undone.has(id)) this.refused(batch.find((answer) => answer.client_id === id), text);
    } catch (error) {
      const isRefused = error instanceof Refusal;
      if (!isRefused || !HOPELESS.has(error.status)) {
        this.reason = isRefused ? error.message : "";
        return false;
      }
      this.#settle(batch);
      for (const answer of batch) this.refused(answer, error.message);
    }
    this.reason = "";
    this.retry = SOONEST_RETRY;
    return true;
  }

  #back() {
    this.changed();
    if (!this.offline) this.flush();
  }

  #settle(batch) {
    const done = new Set(batch.map((answer) => answer.client_id));
    this.waiting = this.waiting.filter((answer) => !done.has(answer.client_id));
    if (!this.waiting.length) this.fragile = false;
    try {
      for (const id of done) localStorage.removeItem(this.prefix + id);
    } catch {
      /* forbidden: there is nothing to remove */
    }
  }

  #store(answer) {
    try {
      localStorage.setItem(this.prefix + answer.client_id, JSON.stringify(answer));
    } catch {
      this.fragile = true; // full or forbidden
    }
  }

  #leftovers() {
    try {
      return Object.keys(localStorage)
        .filter((key) => key.startsWith(this.prefix))
        .map((key) => JSON.parse(localStorage.getItem(key)))
        .sort((a, b) => a.order - b.order);
    } catch {
      return [];
    }
  }
}
