// The list of classes: a button each, with its key and the model's probability, and a search
// field that finds a class by name or creates one.

import { arrange, el, hide, percent, put } from "../dom.js";
import { search } from "./fuzzy.js";
import { Hotkeys } from "../keys/hotkeys.js";
import { keyText } from "../keys/keys.js";

const MANY = 12; // with more classes, the likeliest get a section above the list
const LIKELY = 5;

export class ClassList {
  // `create` is null if the person's role may not make classes.
  constructor(choose, create, hotkeys = new Hotkeys(), about = null) {
    this.choose = choose;
    this.create = create;
    this.hotkeys = hotkeys;
    this.about = about; // the description of a class, shown next to its button
    this.classes = [];
    this.buttons = new Map(); // class id -> its button in the list
    this.pins = new Map(); // class id -> its button among the likeliest
    this.top = []; // the likeliest classes, if they have a section
    this.at = 0; // index of the found class that Enter takes
    this.likely = el("div.likely", { role: "group", "aria-label": "likeliest classes", hidden: true });
    this.list = el("div.classes", { role: "group", "aria-label": "classes" });
    this.new = el("button.class.new", { type: "button", hidden: true, onclick: () => this.#take(null) });
    const none = create ? "No class yet: type a name above and press Enter." : "No class yet: a reviewer has to create one.";
    this.none = el("p.small", { hidden: true }, none);
    this.said = el("span.unseen", { role: "status" });
    this.field = el("input.find", {
      type: "text",
      maxlength: 80,
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": create ? "find a class by name, or create one" : "find a class by name",
      oninput: () => this.#typing(),
      onkeydown: (event) => this.#fieldKey(event),
      onblur: () => this.#filter(),
    });
    this.node = el("div.class-panel", {}, this.field, this.none, this.likely, this.list, this.new, this.said);
  }

  name(id) {
    return this.classes.find((one) => one.id === id)?.name ?? "?";
  }

  // The class of a key, or undefined.
  byKey(key) {
    return this.hotkeys.classOf(key.length === 1 ? key.toLowerCase() : key);
  }

  // The class of Shift and a digit: the likeliest ones, in their order.
  byShift({ key, code, shiftKey }) {
    const [, digit] = /^Digit([1-9])$/.exec(code ?? "") ?? [];
    return shiftKey && digit && key !== digit ? this.top[digit - 1] : undefined;
  }

  // `probabilities` maps class ids to numbers; `best` is the pre-label's class id, if any.
  show(classes, probabilities, best) {
    this.classes = classes;
    this.hotkeys.arrange(classes);
    const text = (one) => this.about?.text(one.id) ?? "";
    const keys = classes.map((one) => `${one.id}:${one.name}:${this.hotkeys.classKey(one.id)}:${text(one)}`);
    if (keys.join("\n") !== this.drawn) this.#draw(keys.join("\n"));
    const find = matchMedia("(hover: none)").matches ? "" : `  ( ${keyText(this.hotkeys.actionKey("find"))} )`;
    const hint = `${this.create ? "find or create" : "find"} a class${find}`;
    if (this.field.placeholder !== hint) this.field.placeholder = hint;
    const top = classes.length > MANY ? likeliest(classes, probabilities) : [];
    for (const one of classes) this.#fill(this.buttons.get(one.id), probabilities[one.id], !top.length && one.id === best);
    for (const [place, one] of top.entries())
      this.#fill(this.#pin(one, place), probabilities[one.id], one.id === best);
    this.top = top;
    arrange(this.likely, top.map((one) => this.pins.get(one.id)));
    hide(this.likely, Boolean(this.filtered || !top.length));
    this.#filter();
  }

  find() {
    this.field.focus();
    this.field.select();
  }

  #fill(button, value, isBest) {
    const wanted = `${value} ${isBest}`;
    if (button.dataset.shown === wanted) return; // many classes have no probability
    button.dataset.shown = wanted;
    button.classList.toggle("guess", isBest);
    button.querySelector(".bar").style.width = `${(value ?? 0) * 100}%`;
    put(button.querySelector(".chance"), value === undefined ? "" : percent(value));
  }

  #draw(drawn) {
    this.drawn = drawn;
    this.about?.hide();
    this.pins.clear();
    this.buttons = new Map(this.classes.map((one) => [one.id, this.#button(one)]));
    this.list.replaceChildren(...this.buttons.values());
    this.node.style.setProperty("--rows", this.classes.length);
    this.none.hidden = this.classes.length > 0;
  }

  #button(one, pinned = false) {
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
      key || pinned ? el("kbd", {}, keyText(key)) : el("span.nokey"),
      el("span.name", {}, one.name),
      el("span.chance"),
    );
    if (told) this.about.attach(button, one.id);
    return button;
  }

  // A class without its own key has the key of its place here, with Shift.
  #pin(one, place) {
    if (!this.pins.has(one.id)) this.pins.set(one.id, this.#button(one, true));
    const button = this.pins.get(one.id);
    put(button.querySelector("kbd"), keyText(this.hotkeys.classKey(one.id)) || `⇧${place + 1}`);
    return button;
  }

  get #typed() {
    return this.field.value.trim().replace(/\s+/g, " ");
  }

