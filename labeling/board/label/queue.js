// The next cards, with their contents loaded ahead: the next one shows at once, and labeling can
// go on for a while offline. Each new round ranks the cards again that are not visible yet.

import { Refusal } from "../wire/api.js";

const SIZE = 24; // cards held ahead
const KEPT = 2; // on screen and next: a new round does not change these
const FRESH = 4; // ranked by each new round; the next round arrives before more are shown
const LOW = 16; // with fewer cards, more are requested
const AHEAD = 3; // loaded in any case; the others only in a pause
const DECODED = 6; // ready to be shown; a decoded image is large
const LOADING = 3; // contents loading at once; answers need connections too
const BEHIND = 6; // answered cards whose contents are kept for undo
const QUIET = 1000; // ms without an answer before all contents ahead are loaded
const ACTIVE = 5000; // ms after an answer during which each new ranking is fetched
const BUSY = 100; // ms between two rankings while answers come
const CALM = 2000; // … while only other people answer
const SOON = 2500; // ms until the next wait for news starts
const RETRY = 1500;

export class Deck {
  constructor(api, medium, holder, pending, changed, failed) {
    this.api = api;
    this.medium = medium;
    this.holder = holder;
    this.pending = pending; // ids of samples whose answer the server may not have yet
    this.changed = changed;
    this.failed = failed;
    this.closed = false;
    this.cards = [];
    this.answered = new Set(); // answered here; the server may not know it yet
    this.behind = [];
    this.loading = 0;
    this.dry = false;
    this.asking = false;
    this.asked = -CALM;
    this.last = -ACTIVE; // time of the last answer
    this.dropped = new Set(); // leased to this tab, but no longer held here
    this.asks = 0; // counts requests that give back all leases they do not list
    this.due = true; // whether an answer came since the last ranking
    this.version = -1; // of the status that brought the last ranking
    this.missed = false; // whether there is a newer one
    this.told = -SOON; // time of the last news with a ranking
  }

  get current() {
    return this.cards[0] ?? null;
  }

  // The current card was answered.
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

  // Show a card before all others.
  recall(card) {
    this.answered.delete(card.sample_id);
    this.behind = this.behind.filter((other) => other.sample_id !== card.sample_id);
    this.cards = [card, ...this.cards.filter((other) => other.sample_id !== card.sample_id)];
    this.#load();
    this.renew(); // its lease has ended
  }

  drop(card) {
    this.answered.add(card.sample_id);
    this.cards = this.cards.filter((other) => other !== card);
    this.#letGo(card);
    this.#forward();
    this.due = true;
    this.refill();
  }

  // Other people have these samples now.
  lose(ids) {
    const gone = this.cards.filter((card) => ids.has(card.sample_id));
    this.cards = this.cards.filter((card) => !ids.has(card.sample_id));
    gone.forEach(forget);
    this.due = true;
    this.#forward();
    this.refill();
  }

  // Ask for cards ranked by the newest round, unless this was done a moment ago.
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
      this.#later(RETRY); // offline: the status line shows it
    }
    this.asking = false;
    if (this.again) this.refill();
  }

  // Another sample may be first now: rank again.
  renew() {
    this.due = true;
    this.refill();
  }

  // There is a newer round. If this tab waits for news, or will in a moment, the news bring its
  // ranking; otherwise ask for it.
  advanced() {
    this.missed = true;
    if (!this.waiting && performance.now() > this.told + SOON) this.refill();
  }

  // Make a card's content ready once; card.content resolves to it, or rejects.
  prepare(card) {
    if (card.content) return card.content;
    card.content = this.#fetch(card).then(async (content) => {
      await this.medium.ready(content);
      return content;
    });
    card.content.catch(() => this.#broken(card)); // reported when the card is shown
    return card.content;
  }

  // The content of a card failed, and can be loaded now.
  retry(card) {
    forget(card);
    return this.prepare(card);
  }

  #later(wait) {
    if (this.closed) return true;
    if (wait <= 0) return false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refill(), wait);
    return true;
  }

  async #ask() {
    await null; // the last answer is still on its way into the outbox
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

  // Wait for news; after a recent answer they include the newest round's best cards.
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
      // A request in between has given back the leases that it did not list.
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

  // News only; ask for the ranking that they announce.
  #plainNews(version, seconds, signal) {
    this.told = -SOON;
    if (this.missed) this.refill();
    return this.api.news(version, seconds, signal);
  }

  // Answered here, and known to the server when it gets a request now.
  #known(pending) {
    return [...this.answered].filter((id) => !pending.has(id));
  }

  #arrive({ cards, status }, known) {
    this.version = status.version;
    this.missed = false;
    this.#take(cards);
    // The server knows these answers: it sends such a sample again only for a reason, such as a skip.
    for (const id of known) this.answered.delete(id);
    this.#load();
    this.changed();
  }

  // Newly ranked cards go behind the visible ones; some may have been answered meanwhile.
  #take(ranked) {
    const front = this.cards.slice(0, KEPT);
    const held = new Map(this.cards.map((card) => [card.sample_id, card]));
    const taken = new Set(front.map((card) => card.sample_id));
    // A card that is held stays the same object: a content under way belongs to it, and may fail.
    const fresh = ranked
      .filter(({ sample_id: id }) => !taken.has(id) && !this.answered.has(id))
      .map((card) => Object.assign(held.get(card.sample_id) ?? {}, card));
    for (const { sample_id: id } of fresh) {
      taken.add(id);
      this.dropped.delete(id);
    }
    const reserve = this.cards.filter((card) => !taken.has(card.sample_id));
    // Loaded contents help when offline, so they are dropped last.
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

  // Loaded cards come first: on a slow or dead connection the others may take long.
  #forward() {
    const at = this.cards.findIndex((card) => card.ready);
    if (at > 0) this.cards.unshift(...this.cards.splice(at, 1));
  }

  // Load missing contents in order; each one that arrives starts the next.
  #load() {
    if (this.closed) return;
    this.cards.slice(0, DECODED).forEach((card) => card.ready && this.prepare(card));
    const lull = this.last + QUIET - performance.now();
    clearTimeout(this.idle);
    if (lull > 0) this.idle = setTimeout(() => this.#load(), lull);
    for (const [at, card] of this.cards.entries()) {
      if (this.loading >= LOADING || (lull > 0 && at >= AHEAD)) return;
      if (card.loaded || performance.now() < card.again) continue;
      if (at < DECODED) this.prepare(card);
      else this.#fetch(card).catch(() => this.#broken(card));
    }
  }

  // A card's content, loaded but not ready yet.
  #fetch(card) {
    if (card.loaded) return card.loaded;
    this.loading += 1;
    card.loaded = this.medium.load(this.api, card).finally(() => {
      this.loading -= 1;
      setTimeout(() => this.#load());
    });
    card.loaded.then(() => (card.ready = true), () => {});
    return card.loaded;
  }

  // Remove a card whose content cannot be loaded, unless it is on screen, where the reason is shown.
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
  card.loaded = card.content = null;
  card.ready = false;
}
