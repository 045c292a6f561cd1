// Answers on their way to the server. Each lies in the browser's storage, under a key of its own
// so that two tabs cannot overwrite each other, until the server says that it is on disk.

import { Refusal } from "./api.js";

const BATCH = 50;
const SLOWEST_RETRY = 5000;

export class Outbox {
  constructor(api, project, changed, refused) {
    this.api = api;
    this.prefix = `hone:${project}:`;
    this.changed = changed;
    this.refused = refused;
    this.waiting = this.#leftovers();
    this.sending = false;
    this.offline = false;
    this.reason = "";
    this.retry = 500;
    this.online = () => this.flush();
    window.addEventListener("online", this.online);
    if (this.waiting.length) this.flush();
  }

  get state() {
    if (!this.waiting.length) return "saved";
    return this.offline ? "offline" : "saving";
  }

  add(...answers) {
    for (const answer of answers) {
      answer.order = Date.now() + performance.now() / 1e6; // keeps the order after a reload
      this.#store(answer);
      this.waiting.push(answer);
    }
    this.changed();
    this.flush();
  }

  pending() {
    return this.waiting.map((answer) => answer.sample_id);
  }

  async flushed() {
    while (this.waiting.length && !this.offline) await new Promise((go) => setTimeout(go, 15));
  }

  async flush() {
    if (this.sending || !this.waiting.length) return;
    this.sending = true;
    clearTimeout(this.timer);
    const batch = this.waiting.slice(0, BATCH);
    try {
      const reply = await this.api.answers(batch.map(({ order, ...answer }) => answer));
      this.#settle(batch);
      this.offline = false;
      this.retry = 500;
      for (const [id, text] of Object.entries(reply.refused))
        this.refused(batch.find((answer) => answer.client_id === id), text);
    } catch (error) {
      if (error instanceof Refusal && error.status === 422) {
        this.#settle(batch); // the same request would be refused for ever
        for (const answer of batch) this.refused(answer, error.message);
      } else {
        this.offline = true;
        this.reason = error instanceof Refusal ? error.message : "";
        this.timer = setTimeout(() => this.flush(), this.retry);
        this.retry = Math.min(this.retry * 2, SLOWEST_RETRY);
      }
    }
    this.sending = false;
    this.changed();
    if (!this.offline) this.flush();
  }

  close() {
    clearTimeout(this.timer);
    window.removeEventListener("online", this.online);
  }

  #settle(batch) {
    const done = new Set(batch.map((answer) => answer.client_id));
    this.waiting = this.waiting.filter((answer) => !done.has(answer.client_id));
    for (const id of done) this.#quietly(() => localStorage.removeItem(this.prefix + id));
  }

  #store(answer) {
    this.#quietly(() =>
      localStorage.setItem(this.prefix + answer.client_id, JSON.stringify(answer)),
    );
  }

  #leftovers() {
    const found = [];
    this.#quietly(() => {
      for (let i = 0; i < localStorage.length; i += 1) {
        const key = localStorage.key(i);
        if (key.startsWith(this.prefix)) found.push(JSON.parse(localStorage.getItem(key)));
      }
    });
    return found.sort((a, b) => a.order - b.order);
  }

  // Storage can be full or forbidden; answers then live in memory until they are sent.
  #quietly(action) {
    try {
      action();
    } catch {
      /* see above */
    }
  }
}
