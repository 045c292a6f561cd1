// The bar above the grid: a tab for each predicted class with its count, the number of
// images per page, and their order.

import { el } from "../dom.js";
import { FEWEST, MOST } from "./sheet.js";

const SIZES = [FEWEST, 24, 48, 96, MOST];

export class GridBar {
  // `turn({classId, size, confident})` is called with the choice; size null fills the window.
  constructor(turn) {
    this.turn = turn;
    this.tabs = el("div.tabs", { role: "tablist", "aria-label": "predicted class" });
    this.node = el("div.toolbar", {}, this.tabs, this.#options());
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

  #options() {
    const choice = (label, apply, options) => {
      const onchange = ({ target }) => {
        target.blur(); // so that keys act on the images again
        this.turn(apply(target.value));
      };
      const made = options.map(([value, text]) => el("option", { value }, text));
      return el("select", { "aria-label": label, onchange }, ...made);
    };
    const sizes = SIZES.map((n) => [n, `${n} images`]);
    return el(
      "div.options",
      {},
      choice("images on a page", (value) => ({ size: Number(value) || null }), [["", "fill the window"], ...sizes]),
      choice("order", (value) => ({ confident: value === "most" }), [
        ["most", "most confident first"],
        ["least", "least confident first"],
      ]),
    );
  }
}
