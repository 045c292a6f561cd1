// The bar above the grid: a tab for each predicted class with its count, the number of samples per
// page, their order, how sure the model is, and what blind checks say about such guesses.

import { el, hide, put } from "../dom.js";
import { FEWEST, MOST } from "./sheet.js";
import { Lesson } from "./lesson.js";
import { CUTS, checksText, cutOf } from "./sureness.js";

const SIZES = [FEWEST, 24, 48, 96, MOST];

export class GridBar {
  // `many` names the samples. `turn({classId, size, confident, cut})` is called with the choice; size null fills the window.
  // `help()` shows all keys.
  constructor(many, turn, help) {
    this.turn = turn;
    this.lesson = new Lesson();
    this.checks = el("p.checks", { hidden: true });
    this.tabs = el("div.tabs", { role: "tablist", "aria-label": "predicted class" });
    this.options = this.#options(many, help);
    this.node = el("div.toolbar", {}, this.lesson.node, this.tabs, this.options, this.checks);
  }

  // Whether a choice has the focus.
  get chooses() {
    return this.options.querySelector("select:focus") !== null;
  }

  // What there is to say of the class on screen; `name` is null without samples.
  tell(name, rate, cut) {
    this.lesson.show(name);
    const text = name === null ? "" : checksText(rate, name, cut);
    put(this.checks, text);
    hide(this.checks, !text);
  }

  everyGuess() {
    this.cut.value = "";
    this.turn({ cut: {} });
  }

  show(classes, counts, classId) {
    const key = JSON.stringify([classes, counts, classId]);
    if (key === this.drawn) return;
    this.drawn = key;
    this.shown = classes.filter(({ id }) => counts[id] > 0 || id === classId);
    this.classId = classId;
    const tabs = this.shown.map(({ id, name }) =>
      el(
        "button.tab",
        { type: "button", role: "tab", "aria-selected": id === classId, onclick: () => this.turn({ classId: id }) },
        el("span.name", {}, name),
        el("span.number", {}, String(Math.max(counts[id] ?? 0, 0))),
      ),
    );
    this.tabs.replaceChildren(...tabs);
  }

  // The next class, or the previous one.
  step(by) {
    const ids = (this.shown ?? []).map(({ id }) => id);
    const next = ids.at((ids.indexOf(this.classId) + by) % ids.length);
    if (next !== undefined && next !== this.classId) this.turn({ classId: next });
  }

  #options(many, help) {
    const choice = (label, apply, options) => {
      let typed = false;
      const onchange = ({ target }) => {
        if (!typed) target.blur(); // so that keys act on the tiles again; arrow keys go on choosing
        this.turn(apply(target.value));
      };
      const made = options.map(([value, text]) => el("option", { value }, text));
      const [onkeydown, onpointerdown] = [() => (typed = true), () => (typed = false)];
      return el("select", { "aria-label": label, onchange, onkeydown, onpointerdown, onblur: onpointerdown }, ...made);
    };
    const sizes = SIZES.map((n) => [n, `${n} ${many}`]);
    this.cut = choice("how sure the model is", (value) => ({ cut: cutOf(value) }), CUTS);
    return el(
      "div.options",
      {},
      this.cut,
      choice(`${many} on a page`, (value) => ({ size: Number(value) || null }), [["", "fill the window"], ...sizes]),
      choice("order", (value) => ({ confident: value === "most" }), [
        ["most", "most confident first"],
        ["least", "least confident first"],
      ]),
      el("button.ask", { type: "button", title: "all keys", "aria-label": "all keys", onclick: help }, "?"),
    );
  }
}
