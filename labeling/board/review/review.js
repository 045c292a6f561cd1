// Review: labels that deserve a second look. A reviewer's decision counts instead of all answers.

import { Deck } from "./deck.js";
import { el, uuid } from "../dom.js";
import { help } from "./acts.js";
import { Lists } from "./lists.js";
import { OneForm } from "./one.js";
import { PageForm } from "./pairs.js";

const MOST = 200; // decisions that can be undone
const WAIT = 2000; // ms between two looks at an empty list
const STUB = { answer: -1, given: null, predicted: null, probabilities: {}, opinions: [], complete: true, decided: false, stub: true };

export class ReviewMode {
  constructor(board) {
    this.board = board;
    this.help = help(board.medium);
    this.done = []; // batches of decisions, newest last: {entries: [{card, answer}], view, paged}
    this.deck = new Deck(board, () => this.show());
    this.lists = new Lists((view, paged) => this.turn(view, paged));
    this.paged = false;
    this.forms = [new OneForm(this), new PageForm(this)];
    this.node = el("div.review-mode", {}, this.lists.node, ...this.forms.map((form) => form.node));
    this.form.keysChanged();
    this.#showForm();
  }

  get form() {
    return this.forms[this.paged ? 1 : 0];
  }

  // The decisions, newest last, each sample once.
  get past() {
    const all = this.done.flatMap((batch) => batch.entries);
    const last = new Map(all.map((entry) => [entry.card.sample_id, entry]));
    return all.filter((entry) => last.get(entry.card.sample_id) === entry);
  }

  async start() {
    this.deck.refresh(true);
    const { history } = await this.board.api.history();
    const decisions = history.filter((one) => one.source === "adjudicated").reverse();
    const entries = decisions.map((answer) => ({ card: { ...STUB, sample_id: answer.sample_id, name: answer.name }, answer }));
    this.done.unshift(...entries.map((entry) => ({ entries: [entry], view: null, paged: false })));
    this.show();
  }

  close() {
    clearTimeout(this.later);
    this.deck.close();
    for (const form of this.forms) form.close();
  }

  // A new round: only what is not in sight is ranked again.
  advanced() {
    this.deck.refresh();
  }

  // Other people's answers change the lists too.
  counted() {
    this.deck.refresh();
    if (!this.deck.current) this.show();
  }

  // Classes were changed: show every card as of now.
  reshaped() {
    for (const card of this.deck.cards) card.stub = true;
    this.forms[0].why.forget();
    const { merged, classes } = this.board;
    const view = { ...this.deck.view };
    for (const name of ["class_id", "given", "predicted"]) if (view[name] != null) view[name] = merged[view[name]] ?? view[name];
    const ids = new Set(classes.map(({ id }) => id));
    if (view.class_id != null && !ids.has(view.class_id)) view.class_id = classes[0]?.id ?? null;
    if (JSON.stringify(view) !== JSON.stringify(this.deck.view)) this.turn(view, this.paged);
    else this.deck.refresh(true);
  }

  // Answered samples need no lease.
  held() {
    return [];
  }

  lost() {}

  keysChanged() {
    for (const form of this.forms) form.keysChanged();
    this.show();
  }

  key(event) {
    return this.form.key(event);
  }

  // Another list, or the other form.
  turn(view, paged) {
    this.paged = paged;
    this.#showForm();
    this.forms[1].renew();
    this.deck.choose(view);
    this.show();
    this.form.focus();
  }

  // Store a class for each card.
  decide(decisions, seconds) {
    if (!decisions.length) return this.show();
    const entries = decisions.map(({ card, classId }) => ({
      card,
      answer: { client_id: uuid(), sample_id: card.sample_id, kind: "label", class_id: classId, seconds, source: "adjudicated" },
    }));
    for (const { card } of entries) card.editing = card.elsewhere = null;
    this.done.push({ entries, view: { ...this.deck.view }, paged: this.paged });
    if (this.done.length > MOST) this.done.shift();
    this.board.outbox.add(...entries.map(({ answer }) => answer));
    this.deck.decide(entries.map(({ card }) => card));
    this.show();
  }

  // Take back the last decision, or the last page, and show it again.
  undo() {
    const last = this.done.pop();
    if (!last) return this.board.say("There is nothing to undo.");
    const undos = last.entries.map(({ answer }) => ({ client_id: uuid(), sample_id: answer.sample_id, kind: "undo", undoes: answer.client_id }));
    this.board.outbox.add(...undos);
    if (last.view && (last.paged !== this.paged || JSON.stringify(last.view) !== JSON.stringify(this.deck.view))) this.turn(last.view, last.paged);
    else if (!last.view && this.paged) this.turn({ name: "suspects" }, false);
    this.#back(last.entries);
  }

  // The server refused a decision: its sample comes back.
  refused(answer, text) {
    const batch = this.done.find((one) => one.entries.some((entry) => entry.answer.client_id === answer.client_id));
    const entry = batch?.entries.find((one) => one.answer.client_id === answer.client_id);
    if (!entry) return text;
    batch.entries = batch.entries.filter((one) => one !== entry);
    this.done = this.done.filter((one) => one.entries.length);
    this.#back([entry]);
    return `${text} ${entry.card.name} is back: decide it again.`;
  }

  show() {
    const { deck, board } = this;
    deck.sight = this.form.sight;
    this.lists.show(deck.view, this.paged, deck.page, deck.left, board.classes, (id) => board.name(id));
    this.form.show();
    deck.sight = this.form.sight; // a page has its tiles only now
    clearTimeout(this.later);
    if (!deck.current) this.later = setTimeout(() => deck.refresh(), WAIT);
  }

  #back(entries) {
    this.forms[1].renew();
    const before = new Map(this.past.map((entry) => [entry.card.sample_id, entry.answer]));
    this.deck.recall(entries.map(({ card }) => Object.assign(card, { editing: before.get(card.sample_id) ?? null })));
    this.show();
    this.form.focus();
  }

  #showForm() {
    this.forms.forEach((form, at) => (form.node.hidden = at !== Number(this.paged)));
  }
}
