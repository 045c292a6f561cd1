// One sample of the grid, with the decision about it.

import { el, hide, percent } from "../dom.js";

export class Tile {
  // `content` shows the sample: {node, loaded, seen, said}.
  constructor(card, classId, content) {
    this.card = card;
    this.content = content;
    this.guess = classId; // the predicted class
    this.classId = classId; // the class that it will be labeled with
    this.selected = false;
    this.out = false;
    this.name = el("span.name");
    this.chance = el("span.chance", { hidden: true }, percent(card.probabilities[classId] ?? 0));
    this.node = el(
      "div.tile",
      { role: "option", tabindex: -1, title: card.name },
      el("span.frame", {}, content.node),
      el("span.foot", {}, this.name, this.chance),
    );
    content.loaded.then(() => this.#call(), () => this.#missing());
  }

  // Whether its sample can be seen.
  get seen() {
    return this.content.seen;
  }

  get changed() {
    return this.classId !== this.guess;
  }

  // Whether accepting the page labels it.
  get goes() {
    return !this.out && !this.selected;
  }

  // `name` returns the name of a class.
  show(name) {
    const text = this.missing ? "cannot be shown" : this.out ? "left out" : this.changed ? name(this.classId) : "";
    this.name.textContent = text;
    this.node.setAttribute("aria-selected", this.selected);
    this.call = text || name(this.guess);
    this.#call();
    this.node.classList.toggle("out", this.out);
    this.node.classList.toggle("changed", this.changed && !this.out);
  }

  // The model's confidence is shown only where blind checks agree with it.
  back(isBacked) {
    hide(this.chance, !isBacked);
  }

  #call() {
    if (this.call) this.node.setAttribute("aria-label", `${this.content.said}, ${this.call}`);
  }

  // What cannot be seen is not accepted.
  #missing() {
    this.missing = this.out = true;
    this.name.textContent = "cannot be shown";
    this.node.classList.add("out", "missing");
  }
}
