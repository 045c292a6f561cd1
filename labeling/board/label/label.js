// One sample at a time: one key labels it and shows the next.

import { ClassList } from "../inputs/classes.js";
import { actsOf, Controls } from "./controls.js";
import { Deck } from "./queue.js";
import { el, hide, isPress, percent, put, target, uuid } from "../dom.js";
import { emptyState, firstWords, link, offeredLabels } from "../states.js";
import { History } from "./history.js";
import { keyName } from "../keys/keys.js";
import { Learning } from "./learning.js";
import { Pace } from "./pace.js";
import { Tools } from "../viewers/tools.js";
import { ranked, reshape, why } from "./why.js";

const SLOW = 150; // ms; a sample that takes longer shows a message

export class LabelMode {
  constructor(board) {
    this.board = board;
    const { api, outbox, hotkeys, medium } = board;
    this.deck = new Deck(
      api,
      medium,
      board.holder,
      () => outbox.pending(),
      () => this.show(),
      (text) => board.say(text),
    );
    this.classes = new ClassList((one) => this.answer("label", one), board.maker(), hotkeys, board.about);
    this.history = new History(api, medium, (id) => board.name(id), (entry) => this.#change(entry), () => this.#focus());
    this.viewer = new medium.Viewer(api, medium.explains);
    this.stage = this.viewer.stage;
    this.pace = new Pace(board.data.project);
    this.acts = actsOf(this);
    this.controls = new Controls(this.acts, () => this.#focus());
    this.tools = new Tools(medium, this.viewer, this.acts.help, () => this.#focus());
    this.caption = el("div.caption");
    this.learning = new Learning(medium.words);
    this.words = el("span");
    this.offer = link("", "setup?page=images");
    this.first = el("p.first", { hidden: true }, this.words, " ", this.offer);
    this.why = el("section.why", { "aria-label": `why this ${medium.words.one}` });
    this.said = el("div.unseen", { "aria-live": "polite" });
    this.node = this.#build();
    this.keysChanged();
  }

  async start() {
    this.deck.refill();
    const { history } = await this.board.api.history();
    this.history.load(history);
    this.#showHistory();
  }

  close() {
    this.deck.closed = true;
    clearTimeout(this.later);
    clearTimeout(this.slow);
    this.viewer.close();
    this.pace.close();
  }

  // A new round: rank the invisible cards again, unless the news bring the ranking.
  advanced(cards) {
    this.learning.landed(this.board.status);
    if (!cards?.length) this.deck.advanced();
  }

  // The status or the figures are newer.
  counted() {
    const { status, outbox, figures, classes } = this.board;
    this.learning.show(status, figures);
    const words = outbox.waiting.length ? "" : firstWords(status, classes, this.board.maker(), this.board.medium.words);
    hide(this.first, !words || this.history.entries.length > 0);
    if (words) put(this.words, words);
    const offer = this.board.data.owns ? offeredLabels(status) : "";
    hide(this.offer, !offer);
    put(this.offer, offer);
  }

  measured() {
    this.counted();
  }

  // News, with the newest round's best cards if there was a recent answer here.
  news = (...when) => this.deck.news(...when);

  // Classes or valid answers were changed: remove lost classes from the cards, and rewound answers
  // from the list of last answers.
  async reshaped() {
    const { board, deck, history } = this;
    for (const card of deck.cards) reshape(card, board.merged, board.classes);
    if (this.deck.current) this.why.replaceChildren(...why(deck.current, board));
    deck.renew();
    const before = history.ids();
    for (const answer of board.outbox.waiting) before.delete(answer.client_id);
    try {
      history.follow((await board.api.history()).history, before);
      this.show();
    } catch {
      /* offline: the list may be out of date until the next change */
    }
  }

  // Samples to hold. One that is being changed has an answer, so it needs no lease.
  held() {
    const ids = this.deck.cards.map((card) => card.sample_id);
    return this.editing ? ids.slice(1) : ids;
  }

  lost(ids) {
    this.deck.lose(ids);
    this.show();
  }

  // Keys have new meanings: update every place that shows them.
  keysChanged() {
    this.controls.showKeys(this.board.hotkeys);
    this.tools.showKeys(this.board.hotkeys);
    this.show();
  }

  key(event) {
    const node = target(event);
    const key = keyName(event);
    if (isPress(event)) return false;
    if (key === "Escape") return this.#escape();
    if (key.startsWith("Arrow") && node.closest?.(".strip")) return false;
    if (this.viewer.pan(key)) return true;
    const likely = this.classes.byShift(event);
    const action = !likely && this.board.hotkeys.actionOf(key);
    const past = this.history.of(node);
    if (past && action === "unsure" && !event.repeat) return this.#answerPast(past, "unsure"), true;
    if (action) {
      if (!event.repeat || this.board.medium.repeats.includes(action)) this.acts[action]();
      return true;
    }
    const one = likely ?? this.board.hotkeys.classOf(key);
    if (one && !event.repeat) past ? this.#answerPast(past, "label", one) : this.answer("label", one);
    return Boolean(one);
  }

  get guess() {
    return ranked(this.deck.current)[0]?.id ?? null;
  }

  acceptGuess() {
    const one = this.board.classes.find(({ id }) => id === this.guess);
    if (one) this.answer("label", one);
    else this.board.say("There is no guess to accept here: choose a class.");
  }

  answer(kind, one = null) {
    const card = this.deck.current;
    if (!card || this.shown !== card) return; // what is not on screen cannot be answered
    const seconds = (this.pace.clock() - this.since) / 1000;
    this.deck.advance();
    this.pace.answered(seconds);
    this.#give(card, kind, one, seconds);
  }

  // Answer a card of the strip again, in its place.
  #answerPast({ card }, kind, one = null) {
    if (this.shown?.sample_id === card.sample_id) return this.answer(kind, one);
    this.#give(card, kind, one, null);
  }

  #give(card, kind, one, seconds) {
    const answer = { client_id: uuid(), sample_id: card.sample_id, kind, class_id: one?.id ?? null, seconds, round_id: card.round_id ?? 0 };
    this.history.add(card, answer);
    this.board.outbox.add(answer);
    this.show();
    this.#focus();
  }

  undo() {
    const last = this.history.pop();
    if (!last) return this.board.say("There is nothing to undo.");
    const { client_id, sample_id } = last.answer;
    this.board.outbox.add({ client_id: uuid(), sample_id, kind: "undo", undoes: client_id });
    if (last.answer.seconds != null) this.pace.undone(); // else it was not timed here
    this.deck.recall(last.card);
    this.show();
  }

  // The server refused an answer: its sample comes back. Returns the message for the person.
  refused(answer, text) {
    const entry = this.history.remove(answer.client_id);
    if (!entry) return text;
    this.deck.recall(entry.card);
    this.show();
    return `${text} ${entry.card.name} is back: answer it again.`;
  }

  show() {
    const card = this.deck.current;
    this.classes.show(this.board.classes, card?.probabilities ?? {}, this.guess, this.board.status?.per_class);
    if (card) this.#showCard(card);
    else this.#showEmpty();
    this.#showHistory();
    this.#showAccept();
    this.counted();
  }

  #showAccept() {
    const [card, guess] = [this.deck.current, this.guess];
    let text = card ? "no guess yet" : "accept";
    if (guess !== null) text = `accept ${this.board.name(guess)}`;
    else if (this.editing) text = `now “${this.history.label(this.editing.answer)}”: choose again`;
    else if (card?.query === "split") text = "its class was split: no guess";
    else if (["audit", "certificate"].includes(card?.query)) text = "blind check: no guess shown";
    this.controls.showAccept(guess !== null, text);
  }

