// The cards that come next, their images loaded ahead: the next one shows at once, and labeling
// goes on for a while when the line is down. Each new round ranks again what is not yet in sight.

import { Refusal } from "../wire/api.js";

const SIZE = 24; // cards held ahead
const KEPT = 2; // on screen and next in line: a new round does not change these any more
const FRESH = 4; // ranked by each new round: the next one comes before more are shown
const LOW = 16; // fewer cards than this are filled up
const AHEAD = 3; // loaded in any case; the others only when there is a lull
const DECODED = 6; // ready to be painted; a decoded image is large
const LOADING = 3; // images under way at once: answers need connections too
const BEHIND = 6; // answered cards whose image is kept, for undo
const QUIET = 1000; // ms without an answer after which all images held ahead are loaded
const ACTIVE = 5000; // ms for which somebody who has answered wants to see each new ranking
const BUSY = 100; // ms between two rankings while answers come
const CALM = 2000; // and while only others answer
const SOON = 2500; // ms within which news are waited for again
const RETRY = 1500;

export class Deck {
  constructor(api, holder, pending, changed, failed) {
    this.api = api;
    this.holder = holder;
    this.pending = pending; // ids of samples whose answer the server may not have yet
    this.changed = changed;
    this.failed = failed;
    this.closed = false;
    this.cards = [];
    this.answered = new Set(); // here, and perhaps not yet known to the server
    this.behind = [];
    this.loading = 0;
    this.dry = false;
    this.asking = false;
    this.asked = -CALM;
    this.last = -ACTIVE; // when an answer was given
    this.dropped = new Set(); // held by this tab for the server, but not here any more
    this.asks = 0; // counts requests that give back what they do not name
    this.due = true; // whether an answer came since the last ranking
    this.version = -1; // of the news that brought the last ranking
    this.missed = false; // whether there is a newer one
    this.told = -SOON; // when news with a ranking came last
  }

  get current() {
    return this.cards[0] ?? null;
  }

  // The current card has been answered.
  advance() {
    const card = this.cards.shift();
    this.answered.add(card.sample_id);
    this.behind.push(card);
    if (this.behind.length > BEHIND) forget(this.behind.shift());
    this.due = true;
    this.last = performance.now();
    this.#forward();
    this.#load();
    if (this.cards.length < LOW) this.refill();
  }

  // Put a card on screen, before all others.
  recall(card) {
    this.answered.delete(card.sample_id);
    this.behind = this.behind.filter((other) => other.sample_id !== card.sample_id);
    this.cards = [card, ...this.cards.filter((other) => other.sample_id !== card.sample_id)];
    this.#load();
    this.renew(); // it has no lease any more
  }

  drop(card) {
    this.answered.add(card.sample_id);
    this.cards = this.cards.filter((other) => other !== card);
    this.#letGo(card);
    this.#forward();
    this.due = true;
    this.refill();
  }

  // Other people have got these.
  lose(ids) {
    const gone = this.cards.filter((card) => ids.has(card.sample_id));
    this.cards = this.cards.filter((card) => !ids.has(card.sample_id));
    gone.forEach(forget);
    this.due = true;
    this.#forward();
    this.refill();
  }

  // Ask for cards ranked by the newest round, unless that has just been done.
  async refill() {
    if (this.asking) {
      this.again = true;
      return;
    }
    const rest = this.cards.length <= KEPT ? 0 : this.due ? BUSY : CALM;
    if (this.#later(this.asked + rest - performance.now())) return;
    this.asking = true;
    this.again = this.due = false;
    this.asked = performance.now();
    try {
      await this.#ask();
    } catch (error) {
      if (error instanceof Refusal) this.failed(error.message);
      this.#later(RETRY); // offline: the status line says so
    }
    this.asking = false;
    if (this.again) this.refill();
  }

  // Another image may come first now: rank again.
  renew() {
    this.due = true;
    this.refill();
  }

  // A newer round is there. Where this tab waits for news, or will in a moment, they bring what it
  // ranks best; else that is asked for.
  advanced() {
    this.missed = true;
    if (!this.waiting && performance.now() > this.told + SOON) this.refill();
  }

  // Load and decode a card's image once; card.image resolves to the element, or rejects.
  prepare(card) {
    if (card.image) return card.image;
    card.image = this.#fetch(card).then(async (image) => {
      await image.decode();
      return image;
    });
    card.image.catch(() => this.#broken(card)); // reported when the card is shown
    return card.image;
  }

