// One image at a time: one key labels it and shows the next.

import { ClassList } from "./classes.js";
import { Deck } from "./deck.js";
import { el, percent, target, uuid } from "./dom.js";
import { LABEL_HELP } from "./keys.js";

const STRIP = 10;
const LARGEST_ZOOM = 5; // small images are enlarged up to here

export class LabelMode {
  constructor(board) {
    this.board = board;
    this.help = LABEL_HELP;
    this.past = []; // newest first: {card, answer}
    this.deck = new Deck(
      board.api,
      board.holder,
      () => board.outbox.pending(),
      () => this.show(),
      (text) => board.say(text),
    );
    this.classes = new ClassList((one) => this.answer("label", one), (name) => board.create(name));
    this.stage = el("div.stage", { tabindex: -1 });
    this.caption = el("div.caption");
    this.why = el("section.why", { "aria-label": "why this image" });
    this.strip = el("div.strip", { role: "group", "aria-label": "your last answers" });
    this.accept = this.#action("accept", "Enter", () => this.acceptGuess());
    this.node = el(
      "div.label-mode",
      {},
      el("main.picture", {}, this.stage, this.caption),
      el("aside.side", {}, this.#actions(), this.classes.node, this.why),
      this.strip,
    );
  }

  async start() {
    this.deck.refill();
    const { history } = await this.board.api.history();
    this.past.push(...history.map((one) => ({ card: cardOf(one), answer: one })));
    this.#showStrip();
  }

  close() {
    this.deck.closed = true;
    clearTimeout(this.later);
  }

  // A new round is there: rank anew what is not in sight yet.
  advanced() {
    this.deck.refill();
  }

  key(event) {
    const { key } = event;
    const act = { " ": "skip", u: "unsure", U: "unsure" }[key];
    const onButton = /^(BUTTON|A)$/.test(target(event).tagName ?? "");
    if (onButton && (key === "Enter" || key === " ")) return false;
    if (key === "/") this.classes.find();
    else if (key === "Enter") event.repeat || this.acceptGuess();
    else if (act) event.repeat || this.answer(act);
    else if (key === "z" || key === "Z") event.repeat || this.undo();
    else {
      const one = key.length === 1 && this.classes.byKey(key);
      if (!one) return false;
      if (!event.repeat) this.answer("label", one);
    }
    return true;
  }

  get guess() {
    const probabilities = this.deck.current?.probabilities ?? {};
    const ids = Object.keys(probabilities).map(Number);
    return ids.length ? ids.reduce((a, b) => (probabilities[b] > probabilities[a] ? b : a)) : null;
  }

  acceptGuess() {
    const one = this.classes.classes.find(({ id }) => id === this.guess);
    if (one) this.answer("label", one);
    else this.board.say("There is no guess to accept here: choose a class.");
  }

  answer(kind, one = null) {
    const card = this.deck.current;
    if (!card || this.shown !== card) return; // what is not on screen cannot be answered
    const answer = {
      client_id: uuid(),
      sample_id: card.sample_id,
      kind,
      class_id: one?.id ?? null,
      seconds: (performance.now() - this.since) / 1000,
    };
    this.deck.advance();
    this.past.unshift({ card, answer });
    this.board.outbox.add(answer);
    this.show();
    this.stage.focus({ preventScroll: true });
  }

  undo() {
    const last = this.past.shift();
    if (!last) return this.board.say("There is nothing to undo.");
    const { client_id, sample_id } = last.answer;
    this.board.outbox.add({ client_id: uuid(), sample_id, kind: "undo", undoes: client_id });
    this.deck.recall(last.card);
    this.show();
  }

  refused(answer) {
    const at = this.past.findIndex((one) => one.answer.client_id === answer.client_id);
    if (at >= 0) this.deck.recall(this.past.splice(at, 1)[0].card);
    this.show();
  }

  show() {
    const card = this.deck.current;
    this.classes.show(this.board.classes, card?.probabilities ?? {}, this.guess);
    this.#showStrip();
    if (card) this.#showCard(card);
    else this.#showEmpty();
    this.accept.disabled = this.guess === null;
    const name = this.guess === null ? "accept" : `accept ${this.classes.name(this.guess)}`;
    this.accept.querySelector("span").textContent = name;
  }

  #showCard(card) {
    if (this.shown === card) return;
    this.#showWhy(card);
    const copies = card.copies > 1 ? ` (and ${card.copies - 1} identical)` : "";
    this.caption.textContent = card.name + copies;
    this.caption.title = card.name;
    this.deck.prepare(card).then(
      (image) => this.deck.current === card && this.#place(card, image),
      () => this.deck.current === card && this.#broken(card),
    );
  }

