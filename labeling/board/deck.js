// The cards that come next, their images decoded ahead, so that the next one shows at once.

import { Refusal } from "./api.js";

const SIZE = 10;
const KEPT = 2; // on screen and next in line: a new round does not change these any more

export class Deck {
  constructor(api, holder, pending, changed, failed) {
    this.api = api;
    this.holder = holder;
    this.pending = pending;
    this.changed = changed;
    this.failed = failed;
    this.closed = false;
    this.cards = [];
    this.answered = new Set();
    this.dry = false;
    this.asking = null;
  }

  get current() {
    return this.cards[0] ?? null;
  }

  // The current card has been answered.
  advance() {
    const card = this.cards.shift();
    this.answered.add(card.sample_id);
    if (this.cards.length < SIZE / 2) this.refill();
  }

  // Put a card on screen, before all others.
  recall(card) {
    this.answered.delete(card.sample_id);
    this.cards = [card, ...this.cards.filter((other) => other.sample_id !== card.sample_id)];
    this.prepare(card);
  }

  drop(card) {
    this.answered.add(card.sample_id);
    this.cards = this.cards.filter((other) => other !== card);
    this.refill();
  }

  // Ask for cards ranked by the newest round, in place of those not yet in sight.
  async refill() {
    if (this.asking) {
      this.again = true;
      return this.asking;
    }
    this.asking = this.#ask();
    try {
      await this.asking;
    } catch (error) {
      if (!this.closed) setTimeout(() => this.refill(), 1500); // offline: the status line says so
      if (error instanceof Refusal) this.failed(error.message);
    } finally {
      this.asking = null;
    }
    if (this.again) {
      this.again = false;
      this.refill();
    }
  }

  async #ask() {
    const kept = this.cards.slice(0, KEPT);
    const keep = [...kept.map((card) => card.sample_id), ...this.pending()];
    const reply = await this.api.next(this.holder, SIZE - kept.length, keep);
    // Some cards may have been answered while the request was under way.
    const front = this.cards.slice(0, KEPT);
    const known = new Set(front.map((card) => card.sample_id));
    const fresh = reply.cards.filter(
      (card) => !known.has(card.sample_id) && !this.answered.has(card.sample_id),
    );
    this.cards = [...front, ...fresh];
    this.dry = this.cards.length === 0;
    for (const card of this.cards) this.prepare(card);
    this.changed();
  }

  // Load and decode a card's image once; card.image resolves to the element, or rejects.
  prepare(card) {
    if (card.image) return card.image;
    const image = new Image();
    image.alt = card.name;
    image.draggable = false;
    image.src = this.api.image(card.sample_id, "view");
    card.image = image.decode().then(
      () => image,
      () => {
        card.image = null;
        throw new Error(card.name);
      },
    );
    card.image.catch(() => {}); // told when the card is shown
    return card.image;
  }
}
