// The server's routes as functions. A reply carries the status, which goes to `heard`.

export class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export class Api {
  constructor(base, token, heard) {
    this.base = base;
    this.token = token;
    this.heard = heard;
  }

  next(holder, count, keep) {
    return this.#send("next", { holder, count, keep });
  }

  page(holder, class_id, count, confident) {
    return this.#send("page", { holder, class_id, count, confident });
  }

  answers(answers) {
    return this.#send("answers", { answers });
  }

  createClass(name) {
    return this.#send("classes", { name });
  }

  status() {
    return this.#send("status");
  }

  history() {
    return this.#send("history");
  }

  // Give everything back that this tab holds; survives the closing of the page.
  release(holder) {
    this.#fetch("next", { holder, count: 0, keep: [] }, { keepalive: true }).catch(() => {});
  }

  image(sampleId, size) {
    return `${this.#url(`images/${sampleId}/${size}`)}?token=${encodeURIComponent(this.token)}`;
  }

  #url(path) {
    return new URL(`${this.base}/${path}`, document.baseURI).href;
  }

  #fetch(path, body, options = {}) {
    return fetch(this.#url(path), {
      method: body ? "POST" : "GET",
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
      ...options,
    });
  }

  async #send(path, body) {
    const response = await this.#fetch(path, body, { signal: AbortSignal.timeout(15000) });
    const reply = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refusal(response.status, reply.error ?? response.statusText);
    if (reply.status) this.heard(reply);
    return reply;
  }
}
