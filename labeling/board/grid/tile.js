// One image of the grid, with the decision about it.

import { el, hide, percent } from "../dom.js";

export class Tile {
  constructor(card, classId, image) {
    this.card = card;
    this.image = image;
    this.guess = classId; // the predicted class
    this.classId = classId; // the class that it will be labeled with
    this.selected = false;
    this.out = false;
    this.name = el("span.name");
    this.chance = el("span.chance", { hidden: true }, percent(card.probabilities[classId] ?? 0));
    this.node = el(
      "div.tile",
      { role: "option", tabindex: -1, title: card.name },
      el("span.frame", {}, image),
      el("span.foot", {}, this.name, this.chance),
    );
    if (image.src && image.complete && !image.naturalWidth) this.#missing();
    else image.addEventListener("error", () => this.#missing(), { once: true });
  }

  // Whether its image can be seen.
  get seen() {
    return this.image.complete && this.image.naturalWidth > 0;
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
    this.node.setAttribute("aria-label", [this.card.name, text || name(this.guess)].join(", "));
    this.node.classList.toggle("out", this.out);
    this.node.classList.toggle("changed", this.changed && !this.out);
  }

  // The model's confidence is shown only where blind checks agree with it.
  back(isBacked) {
    hide(this.chance, !isBacked);
  }

  // An image that cannot be seen is not accepted.
  #missing() {
    this.missing = this.out = true;
    this.name.textContent = "cannot be shown";
    this.node.classList.add("out", "missing");
  }
}