  #later(wait) {
    if (this.closed) return true;
    if (wait <= 0) return false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refill(), wait);
    return true;
  }

  async #ask() {
    await null; // an answer that has just been given is on its way into the outbox
    const pending = new Set(this.pending());
    const known = this.#known(pending);
    const kept = this.cards.slice(0, KEPT).map((card) => card.sample_id);
    const spare = this.cards.slice(KEPT).map((card) => card.sample_id);
    const count = this.cards.length < LOW ? SIZE - kept.length : FRESH;
    this.asks += 1;
    const reply = await this.api.next(this.holder, count, [...kept, ...pending], spare).finally(() => (this.asks += 1));
    this.dropped.clear();
    this.#arrive(reply, known);
    this.dry = this.cards.length === 0;
  }

  // Wait for news; to somebody who answers they bring what the newest round ranks best.
  async news(version, seconds, signal) {
    if (performance.now() > this.last + ACTIVE || this.cards.length < LOW) return this.#plainNews(version, seconds, signal);
    const known = this.#known(new Set(this.pending()));
    const { asks, dropped } = this;
    const after = this.missed ? Math.min(version, this.version) : version;
    this.dropped = new Set();
    this.waiting = true;
    const front = this.cards.slice(0, KEPT).map((card) => card.sample_id);
    try {
      const reply = await this.api.watch(this.holder, FRESH + 1, front, [...dropped], after, seconds, signal);
      this.told = performance.now();
      // A request in between has given back what it did not know of.
      if (asks === this.asks && reply.cards.length) {
        this.asked = performance.now();
        this.due = false;
        this.#arrive(reply, known);
      } else if (reply.cards.length) setTimeout(() => this.refill());
      return reply;
    } catch (error) {
      for (const id of dropped) this.dropped.add(id);
      throw error;
    } finally {
      this.waiting = false;
    }
  }

  // News alone; a ranking that they announce is asked for.
  #plainNews(version, seconds, signal) {
    this.told = -SOON;
    if (this.missed) this.refill();
    return this.api.news(version, seconds, signal);
  }

  // What has been answered here and is known to the server when a request is made now.
  #known(pending) {
    return [...this.answered].filter((id) => !pending.has(id));
  }

  #arrive({ cards, status }, known) {
    this.version = status.version;
    this.missed = false;
    this.#take(cards);
    // The server knows of these: it offers them again only for a reason, such as a skip.
    for (const id of known) this.answered.delete(id);
    this.#load();
    this.changed();
  }

  // Newly ranked cards go behind those in sight; some may have been answered meanwhile.
  #take(ranked) {
    const front = this.cards.slice(0, KEPT);
    const held = new Map(this.cards.map((card) => [card.sample_id, card]));
    const taken = new Set(front.map((card) => card.sample_id));
    const fresh = ranked.filter(({ sample_id: id }) => !taken.has(id) && !this.answered.has(id));
    for (const card of fresh) {
      const { element, image, ready } = held.get(card.sample_id) ?? {};
      Object.assign(card, { element, image, ready });
      taken.add(card.sample_id);
      this.dropped.delete(card.sample_id);
    }
    const reserve = this.cards.filter((card) => !taken.has(card.sample_id));
    // What is loaded is of use when the line is down, so it goes last.
    reserve.sort((one, other) => Boolean(other.ready) - Boolean(one.ready));
    const cards = [...front, ...fresh, ...reserve];
    this.cards = cards.slice(0, SIZE);
    for (const card of cards.slice(SIZE)) this.#letGo(card);
    if (!front.length) this.#forward();
  }

  #letGo(card) {
    forget(card);
    this.dropped.add(card.sample_id);
  }

  // What is loaded comes first: with a slow or dead line the others may take long.
  #forward() {
    const at = this.cards.findIndex((card) => card.ready);
    if (at > 0) this.cards.unshift(...this.cards.splice(at, 1));
  }

  // Start what is missing, in order; each image that arrives starts the next.
  #load() {
    if (this.closed) return;
    this.cards.slice(0, DECODED).forEach((card) => card.ready && this.prepare(card));
    const lull = this.last + QUIET - performance.now();
    clearTimeout(this.idle);
    if (lull > 0) this.idle = setTimeout(() => this.#load(), lull);
    for (const [at, card] of this.cards.entries()) {
      if (this.loading >= LOADING || (lull > 0 && at >= AHEAD)) return;
      if (card.element || performance.now() < card.again) continue;
      if (at < DECODED) this.prepare(card);
      else this.#fetch(card).catch(() => this.#broken(card));
    }
  }

  // The element of a card, loaded but not yet decoded.
  #fetch(card) {
    if (card.element) return card.element;
    const image = new Image();
    image.alt = card.name;
    image.draggable = false;
    this.loading += 1;
    card.element = new Promise((resolve, reject) => {
      image.onload = () => resolve(image);
      image.onerror = () => reject(new Error(card.name));
    }).finally(() => {
      this.loading -= 1;
      setTimeout(() => this.#load());
    });
    card.element.then(() => (card.ready = true), () => {});
    image.src = this.api.image(card.sample_id, "view");
    return card.element;
  }

  // An image that cannot be loaded now: out with it, unless it is on screen, where it is explained.
  #broken(card) {
    forget(card);
    card.again = performance.now() + RETRY;
    if (card === this.current || !this.cards.includes(card)) return;
    this.dropped.add(card.sample_id);
    this.cards = this.cards.filter((other) => other !== card);
    this.refill();
  }
}

function forget(card) {
  card.element = card.image = null;
  card.ready = false;
}
