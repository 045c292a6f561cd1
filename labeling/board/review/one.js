// One sample at a time: Enter keeps its label, a class key gives it another.

import { actsOf } from "./acts.js";
import { Ahead } from "./ahead.js";
import { ClassList } from "../inputs/classes.js";
import { el, isPress, put, target } from "../dom.js";
import { facts, caption } from "./facts.js";
import { emptyReview } from "./empty.js";
import { keyName, keyText } from "../keys/keys.js";
import { SIGHT, Strip } from "./strip.js";
import { Tools } from "../viewers/tools.js";
import { Why } from "./why.js";

const SLOW = 150; // ms; a sample that takes longer shows a message
const RETRY = 1500;

export class OneForm {
  constructor(mode) {
    const { board, deck } = mode;
    const { api, medium } = board;
    Object.assign(this, { mode, board, deck });
    this.sight = SIGHT;
    this.name = (id) => board.name(id);
    this.contents = new Ahead(api, medium);
    this.classes = new ClassList((one) => this.decide(one.id), board.maker(), board.hotkeys, board.about);
    this.viewer = new medium.Viewer(api, medium.explains);
    this.stage = this.viewer.stage;
    this.why = new Why(board, this.name, this.viewer);
    this.strip = new Strip(api, medium, (card) => this.#bring(card), (entry) => this.#change(entry), () => this.focus());
    this.caption = el("div.caption");
    this.facts = el("section.facts", { "aria-live": "polite" });
    this.acts = actsOf(this);
    this.tools = new Tools(medium, this.viewer, this.acts.help, () => this.focus());
    this.node = this.#build();
  }

  close() {
    this.closed = true;
    clearTimeout(this.slow);
    this.viewer.close();
  }

  // What Enter keeps.
  keep() {
    const card = this.#seen();
    if (!card) return;
    if (card.editing || card.elsewhere) {
      this.deck.drop(card);
      this.mode.show();
    } else if (card.given === null) this.board.say("There is no label to keep here: choose a class.");
    else this.decide(card.given);
    this.focus();
  }

  decide(classId) {
    const card = this.#seen(); // what is not on screen cannot be decided
    if (!card) return;
    this.mode.decide([{ card, classId }], (performance.now() - this.since) / 1000);
    this.focus();
  }

  later() {
    const card = this.deck.current;
    if (!card) return;
    this.deck.later([card]);
    this.mode.show();
    this.focus();
  }

  // Bring back what was put off last.
  back() {
    const card = this.deck.cards.findLast((one) => one.later);
    if (!card) return this.board.say(`You have put no ${this.board.medium.words.one} off.`);
    this.#bring(card);
  }

  key(event) {
    const node = target(event);
    const key = keyName(event);
    if (isPress(event)) return false;
    if (key === "Escape") return this.#escape();
    if (key.startsWith("Arrow") && node.closest?.(".film")) return false;
    if (this.viewer.pan(key)) return true;
    const { hotkeys, medium } = this.board;
    const likely = this.classes.byShift(event);
    const one = likely ?? hotkeys.classOf(key);
    const act = one ? null : (this.acts[hotkeys.actionOf(key)] ?? this.acts[key]);
    if (!one && !act) return false;
    if (one) event.repeat || this.decide(one.id);
    else if (!event.repeat || medium.repeats.includes(hotkeys.actionOf(key))) act();
    return true;
  }

  show() {
    const { deck, mode, board } = this;
    const card = deck.current;
    this.classes.show(board.classes, card?.probabilities ?? {}, card?.predicted ?? null);
    const said = facts(card, deck.view.name, this.name).filter(Boolean);
    if (said.map((node) => node.textContent).join("") !== this.facts.textContent) this.facts.replaceChildren(...said);
    this.keysChanged(); // S may be the key of a class now
    if (card) this.#showCard(card);
    else this.#showEmpty();
    this.#showKeep(card);
    this.why.show(card);
    const past = mode.past.filter(({ card: one }) => one.sample_id !== card?.sample_id);
    this.strip.draw(past, deck.cards, (one) => caption(one, this.name), (answer) => this.name(answer.class_id));
    this.contents.load(deck.cards);
    this.why.ahead(deck.cards[1]);
  }

  keysChanged() {
    const { hotkeys } = this.board;
    const keys = { keep: hotkeys.actionKey("accept"), why: hotkeys.actionKey("skip"), later: this.#laterKey, undo: hotkeys.actionKey("undo") };
    for (const [name, key] of Object.entries(keys)) put(this.buttons[name].lastElementChild, keyText(key));
    this.tools.showKeys(hotkeys);
  }

  focus() {
    if (this.stage.getRootNode().activeElement !== this.stage) this.stage.focus({ preventScroll: true });
  }

  // S, unless it is the key of a class.
  get #laterKey() {
    const { hotkeys } = this.board;
    return hotkeys.classOf("s") ? hotkeys.actionKey("unsure") : "s";
  }

  #seen() {
    const card = this.deck.current;
    return card && this.shown === card ? card : null;
  }

