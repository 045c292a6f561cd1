// The text on the stage: its size, where it is scrolled to, and the words that speak for a class.

import { el } from "../../dom.js";
import { choice, choose } from "./choices.js";
import { marksOf } from "./marks.js";
import { linesOf } from "./lines.js";
import { fold } from "./reading.js";

const SIZES = [60, 70, 80, 90, 100, 115, 130, 150, 175, 200, 250, 300]; // percent
const NORMAL = 100;
const LINES = 60; // px for an arrow key
const PAGE = 0.85; // of the stage
const SLOW = 300; // ms; evidence that takes longer shows a message
// What a key scrolls, of the page and in pixels.
const SCROLLS = { ArrowDown: [0, LINES], ArrowUp: [0, -LINES], PageDown: [PAGE, 0], PageUp: [-PAGE, 0], Home: [-Infinity, 0], End: [Infinity, 0] };

export class TextViewer {
  constructor(api, explains) {
    Object.assign(this, { api, explains });
    this.changed = () => {}; // called at each new size, and when marks are switched on or off
    this.aside = null;
    this.stage = el("div.stage.reading", { tabindex: -1, role: "group", "aria-label": "text" });
    this.legend = el("p.legend", { role: "status", hidden: true });
    this.stage.addEventListener("click", ({ target }) => target.matches("summary") && this.stage.focus({ preventScroll: true }));
    this.stage.addEventListener("dblclick", () => this.#resize(NORMAL));
    this.content = null; // what is shown: {text, page, words, isMarked}
    this.marks = explains && (choice("marks") ?? false); // whether words for the guess are marked
    this.chosen = null; // the class whose words a person has asked for: {id, name, button}
    this.acts = { bigger: () => this.#step(1), smaller: () => this.#step(-1), fit: () => this.#resize(NORMAL), marks: () => this.#toggleMarks() };
    this.#resize(choice("size") ?? NORMAL);
  }

  close() {}

  get text() {
    return `${this.size}%`;
  }

  // Which tools are switched on.
  get switches() {
    return { fit: this.size !== NORMAL, ...(this.explains && { marks: this.marks }) };
  }

  // `guess` is the class that is guessed on the screen, {id, name}; null if no guess may be seen.
  place(content, card, guess) {
    Object.assign(this, { content, card, guess });
    this.#forget();
    content.page.setAttribute("aria-label", card.name);
    fold(content);
    this.stage.replaceChildren(content.page, this.legend);
    if (content.shown) content.page.scrollTop = 0; // the browser remembers where it was
    content.shown = true;
    this.#mark();
  }

  // Show something other than a text.
  say(...nodes) {
    this.content = this.wanted = null;
    this.#forget();
    this.stage.replaceChildren(...nodes);
  }

  // Whether this key scrolls the text, which it then does.
  pan(key) {
    const [pages, pixels] = SCROLLS[key] ?? [];
    const page = this.content?.page;
    if (pages === undefined || !page || page.scrollHeight <= page.clientHeight) return false;
    if (Math.abs(pages) === Infinity) page.scrollTop = pages < 0 ? 0 : page.scrollHeight;
    else page.scrollBy({ top: pages * page.clientHeight + pixels });
    return true;
  }

  closePanel() {
    return false;
  }

  // Whether there were words of a chosen class to leave.
  reset() {
    if (!this.chosen) return false;
    this.#forget();
    this.#mark();
    return true;
  }

  // A button that marks the words for a class.
  evidence(card, { id, name }) {
    const button = el("button.tool.its-words", { type: "button", "aria-pressed": "false" }, "mark its words");
    button.addEventListener("click", () => {
      this.stage.focus({ preventScroll: true });
      if (this.card?.sample_id !== card.sample_id || !this.content) return;
      const was = this.chosen?.button;
      this.#forget();
      if (was !== button) {
        this.chosen = { id, name, button };
        button.setAttribute("aria-pressed", "true");
      }
      this.#mark();
    });
    return button;
  }

  #forget() {
    this.chosen?.button.setAttribute("aria-pressed", "false");
    this.chosen = null;
  }

  #step(by) {
    this.#resize(SIZES[SIZES.indexOf(this.size) + by] ?? this.size);
  }

  #resize(size) {
    this.size = SIZES.includes(size) ? size : NORMAL;
    choose("size", this.size);
    this.stage.style.setProperty("--size", this.size / 100);
    this.changed();
  }

  #toggleMarks() {
    this.marks = !this.marks;
    choose("marks", this.marks);
    this.#forget();
    if (this.content) this.#mark();
    this.changed();
  }

  // Mark the words for the chosen class, else for the guess if marks are on, else none.
  async #mark() {
    const { content, card } = this;
    const one = this.chosen ?? (this.marks ? this.guess : null);
    this.wanted = one;
    if (content.isMarked) draw(content, []);
    this.#tell(...(this.marks && !one ? ["No guess is shown here, so no words are marked."] : []));
    if (!one) return;
    const isWanted = () => this.content === content && this.wanted === one;
    const slow = setTimeout(() => isWanted() && this.#tell("Looking for the words …"), SLOW);
    try {
      content.evidence ??= {}; // class id -> spans
      content.evidence[one.id] ??= (await (await this.api.heat(card.sample_id, one.id)).json()).spans;
      if (!isWanted()) return;
      draw(content, marksOf(content.text, content.evidence[one.id]));
      this.#tell(...(content.isMarked ? meaning(one.name) : [`No word speaks for or against “${one.name}”.`]));
    } catch (error) {
      if (isWanted()) this.#tell(error.message);
    } finally {
      clearTimeout(slow);
    }
  }

  #tell(...nodes) {
    this.legend.replaceChildren(...nodes);
    this.legend.hidden = nodes.length === 0;
  }
}

function draw(content, marks) {
  content.isMarked = marks.length > 0;
  content.words.replaceChildren(...linesOf(content.text, marks));
}

function meaning(name) {
  return [el("mark.for", { style: "--strength: 40%" }, `for “${name}”`), el("mark.against", {}, "against it")];
}
