// The samples under review. What is in sight keeps its order until it is decided; a new round
// ranks only the samples behind it again.

import { uuid } from "../dom.js";
import { Refusal } from "../wire/api.js";

const COUNT = 48; // samples asked for at once
const LOW = 16; // with fewer, more are requested at once
const REST = 1000; // ms between two requests otherwise
const RETRY = 1500;

export class Deck {
  // `changed()` is called when the cards or the counts have changed.
  constructor(board, changed) {
    Object.assign(this, { board, changed });
    this.view = { name: "" }; // the list: {name, class_id, given, predicted}
    this.sight = 7; // cards at the front that stay in their order
    this.cards = [];
    this.page = null; // the last reply
    this.since = 0; // decisions since that reply
    this.answered = new Set(); // decided here; the server may not know it yet
    this.touched = new Set(); // changed here since the last request began
    this.turns = 0;
    this.asked = -REST;
    this.holder = holderOf(board);
  }

  get current() {
    return this.cards[0] ?? null;
  }

  // How many of this list are left.
  get left() {
    return Math.max(this.cards.length, (this.page?.total ?? 0) - this.since);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }

  // Show another list.
  choose(view) {
    this.view = view;
    this.turns += 1;
    this.cards = [];
    this.page = null;
    this.refresh(true);
  }

  // These cards were decided.
  decide(cards) {
    const gone = new Set(cards.map((card) => card.sample_id));
    for (const id of gone) {
      this.answered.add(id);
      this.touched.add(id);
    }
    this.since += this.cards.filter((card) => gone.has(card.sample_id)).length;
    this.#without(gone);
    if (this.cards.length < LOW) this.refresh(true);
  }

  // Take a card away without a decision.
  drop(card) {
    this.#without(new Set([card.sample_id]));
    if (this.cards.length < LOW) this.refresh(true);
  }

  // Put cards behind all others.
  later(cards) {
    for (const card of cards) card.later = true;
    this.cards = [...this.cards.filter((card) => !cards.includes(card)), ...cards];
  }

  // Put cards before all others.
  recall(cards) {
    const ids = new Set(cards.map((card) => card.sample_id));
    for (const id of ids) {
      this.answered.delete(id);
      this.touched.add(id);
    }
    for (const card of cards) card.later = false;
    this.cards = [...cards, ...this.cards.filter((card) => !ids.has(card.sample_id))];
    if (cards.some((card) => card.stub)) this.refresh(true);
  }

  // Show a card that is ahead at once.
  advance(card) {
    card.later = false;
    this.cards = [card, ...this.cards.filter((other) => other !== card)];
  }

  // Ask for the list as of now; `soon` means without a rest.
  async refresh(soon = false) {
    if (this.asking || this.closed) {
      [this.again, this.urgent] = [true, this.urgent || soon];
      return;
    }
    clearTimeout(this.timer);
    const rest = soon ? 0 : this.asked + REST - performance.now();
    if (rest > 0) {
      this.timer = setTimeout(() => this.refresh(), rest);
      return;
    }
    this.asking = true;
    this.again = this.urgent = false;
    try {
      await this.#ask();
    } catch (error) {
      if (error instanceof Refusal) this.board.say(error.message);
      this.timer = setTimeout(() => this.refresh(true), RETRY); // offline: the status line shows it
    }
    this.asking = false;
    if (this.again) this.refresh(this.urgent);
  }

  async #ask() {
    const { api, outbox } = this.board;
    await outbox.flushed(); // so that the server knows the last decisions
    const { turns } = this;
    const known = [...this.answered];
    this.touched = new Set(outbox.pending());
    this.asked = performance.now();
    const front = this.cards.slice(0, this.sight);
    const kept = [...front, ...this.cards.filter((card) => card.later && !front.includes(card))];
    const held = Object.fromEntries(kept.map((card) => [card.sample_id, card.stub ? -1 : card.answer]));
    const reply = await api.review({ holder: this.holder, count: COUNT, ...this.view, held, screen: this.sight });
    if (turns !== this.turns || this.closed) return;
    for (const id of known) if (!this.touched.has(id)) this.answered.delete(id);
    this.since = 0;
    this.page = reply;
    this.view = { ...this.view, name: reply.name };
    this.#take(reply, new Set(kept));
    this.changed();
  }

  // What was kept stays, as far as it still waits for a decision; what is new comes behind it.
  #take({ items, changed }, kept) {
    for (const [id, item] of Object.entries(changed)) this.#news(id, item);
    const sight = new Set(this.cards.slice(0, this.sight)); // some were decided meanwhile
    const stay = this.cards.filter((card) => kept.has(card) || sight.has(card) || this.touched.has(card.sample_id));
    const has = new Set(stay.map((card) => card.sample_id));
    const fresh = items.filter(({ sample_id: id }) => !has.has(id) && !this.answered.has(id) && !this.touched.has(id));
    const old = new Map(this.cards.map((card) => [card.sample_id, card]));
    const next = fresh.map((item) => Object.assign(old.get(item.sample_id) ?? {}, item));
    this.cards = [...stay.filter((card) => !card.later), ...next, ...stay.filter((card) => card.later)];
  }

  // The answer on a card is another now. The card on screen stays, with a note: a key that is on
  // its way must not meet another sample.
  #news(id, item) {
    const card = this.cards.find((one) => one.sample_id === id);
    if (!card || this.touched.has(id)) return;
    if (card.editing) return item && card.stub && Object.assign(card, item, { stub: false });
    const settled = !item || (item.decided && !card.stub);
    if (settled && card !== this.current) this.#without(new Set([id]));
    else if (settled) card.elsewhere = item ?? { sample_id: id, opinions: [] };
    if (item) Object.assign(card, settled ? { answer: item.answer } : item, { stub: false });
  }

  #without(ids) {
    this.cards = this.cards.filter((card) => !ids.has(card.sample_id));
  }
}

// This tab's name, also after a reload: what it had in sight is no other reviewer's.
function holderOf({ data, holder }) {
  const place = `hone-review:${data.project}`;
  try {
    const known = sessionStorage.getItem(place) ?? uuid();
    sessionStorage.setItem(place, known);
    return known;
  } catch {
    return holder; // storage can be forbidden
  }
}
