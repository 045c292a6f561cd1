// How far this person and the model are, from the server: asked for after a round, but never more
// often than every two seconds, since measuring costs more than a round.

const FIRST = 400; // ms after the start, when the first sample has been asked for
const APART = 2000;
const LATER = 3000; // … until figures that are not of the newest round are asked for again

export class Figures {
  constructor(api, outbox, changed) {
    Object.assign(this, { api, outbox, changed });
    this.known = null;
    this.counted = 0; // of the labels given here, those that the server has counted
    this.asked = FIRST - APART + performance.now();
  }

  // This person's labels, in all and today, or null as long as they are unknown.
  get labels() {
    return this.known && this.#with(this.known.labels);
  }

  get today() {
    return this.known && this.#with(this.known.lately);
  }

  soon(wait = 0) {
    if (this.closed || this.timer) return;
    this.timer = setTimeout(() => this.#ask(), Math.max(wait, this.asked + APART - performance.now()));
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }

  #with(labels) {
    return Math.max(0, labels + this.outbox.given - this.counted);
  }

  async #ask() {
    this.timer = null;
    this.asked = performance.now();
    if (this.outbox.waiting.length) return this.soon(); // the server has not counted them yet
    const { given } = this.outbox;
    try {
      const midnight = new Date().setHours(0, 0, 0, 0) / 1000;
      this.known = await this.api.learning(midnight);
    } catch {
      return this.soon(LATER);
    }
    this.counted = given;
    if (this.known.accuracy?.is_newest === false) this.soon(LATER);
    this.changed();
  }
}
