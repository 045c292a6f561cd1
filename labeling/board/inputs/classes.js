// The list of classes: a button each, with its key and the model's probability, and a search
// field that finds a class by name or creates one, or many from a pasted list.

import { arrange, el, hide, percent, put } from "../dom.js";
import { search } from "./fuzzy.js";
import { Hotkeys, MANY } from "../keys/hotkeys.js";
import { keyText } from "../keys/keys.js";
import { ORDERS, readOrder, sections, storeOrder } from "./order.js";
import { linesOf, Pasted } from "./pasted.js";

const LIKELY = 5; // with many classes, the likeliest get a section above the list
const FOUND = 24; // found classes that are shown at once

export class ClassList {
  // `create` makes a class, and `create.list` many; null if the person's role may not make classes.
  constructor(choose, create, hotkeys = new Hotkeys(), about = null) {
    this.choose = choose;
    this.create = create;
    this.hotkeys = hotkeys;
    this.about = about; // the description of a class, shown next to its button
    this.classes = [];
    this.values = {}; // class id -> probability
    this.counts = {}; // class id -> labels
    this.buttons = new Map(); // class id -> its button in the list
    this.pins = new Map(); // class id -> its button among the likeliest
    this.hits = new Map(); // class id -> its button among the found ones
    this.top = []; // the likeliest classes, if they have a section
    this.found = []; // what Enter can take: [{item, found}], best first; item null is a new class
    this.at = 0; // index of the found class that Enter takes
    this.order = readOrder();
    this.likely = el("div.likely", { role: "group", "aria-label": "likeliest classes", hidden: true });
    this.all = el("div.all");
    this.results = el("div.results");
    this.list = el("div.classes", { role: "group", "aria-label": "classes" }, this.all);
    this.new = el("button.class.new", { type: "button", hidden: true, onclick: () => this.#take(null) });
    const none = create
      ? "No class yet: type a name above and press Enter, or paste a list, one class a line."
      : "No class yet: a reviewer has to create one.";
    this.none = el("p.small", { hidden: true }, none);
    this.said = el("span.unseen", { role: "status" });
    this.pasted = create?.list ? new Pasted(create.list) : null;
    this.field = el("input.find", {
      type: "text",
      maxlength: 80,
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": create ? "find a class by name, or create one" : "find a class by name",
      oninput: () => this.#typing(),
      onkeydown: (event) => this.#fieldKey(event),
      onblur: () => this.#filter(),
      onpaste: (event) => this.#paste(event),
    });
    this.sort = el("select.order", { "aria-label": "order of the classes", hidden: true, onchange: () => this.#reorder() });
    for (const [name, text] of Object.entries(ORDERS))
      this.sort.append(el("option", { value: name, selected: name === this.order }, text));
    const head = el("div.class-head", {}, this.field, this.sort);
    this.node = el("div.class-panel", {}, head, this.none, this.likely, this.list, this.new, this.said, this.pasted?.node);
  }

  name(id) {
    return this.classes.find((one) => one.id === id)?.name ?? "?";
  }

  // The class of a key, or undefined.
  byKey(key) {
    return this.hotkeys.classOf(key.length === 1 ? key.toLowerCase() : key);
  }

  // The class of Shift and a digit: the likeliest ones, in their order. On some layouts this types
  // a sign that is a command, such as + or /; then it is the command.
  byShift({ key, code, shiftKey }) {
    const [, digit] = /^Digit([1-5])$/.exec(code ?? "") ?? [];
    return shiftKey && digit && !this.hotkeys.actionOf(key) ? this.top[digit - 1] : undefined;
  }

  // `probabilities` maps class ids to numbers; `best` is the pre-label's class id, if any; `counts`
  // maps class ids to labels, for the order by frequency.
  show(classes, probabilities, best, counts = this.counts) {
    Object.assign(this, { classes, best, counts, values: probabilities });
    this.hotkeys.arrange(classes);
    const text = (one) => this.about?.text(one.id) ?? "";
    const keys = classes.map((one) => `${one.id}:${one.name}:${this.hotkeys.classKey(one.id)}:${text(one)}`);
    if (keys.join("\n") !== this.drawn) this.#draw(keys.join("\n"));
    const find = matchMedia("(hover: none)").matches ? "" : `  ( ${keyText(this.hotkeys.actionKey("find"))} )`;
    const hint = `${this.create ? "find or create" : "find"} a class${find}`;
    if (this.field.placeholder !== hint) this.field.placeholder = hint;
    this.#pinTop();
    for (const [id, button] of this.buttons) this.#fill(button, id);
    for (const button of this.results.children) this.#fill(button, button.classId);
  }

  find() {
    this.field.focus();
    this.field.select();
  }

  // Show the likeliest classes above the list, and only there.
  #pinTop() {
    const top = this.classes.length > MANY ? likeliest(this.classes, this.values) : [];
    const pins = top.map((one, place) => this.#pin(one, place));
    const pinned = new Set(top.map(({ id }) => id));
    for (const [id, button] of this.buttons) hide(button, pinned.has(id));
    this.top = top;
    arrange(this.likely, pins);
    for (const button of pins) this.#fill(button, button.classId);
    hide(this.likely, Boolean(this.#typed || !top.length));
  }

  #fill(button, id) {
    const [value, isBest] = [this.values[id], id === this.best];
    const wanted = `${value} ${isBest}`;
    if (button.shown === wanted) return; // many classes have no probability
    button.shown = wanted;
    button.classList.toggle("guess", isBest);
    button.querySelector(".bar").style.width = `${(value ?? 0) * 100}%`;
    put(button.querySelector(".chance"), value === undefined ? "" : percent(value));
  }

  #draw(drawn) {
    this.drawn = drawn;
    this.about?.hide();
    this.pins.clear();
    this.hits.clear();
    this.top = [];
    const many = this.classes.length > MANY;
    const groups = many ? sections(this.classes, this.order, this.counts) : [{ items: this.classes.map((one) => [one, one.name]) }];
    this.buttons = new Map();
    const parts = groups.map(({ name, items }) => {
      const buttons = items.map(([one, text]) => this.#button(one, text));
      for (const button of buttons) this.buttons.set(button.classId, button);
      if (!name) return el("div.section", {}, ...buttons);
      return el("div.section", { role: "group", "aria-label": name }, el("div.group", { "aria-hidden": "true" }, name), ...buttons);
    });
    this.all.replaceChildren(...parts);
    this.node.classList.toggle("many", many);
    this.node.style.setProperty("--rows", this.classes.length);
    this.none.hidden = this.classes.length > 0;
    hide(this.sort, !many);
    if (this.#typed) this.#search();
  }

  #button(one, text = one.name) {
    const key = this.hotkeys.classKey(one.id);
    const told = this.about?.parts(one.id);
    const button = el(
      "button.class",
      {
        type: "button",
        title: told ? null : one.name,
        "aria-description": this.about?.text(one.id) ?? "",
        onclick: () => this.#take(one),
      },
      el("span.bar", { "aria-hidden": "true" }),
      key ? el("kbd", {}, keyText(key)) : el("span.nokey"),
      el("span.name", {}, text),
      el("span.chance"),
    );
    button.classId = one.id;
    if (told) this.about.attach(button, one.id);
    return button;
  }

  // Among the likeliest, a class has the key of its place, with Shift, beside its own.
  #pin(one, place) {
    if (!this.pins.has(one.id)) {
      const button = this.#button(one);
      button.firstElementChild.after(el("kbd.shift"));
      this.pins.set(one.id, button);
    }
    const button = this.pins.get(one.id);
    put(button.querySelector(".shift"), `⇧${place + 1}`);
    return button;
  }

  #reorder() {
    this.order = this.sort.value;
    storeOrder(this.order);
    this.drawn = null;
    this.show(this.classes, this.values, this.best);
    this.sort.blur(); // so that the keys work again
  }

  get #typed() {
    return this.field.value.trim().replace(/\s+/g, " ");
  }

  #typing() {
    this.at = 0;
    this.#search();
    if (!this.#typed) return;
    const first = this.found[0]?.item;
    if (first === undefined) this.said.textContent = "nothing found";
    else this.said.textContent = first ? `${first.name}, ${this.found.length} found` : `create ${this.#typed}`;
  }

  #search() {
    const typed = this.#typed;
    this.found = typed ? search(typed, this.classes).slice(0, FOUND) : [];
    const exact = this.classes.some((one) => one.name.toLowerCase() === typed.toLowerCase());
    if (typed && this.create && !exact) this.found.push({ item: null });
    this.#filter();
  }

  // Show either all classes or the found ones, and mark what Enter takes.
  #filter() {
    const typed = this.#typed;
    const shown = typed ? this.found.filter(({ item }) => item) : [];
    const picked = this.found[this.at];
    for (const { item, found } of shown) {
      const button = this.#hit(item);
      button.classList.toggle("picked", item === picked.item);
      mark(button, item.name, found.at);
      this.#fill(button, item.id);
    }
    arrange(this.results, shown.map(({ item }) => this.#hit(item)));
    this.#swap(typed ? this.results : this.all);
    if (typed && picked?.item) this.#hit(picked.item).scrollIntoView({ block: "nearest" });
    const creates = typed && this.found.at(-1)?.item === null;
    hide(this.new, !creates);
    this.new.classList.toggle("picked", picked?.item === null);
    if (creates) this.new.replaceChildren(el("kbd", {}, "+"), el("span.name", {}, `create “${typed}”`));
    hide(this.likely, Boolean(typed || !this.top.length));
  }

  #hit(one) {
    if (!this.hits.has(one.id)) this.hits.set(one.id, this.#button(one));
    return this.hits.get(one.id);
  }

  // The whole list is put away during a search, and comes back where it was.
  #swap(wanted) {
    if (this.list.firstElementChild === wanted) return;
    const frames = [this.list, this.node.closest(".side")].filter(Boolean);
    if (wanted === this.results) this.scrolled = frames.map((frame) => frame.scrollTop);
    this.list.replaceChildren(wanted);
    hide(this.likely, wanted === this.results || !this.top.length);
    if (wanted === this.all) frames.forEach((frame, at) => (frame.scrollTop = this.scrolled[at]));
  }

  #fieldKey(event) {
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") this.#leave();
    else if (step && this.#typed) {
      event.preventDefault();
      this.at = Math.max(0, Math.min(this.at + step, this.found.length - 1));
      this.#filter();
    } else if (event.key === "Enter" && this.#typed && !event.repeat && !event.isComposing) {
      const picked = this.found[this.at];
      if (picked) this.#take(picked.item);
    }
  }

  // A list becomes classes after a question; one line is just a name.
  #paste(event) {
    const lines = linesOf(event.clipboardData.getData("text/plain"));
    if (lines.length < 2 || !this.pasted) return;
    event.preventDefault();
    this.#leave();
    this.pasted.ask(lines);
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
    this.#search();
  }
}

function likeliest(classes, probabilities) {
  return classes
    .filter((one) => probabilities[one.id] !== undefined)
    .sort((a, b) => probabilities[b.id] - probabilities[a.id])
    .slice(0, LIKELY);
}

// Mark the matching letters of a button's name.
function mark(button, name, at) {
  if (button.marked === `${at}`) return;
  button.marked = `${at}`;
  const runs = [""]; // of letters; each second one matches
  for (const [i, letter] of [...name].entries()) {
    if (at.includes(i) === Boolean(runs.length % 2)) runs.push("");
    runs[runs.length - 1] += letter;
  }
  button.querySelector(".name").replaceChildren(...runs.map((text, i) => (i % 2 ? el("mark", {}, text) : text)));
}
