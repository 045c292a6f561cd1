// The list of classes: a button each with its key and the model's probability, and the search
// field that finds a class by name or creates one.

import { el, percent } from "./dom.js";
import { keyOf } from "./keys.js";

export class ClassList {
  constructor(choose, create) {
    this.choose = choose;
    this.create = create;
    this.classes = [];
    this.list = el("div.classes", { role: "group", "aria-label": "classes" });
    this.field = el("input.find", {
      type: "text",
      maxlength: 80,
      placeholder: "find or create a class  ( / )",
      "aria-label": "find a class by name, or create one",
      oninput: () => this.#filter(),
      onkeydown: (event) => this.#fieldKey(event),
    });
    this.node = el("div.class-panel", {}, this.field, this.list);
  }

  name(id) {
    return this.classes.find((one) => one.id === id)?.name ?? "?";
  }

  // The class that a key stands for, or undefined.
  byKey(key) {
    return this.classes.find((_, index) => keyOf(index) === key.toLowerCase());
  }

  // `probabilities` maps class ids to numbers; `best` is the pre-label's class id, if any.
  show(classes, probabilities, best) {
    this.classes = classes;
    const wanted = classes.map((one) => `${one.id}:${one.name}`).join("\n");
    if (wanted !== this.drawn) this.#draw(wanted);
    for (const [index, one] of classes.entries()) {
      const button = this.list.children[index];
      const value = probabilities[one.id];
      button.classList.toggle("guess", one.id === best);
      button.querySelector(".bar").style.width = `${(value ?? 0) * 100}%`;
      button.querySelector(".chance").textContent = value === undefined ? "" : percent(value);
    }
    this.#filter();
  }

  find() {
    this.field.focus();
  }

  #draw(wanted) {
    this.drawn = wanted;
    const buttons = this.classes.map((one, index) =>
      el(
        "button.class",
        { type: "button", onclick: () => this.choose(one) },
        el("span.bar", { "aria-hidden": true }),
        keyOf(index) ? el("kbd", {}, keyOf(index).toUpperCase()) : el("span.nokey"),
        el("span.name", {}, one.name),
        el("span.chance"),
      ),
    );
    this.list.replaceChildren(...buttons);
  }

  #matches() {
    const typed = this.field.value.trim().toLowerCase();
    const names = this.classes.map((one) => ({ one, name: one.name.toLowerCase() }));
    const exact = names.filter(({ name }) => name === typed);
    const start = names.filter(({ name }) => name.startsWith(typed) && name !== typed);
    const within = names.filter(({ name }) => !name.startsWith(typed) && isWithin(typed, name));
    return [...exact, ...start, ...within].map(({ one }) => one);
  }

  #filter() {
    const shown = new Set(this.#matches());
    this.classes.forEach((one, index) => {
      this.list.children[index].hidden = !shown.has(one);
    });
  }

  async #fieldKey(event) {
    event.stopPropagation();
    if (event.key === "Escape") return this.#leave();
    const typed = this.field.value.trim();
    if (event.key !== "Enter" || !typed || event.repeat) return;
    const [found] = this.#matches();
    const one = found ?? (await this.create(typed));
    if (!one) return;
    this.#leave();
    this.choose(one);
  }

  #leave() {
    this.field.value = "";
    this.field.blur();
    this.#filter();
  }
}

// Whether the letters of `typed` stand in `name` in that order.
function isWithin(typed, name) {
  let at = -1;
  return [...typed].every((letter) => (at = name.indexOf(letter, at + 1)) >= 0);
}