  // What Enter can take: [{item, found}], best first; item null means a new class.
  #found() {
    const typed = this.#typed;
    if (!typed) return this.classes.map((item) => ({ item }));
    const matches = search(typed, this.classes);
    const exact = this.classes.some((one) => one.name.toLowerCase() === typed.toLowerCase());
    return exact || !this.create ? matches : [...matches, { item: null }];
  }

  #typing() {
    this.at = 0;
    this.#filter();
    const found = this.#found();
    if (!this.#typed) return;
    const first = found[this.at]?.item;
    if (first === undefined) this.said.textContent = "nothing found";
    else this.said.textContent = first ? `${first.name}, ${found.length} found` : `create ${this.#typed}`;
  }

  #filter() {
    const typed = this.#typed;
    if (!typed && !this.filtered) return;
    const found = this.#found();
    const shown = found.filter(({ item }) => item);
    const picked = typed ? found[this.at] : null;
    this.list.replaceChildren(...shown.map(({ item }) => this.buttons.get(item.id)));
    for (const { item, found: at } of shown) {
      const button = this.buttons.get(item.id);
      button.classList.toggle("picked", item === picked?.item);
      button.querySelector(".name").replaceChildren(...marked(item.name, at?.at ?? []));
      if (item === picked?.item) button.scrollIntoView({ block: "nearest" });
    }
    const creates = typed && found.at(-1)?.item === null;
    this.new.hidden = !creates;
    this.new.classList.toggle("picked", picked?.item === null);
    this.new.replaceChildren(el("kbd", {}, "+"), el("span.name", {}, `create “${typed}”`));
    this.filtered = Boolean(typed);
    hide(this.likely, Boolean(this.filtered || !this.top.length));
  }

  #fieldKey(event) {
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") this.#leave();
    else if (step) {
      event.preventDefault();
      this.at = Math.max(0, Math.min(this.at + step, this.#found().length - 1));
      this.#filter();
    } else if (event.key === "Enter" && this.#typed && !event.repeat && !event.isComposing)
      this.#enter();
  }

  #enter() {
    const picked = this.#found()[this.at];
    if (picked) this.#take(picked.item);
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

function likeliest(classes, probabilities) {
  return classes
    .filter((one) => probabilities[one.id] !== undefined)
    .sort((a, b) => probabilities[b.id] - probabilities[a.id])
    .slice(0, LIKELY);
}

// A name with its matching letters marked.
function marked(name, at) {
  if (!at.length) return [name];
  return [...name].map((letter, i) => (at.includes(i) ? el("mark", {}, letter) : letter));
}