  #place(card, image) {
    if (this.shown === card) return;
    image.style.maxWidth = `min(100%, ${image.naturalWidth * LARGEST_ZOOM}px)`;
    image.style.maxHeight = `min(100%, ${image.naturalHeight * LARGEST_ZOOM}px)`;
    this.stage.replaceChildren(image);
    this.shown = card;
    this.since = performance.now();
  }

  // The server says why an image cannot be shown; without an answer the line is down.
  async #broken(card) {
    try {
      const response = await fetch(this.board.api.image(card.sample_id, "view"));
      if (response.ok) return this.#showCard(card);
      this.board.say(`${(await response.json()).error} It was left out.`);
      this.deck.drop(card);
      this.show();
    } catch {
      this.stage.replaceChildren(el("p.empty", {}, `${card.name} cannot be loaded: offline.`));
      setTimeout(() => this.deck.current === card && this.#showCard(card), 1500);
    }
  }

  #showEmpty() {
    this.shown = null;
    this.caption.textContent = this.caption.title = "";
    this.why.replaceChildren();
    const status = this.board.status;
    if (!status || !this.deck.dry) return;
    this.stage.replaceChildren(el("p.empty", {}, emptyText(status)));
    clearTimeout(this.later);
    this.later = setTimeout(() => !this.deck.current && this.deck.refill(), 2000);
  }

  #showWhy(card) {
    const parts = [el("p", {}, this.#reason(card))];
    if (card.neighbours.length) {
      const figures = card.neighbours.map(([id, classId]) =>
        el(
          "figure",
          {},
          el("img", { src: this.board.api.image(id, "thumb"), alt: "" }),
          el("figcaption", {}, this.classes.name(classId)),
        ),
      );
      parts.push(el("p.small", {}, "most similar of those you labeled"), el("div.near", {}, ...figures));
    }
    this.why.replaceChildren(...parts);
  }

  #reason(card) {
    const [first, second] = Object.entries(card.probabilities)
      .map(([id, value]) => [Number(id), value])
      .sort((a, b) => b[1] - a[1]);
    if (!first || !second) return sentence(card.reason);
    const between = `between ${this.classes.name(first[0])} ${percent(first[1])} and `;
    return sentence(`${between}${this.classes.name(second[0])} ${percent(second[1])}; ${card.reason}`);
  }

  #showStrip() {
    const items = this.past.slice(0, STRIP).map(({ card, answer }) => {
      const label = answer.kind === "label" ? this.classes.name(answer.class_id) : answer.kind;
      return el(
        "button.past",
        {
          type: "button",
          title: `${card.name}: ${label}. Click to change it.`,
          "data-kind": answer.kind,
          onclick: () => this.#change(card),
        },
        el("img", { src: this.board.api.image(card.sample_id, "thumb"), alt: card.name }),
        el("span", {}, label),
      );
    });
    this.strip.replaceChildren(...items);
    this.strip.hidden = items.length === 0;
  }

  // Show an answered image again; a new answer for it replaces the old one.
  #change(card) {
    this.past = this.past.filter((one) => one.card.sample_id !== card.sample_id);
    this.deck.recall(card);
    this.show();
    this.stage.focus({ preventScroll: true });
  }

  #actions() {
    return el(
      "div.actions",
      {},
      this.accept,
      this.#action("skip", "Space", () => this.answer("skip")),
      this.#action("unsure", "U", () => this.answer("unsure")),
      this.#action("undo", "Z", () => this.undo()),
      this.#action("keys", "?", () => this.board.toggleHelp()),
    );
  }

  #action(name, key, act) {
    const onclick = () => {
      act();
      this.stage.focus({ preventScroll: true });
    };
    return el("button.action", { type: "button", onclick }, el("span", {}, name), el("kbd", {}, key));
  }
}

function cardOf({ sample_id, name }) {
  return { sample_id, name, copies: 1, probabilities: {}, neighbours: [], reason: "brought back" };
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function emptyText(status) {
  const answered = status.labels + status.skipped + status.unsure;
  if (status.total === 0 && status.ingest.stage === "scanning") return "Reading your images …";
  if (status.total === 0) return "No image of this pool can be read. Setup lists the reasons.";
  if (answered >= status.total)
    return "Every image has an answer. Take the labels with you under Export.";
  return "The last images are open in other browsers; what they leave comes back here.";
}
