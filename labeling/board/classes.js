// The list of classes: a button each with its key and the model's probability, and the search
// field that finds a class by name or creates one.

import { el, percent } from "./dom.js";
import { keyOf } from "./keys.js";

export class ClassList {
  constructor(choose, create) {
    this.choose = choose;
    this.create = create;
    this.classes = [];
    this.at = 0; // which of the found classes Enter takes
    this.list = el("div.classes", { role: "group", "aria-label": "classes" });
    this.new = el("button.class.new", { type: "button", hidden: true, onclick: () => this.#take(null) });
    this.field = el("input.find", {
      type: "text",
      maxlength: 80,
      placeholder: "find or create a class  ( / )",
      "aria-label": "find a class by name, or create one",
      oninput: () => {
        this.at = 0;
        this.#filter();
      },
      onkeydown: (event) => this.#fieldKey(event),
    });
    this.node = el("div.class-panel", {}, this.field, this.list, this.new);
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

  get #typed() {
    return this.field.value.trim();
  }

  // What Enter can take: the classes that match, best first, then null for a new one.
  #found() {
    const typed = this.#typed.toLowerCase();
    if (!typed) return this.classes;
    const names = this.classes.map((one) => ({ one, name: one.name.toLowerCase() }));
    const exact = names.filter(({ name }) => name === typed);
    const start = names.filter(({ name }) => name.startsWith(typed) && name !== typed);
    const within = names.filter(({ name }) => !name.startsWith(typed) && isWithin(typed, name));
    const matches = [...exact, ...start, ...within].map(({ one }) => one);
    return exact.length ? matches : [...matches, null];
  }

  #filter() {
    const found = this.#found();
    const picked = this.#typed ? found[this.at] : undefined;
    this.classes.forEach((one, index) => {
      this.list.children[index].hidden = !found.includes(one);
      this.list.children[index].classList.toggle("picked", one === picked);
    });
    this.new.hidden = !found.includes(null);
    this.new.classList.toggle("picked", picked === null);
    this.new.replaceChildren(el("kbd", {}, "+"), el("span.name", {}, `create “${this.#typed}”`));
  }

  #fieldKey(event) {
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") this.#leave();
    else if (step) {
      event.preventDefault();
      this.at = Math.max(0, Math.min(this.at + step, this.#found().length - 1));
      this.#filter();
    } else if (event.key === "Enter" && this.#typed && !event.repeat)
      this.#take(this.#found()[this.at]);
  }

  async #take(found) {
    const one = found ?? (await this.create(this.#typed));
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
