// The server's routes as functions. A reply that carries the status goes to `heard`.

const PATIENCE = 15000; // ms after which a request counts as lost
const REMEMBERED = 500;

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
    this.reachable = true; // whether the last request succeeded
    this.back = () => {}; // called when a request succeeds again
    this.shown = new Set(); // ids of samples whose larger copy may still be in the browser's cache
  }

  // `keep` stays leased and is not sent; `spare` stays leased and is sent if it is among the best.
  next(holder, count, keep, spare = []) {
    return this.#send("next", { holder, count, keep, spare });
  }

  // `cut` limits the confidence of the guesses: {least}, {below} or {}.
  page(holder, class_id, count, confident, keep = [], cut = {}) {
    return this.#send("page", { holder, class_id, count, confident, keep, ...cut });
  }

  hold(holder, sample_ids) {
    return this.#send("hold", { holder, sample_ids });
  }

  answers(answers) {
    return this.#send("answers", { answers });
  }

  createClass(name) {
    return this.#send("classes", { name });
  }

  // Create many classes in one change; with `preview`, say what the names would become.
  createClasses(names, preview) {
    return this.#send("classes/list", { names, preview });
  }

  // Every class with its details, also archived and merged ones.
  classes() {
    return this.#send("classes");
  }

  status() {
    return this.#send("status");
  }

  // The status, as soon as a round is newer than `version`.
  news(version, seconds, signal) {
    return this.#send(`status?after=${version}&wait=${seconds}`, null, seconds * 1000, signal);
  }

  // News as above, and up to `count` cards of that round. Leases stay, except those in `drop`.
  watch(holder, count, keep, drop, after, seconds, signal) {
    const body = { holder, count, keep, drop, after, wait: seconds };
    return this.#send("watch", body, seconds * 1000, signal);
  }

  history() {
    return this.#send("history");
  }

  // This person's labels, in all and since a time in seconds, and how good the model is.
  learning(since) {
    return this.#send(`learning?since=${since}`);
  }

  // A part of a list for a reviewer; see /api/docs.
  review(body) {
    return this.#send("review", body);
  }

  // The labeled samples of some classes that look most like a sample.
  alike(sample_id, class_ids) {
    return this.#send("alike", { sample_id, class_ids });
  }

  // Where in a sample the model sees evidence for a class, as a response whose body is the medium’s.
  async heat(sampleId, classId) {
    const response = await this.#fetch(`heat/${sampleId}/${classId}`);
    if (response.ok) return response;
    throw new Refusal(response.status, (await response.json().catch(() => ({}))).error ?? response.statusText);
  }

  // Give back all leases of this tab except `keep`; also works while the page closes.
  release(holder, keep = []) {
    this.#fetch("next", { holder, count: 0, keep }, { keepalive: true }).catch(() => {});
  }

  // If this page has shown the larger copy already, it needs no request.
  small(sampleId) {
    return this.content(sampleId, this.shown.has(sampleId) ? "view" : "thumb");
  }

  // The address of a sample’s content, in one of its sizes.
  content(sampleId, size) {
    if (size === "view") this.#remember(sampleId);
    return `${this.#url(`samples/${sampleId}/${size}`)}?token=${encodeURIComponent(this.token)}`;
  }

  #remember(sampleId) {
    this.shown.delete(sampleId);
    this.shown.add(sampleId);
    if (this.shown.size > REMEMBERED) this.shown.delete(this.shown.values().next().value);
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

  async #send(path, body, wait = 0, outer = null) {
    const inner = new AbortController();
    const stop = () => inner.abort();
    const timer = setTimeout(stop, PATIENCE + wait);
    outer?.addEventListener("abort", stop);
    try {
      const response = await this.#fetch(path, body, { signal: inner.signal });
      const reply = await response.json().catch(() => ({}));
      this.#reached(true);
      if (!response.ok) throw new Refusal(response.status, reply.error ?? response.statusText);
      if (reply.status) this.heard(reply);
      return reply;
    } catch (error) {
      if (!(error instanceof Refusal) && !outer?.aborted) this.#reached(false);
      throw error;
    } finally {
      clearTimeout(timer);
      outer?.removeEventListener("abort", stop);
    }
  }

  #reached(reachable) {
    const [before, now] = [this.reachable, reachable];
    this.reachable = now;
    if (now !== before) this.back();
  }
}