  #showCard(card) {
    if (this.shown === card) return;
    const copies = card.copies > 1 ? ` (and ${card.copies - 1} identical)` : "";
    this.caption.textContent = card.name + copies;
    this.caption.title = card.name;
    clearTimeout(this.slow);
    this.slow = setTimeout(() => this.stage.classList.add("loading"), SLOW);
    this.deck.prepare(card).then(
      (content) => this.deck.current === card && this.#place(card, content),
      () => this.deck.current === card && this.#broken(card),
    );
    this.why.replaceChildren(...why(card, this.board));
  }

  #place(card, content) {
    if (this.shown === card) return;
    clearTimeout(this.slow);
    this.stage.classList.remove("loading");
    this.shown = card;
    const [best] = ranked(card);
    this.viewer.place(content, card, best ? { id: best.id, name: this.board.name(best.id) } : null);
    this.since = this.pace.clock();
    const guess = best ? `guess ${this.board.name(best.id)} ${percent(best.value)}` : "no guess";
    put(this.said, `${this.board.medium.said(content, card)}; ${guess}`);
    this.#showHistory();
    this.#showAccept();
  }

  // The server says why a sample cannot be shown; no reply means offline.
  async #broken(card) {
    clearTimeout(this.slow);
    try {
      const response = await fetch(this.board.api.content(card.sample_id, "view"));
      if (response.ok) {
        this.deck.retry(card);
        return this.#showCard(card);
      }
      if ([401, 403].includes(response.status)) return this.#shutOut(card, (await response.json()).error);
      if (![404, 410].includes(response.status)) throw new Error(response.statusText);
      this.board.say(`${card.name} cannot be shown and is left out. Setup lists the reason.`);
      this.deck.drop(card);
      this.show();
    } catch {
      this.#say(emptyState(this.board.status, { offline: true }, false, this.board.medium.words));
      this.#tryAgain(card);
    }
  }

  // The invitation has ended, or this page is of another project: show the server's message, and
  // look again, since an owner can renew an invitation.
  #shutOut(card, reason) {
    this.#say(el("div.empty", { role: "status" }, el("h2", {}, `No ${this.board.medium.words.many} for you here`), el("p", {}, reason)));
    this.#tryAgain(card);
  }

  #tryAgain(card) {
    setTimeout(() => this.deck.current === card && !this.deck.closed && this.#showCard(card), 1500);
  }

  #showEmpty() {
    clearTimeout(this.slow);
    this.caption.textContent = this.caption.title = "";
    this.why.replaceChildren();
    this.#say(emptyState(this.board.status, this.board.outbox, this.deck.dry, this.board.medium.words));
    clearTimeout(this.later);
    this.later = setTimeout(() => this.#wait(), 2000);
  }

  // Ask again while there is nothing to show.
  #wait() {
    if (this.deck.current || this.deck.closed) return;
    if (this.deck.dry) this.deck.refill();
    this.#showEmpty();
  }

  #say(node) {
    this.shown = null;
    this.stage.classList.remove("loading");
    if (this.stage.firstElementChild?.textContent !== node.textContent) this.viewer.say(node);
  }

  #showHistory() {
    const current = this.deck.current;
    this.history.show(current?.sample_id);
    const changed = this.history.entries.find((one) => one.card.sample_id === current?.sample_id);
    this.editing = changed && this.shown === current ? changed : null;
    this.caption.dataset.editing = this.editing ? `changing “${this.history.label(changed.answer)}”, Esc keeps it · ` : "";
  }

  // Show an answered sample again; a new answer replaces the old one.
  #change(entry) {
    if (this.deck.current?.sample_id === entry.card.sample_id) return this.#focus();
    this.deck.recall({ ...entry.card });
    this.show();
    this.#focus();
  }

  #escape() {
    if (this.viewer.closePanel()) return true;
    if (this.editing) {
      this.deck.drop(this.deck.current);
      this.show();
      return true;
    }
    return this.viewer.reset();
  }

  #focus() {
    // Setting a focus forces a layout, even if the focus does not change.
    if (this.stage.getRootNode().activeElement !== this.stage) this.stage.focus({ preventScroll: true });
  }

  #build() {
    return el(
      "div.label-mode",
      {},
      el("main.picture", {}, this.stage, el("div.below", {}, this.caption, this.tools.node)),
      el("aside.side", {}, this.controls.node, this.classes.node, this.learning.node, this.why),
      el("div.last", {}, this.history.node, this.first),
      this.said,
    );
  }
}
