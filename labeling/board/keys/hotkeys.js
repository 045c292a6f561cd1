// This person's keys in this project: the defaults, overridden by the person's own, kept
// in this browser. A key never has two meanings.

import { ACTIONS, CLASS_KEYS } from "./keys.js";

export const MANY = 12; // with more classes, keys come from their initials
const ALIASES = { "=": "+", _: "-" }; // the same keys with and without Shift

export class Hotkeys {
  // `viewing` are the actions of the medium.
  constructor(project, viewing) {
    const { help, ...actions } = ACTIONS;
    this.actions = { ...actions, ...viewing, help };
    this.place = `hone-keys:${project}`;
    this.own = this.#read(); // {actions: {name: key}, classes: {id: key}, initials}
    this.classes = [];
    this.keys = new Map(); // class id -> key
  }

  // Whether keys come from initials. While a page is open, one more class does not change the keys
  // that somebody works with.
  get initials() {
    if (this.classes.length) this.many ??= this.classes.length > MANY;
    return this.own.initials ?? this.many ?? false;
  }

  // Give each class a key: the person's, else the project's, else an initial or that of its
  // place, else a free one.
  arrange(classes) {
    this.classes = classes;
    const before = this.initials ? this.keys : new Map();
    this.keys = new Map();
    const taken = new Set(Object.keys(this.actions).map((name) => this.actionKey(name)));
    const give = (one, key) => {
      if (!key || taken.has(key) || this.keys.has(one.id)) return;
      this.keys.set(one.id, key);
      taken.add(key);
    };
    for (const one of classes) give(one, this.own.classes[one.id]);
    for (const one of classes) give(one, one.hotkey);
    for (const one of classes) give(one, before.get(one.id)); // a new class takes no key from another
    if (this.initials) for (const one of classes) for (const key of initialsOf(one.name)) give(one, key);
    classes.forEach((one, index) => give(one, CLASS_KEYS[index]));
    for (const one of classes) give(one, CLASS_KEYS.find((key) => !taken.has(key)));
  }

  classKey(id) {
    return this.keys.get(id) ?? "";
  }

  classOf(key) {
    return this.classes.find((one) => this.classKey(one.id) === key);
  }

  actionKey(name) {
    return this.own.actions[name] ?? this.actions[name][0];
  }

  actionOf(key) {
    const of = (wanted) => Object.keys(this.actions).find((name) => this.actionKey(name) === wanted);
    return of(key) ?? (this.classOf(key) ? undefined : of(ALIASES[key]));
  }

  // Take the keys of classes from their initials, or from their places.
  prefer(initials) {
    this.own.initials = initials;
    this.keys = new Map();
    this.#save();
  }

  // Whether any key differs from the defaults.
  get changed() {
    return this.own.initials !== undefined || [this.own.actions, this.own.classes].some((keys) => Object.keys(keys).length > 0);
  }

  // Bind `key` to {action: name} or {classId: id}. Its former owner gets the key that becomes
  // free. Returns the former owner (an action's name or a class's) or null; may throw.
  bind(what, key) {
    const before = what.action ? this.actionKey(what.action) : this.classKey(what.classId);
    if (before === key) return null;
    const [action, one] = [this.actionOf(key), this.classOf(key)];
    const exact = action && this.actionKey(action) === key ? action : null;
    if (exact && !before) throw new Error(`This key means “${exact}”. Choose another one.`);
    if (exact) this.own.actions[exact] = before;
    else if (one) this.#own(one.id, before);
    if (what.action) this.own.actions[what.action] = key;
    else this.#own(what.classId, key);
    this.#save();
    return exact ?? one?.name ?? null;
  }

  reset() {
    this.own = { actions: {}, classes: {} };
    this.keys = new Map();
    this.#save();
  }

  #own(id, key) {
    if (key) this.own.classes[id] = key;
    else delete this.own.classes[id];
  }

  #save() {
    this.arrange(this.classes);
    try {
      if (this.changed) localStorage.setItem(this.place, JSON.stringify(this.own));
      else localStorage.removeItem(this.place);
    } catch {
      /* storage can be full or forbidden; then the keys last until the page is left */
    }
  }

  #read() {
    try {
      const { actions, classes, initials } = JSON.parse(localStorage.getItem(this.place));
      return { actions: { ...actions }, classes: { ...classes }, initials };
    } catch {
      return { actions: {}, classes: {} };
    }
  }
}

// The possible keys from a name, without its group: the first letters of its words.
function initialsOf(name) {
  const words = name.slice(name.lastIndexOf("/") + 1).normalize("NFD").toLowerCase().split(/[^\p{L}\p{N}\p{M}]+/u);
  return words.map((word) => word[0]).filter((letter) => letter > "9" && CLASS_KEYS.includes(letter));
}
