// One line that teaches the grid. A person can put it away, which this browser remembers.

import { el, hide, put } from "../dom.js";

const PLACE = "hone-grid-lesson";

export class Lesson {
  constructor() {
    this.away = isAway();
    const close = el(
      "button.close",
      { type: "button", title: "put this line away", "aria-label": "put this line away", onclick: () => this.#putAway() },
      "×",
    );
    this.names = [el("strong"), el("strong")];
    const [keyed, touched] = this.names;
    const called = (name) => ["The model calls all of these “", name, "”. "];
    this.node = el(
      "p.lesson",
      { hidden: true },
      el("span.keyed", {}, ...called(keyed), "Mark the wrong ones with a click or ", el("kbd", {}, "Space"), " and press the key of their class; ", el("kbd", {}, "Enter"), " accepts all the others."),
      el("span.touched", {}, ...called(touched), "Tap the wrong ones, then their class. Then accept the others."),
      close,
    );
  }

  // `name` is the class on screen; null without samples.
  show(name) {
    hide(this.node, this.away || name === null);
    for (const one of this.names) put(one, name ?? "");
  }

  #putAway() {
    this.away = true;
    this.show(null);
    try {
      localStorage.setItem(PLACE, "away");
    } catch {
      /* storage can be full or forbidden; then the line comes back with the next visit */
    }
  }
}

function isAway() {
  try {
    return localStorage.getItem(PLACE) === "away";
  } catch {
    return false;
  }
}