  #showKeep(card) {
    const kept = card?.editing?.class_id ?? card?.elsewhere?.given ?? card?.given ?? null;
    this.buttons.keep.disabled = kept === null && !card?.elsewhere;
    let text = card ? "choose a class" : "keep";
    if (kept !== null) text = `keep ${this.name(kept)}`;
    else if (card?.elsewhere) text = "go on";
    put(this.buttons.keep.firstElementChild, text);
  }

  #showCard(card) {
    if (this.shown === card) return;
    this.shown = null;
    put(this.caption, card.name);
    this.caption.title = card.name;
    clearTimeout(this.slow);
    this.slow = setTimeout(() => this.stage.classList.add("loading"), SLOW);
    this.contents.get(card).then(
      (content) => this.deck.current === card && this.#place(card, content),
      () => this.deck.current === card && this.#broken(card),
    );
  }

  #place(card, content) {
    if (this.shown === card) return;
    clearTimeout(this.slow);
    this.stage.classList.remove("loading");
    this.shown = card;
    const { predicted: id } = card;
    this.viewer.place(content, card, id === null ? null : { id, name: this.name(id) });
    this.since = performance.now();
    if (!this.began) this.focus(); // a control of the page above may have it
    this.began = true;
  }

  // It may be offline, or the file is gone: say so, and try again while the card is here.
  #broken(card) {
    clearTimeout(this.slow);
    this.stage.classList.remove("loading");
    const { one } = this.board.medium.words;
    const text = this.board.outbox.offline ? `The ${one} comes when the server answers again.` : `${card.name} cannot be shown now.`;
    this.viewer.say(el("div.empty", { role: "status" }, el("h2", {}, `No ${one}`), el("p", {}, text)));
    setTimeout(() => this.deck.current === card && !this.closed && this.#showCard(card), RETRY);
  }

  #showEmpty() {
    clearTimeout(this.slow);
    this.stage.classList.remove("loading");
    this.shown = null;
    this.caption.textContent = this.caption.title = "";
    const { board, deck } = this;
    const said = emptyReview(board, deck);
    if (this.stage.firstElementChild?.textContent !== said.textContent) this.viewer.say(said);
  }

  #bring(card) {
    this.deck.advance(card);
    this.mode.show();
    this.focus();
  }

  // Show a decided sample again; another class replaces the decision.
  #change({ card, answer }) {
    this.deck.recall([{ ...card, editing: answer, elsewhere: null }]);
    this.mode.show();
    this.focus();
  }

  #escape() {
    const card = this.deck.current;
    if (this.viewer.closePanel()) return true;
    if (card?.editing) {
      this.deck.drop(card);
      this.mode.show();
    } else if (this.viewer.reset()) return true;
    else if (this.why.open) this.why.toggle(card);
    else return false;
    return true;
  }

  #build() {
    const action = (name, act) => {
      const onclick = () => {
        this.acts[act]();
        this.focus();
      };
      return el("button.action", { type: "button", "data-act": name, onclick }, el("span", {}, name), el("kbd"));
    };
    const acts = { keep: "accept", why: "skip", later: "unsure", undo: "undo" };
    this.buttons = Object.fromEntries(Object.entries(acts).map(([name, act]) => [name, action(name, act)]));
    const below = el("div.below", {}, this.caption, this.tools.node);
    return el(
      "div.label-mode.review-one",
      {},
      el("main.picture", {}, el("div.seen-beside", {}, this.stage, this.why.node), below),
      el("aside.side", {}, this.facts, el("div.actions", {}, ...Object.values(this.buttons)), this.classes.node),
      this.strip.node,
    );
  }
}
