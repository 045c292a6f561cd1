// The overlay with all keys. Click a key to change it.

import { el } from "../dom.js";
import { fixedHelp, keyName, keyText } from "./keys.js";

export class Help {
  // `fixed` are rows of a mode whose keys cannot be changed; without it, the actions are listed,
  // with the medium’s gestures. `about` describes a class.
  constructor(hotkeys, fixed, gestures, about, changed) {
    Object.assign(this, { hotkeys, fixed, gestures, about, changed });
    this.classes = [];
    this.asking = null; // what the next key press sets: {action} or {classId}
    this.note = el("p.small", { role: "status" });
    this.left = el("table");
    this.right = el("table");
    this.classTitle = el("h3", {}, "Classes");
    this.reset = el("button.action", { type: "button", onclick: () => this.#reset() }, "reset all keys");
    this.initials = el("button.action", { type: "button", onclick: () => this.#prefer() });
    const close = el("button.action.primary", { type: "button", onclick: () => this.close() }, "close");
    this.node = el(
      "dialog.help",
      { "aria-label": "keys", tabindex: -1, autofocus: true, onclose: () => (this.asking = null) },
      el("header", {}, el("h2", {}, "Keys"), this.note),
      el("div.columns", {}, el("section", {}, el("h3", {}, "Actions"), this.left), el("section", {}, this.classTitle, this.right)),
      el("footer", {}, this.reset, this.initials, close),
    );
  }

  get open() {
    return this.node.open;
  }

  toggle(classes) {
    if (this.open) return this.close();
    this.classes = classes;
    this.#say("");
    this.#draw();
    this.node.showModal();
  }

  close() {
    this.node.close();
  }

  // Handle a key press while the overlay is open; returns whether it was used.
  key(event) {
    if (!this.asking) {
      const closes = event.key === "Escape" || this.hotkeys.actionOf(keyName(event)) === "help";
      if (closes) this.close();
      return closes;
    }
    if (["Shift", "CapsLock", "AltGraph", "Dead"].includes(event.key)) return false;
    if (event.key === "Escape" || event.key === "Tab") this.#say("");
    else if (!event.repeat) this.#bind(keyName(event));
    if (event.repeat) return true;
    this.asking = null;
    this.#draw();
    return true;
  }

  #bind(key) {
    try {
      const other = this.hotkeys.bind(this.asking, key);
      const swapped = other ? ` “${other}” has the old key now.` : "";
      this.#say(`New key: ${keyText(key)}.${swapped}`);
      this.changed();
    } catch (error) {
      this.#say(error.message);
    }
  }

  #reset() {
    this.hotkeys.reset();
    this.changed();
    this.#say("All keys are reset.");
    this.#draw();
  }

  #prefer() {
    this.hotkeys.prefer(!this.hotkeys.initials);
    this.changed();
    this.#say("The keys of the classes are new.");
    this.#draw();
  }

  #say(text) {
    this.note.textContent = text || "Click a key to change it. Your keys stay in this browser.";
  }

  #draw() {
    const actions = Object.entries(this.hotkeys.actions).map(([name, [, text]]) =>
      this.#row({ action: name }, this.hotkeys.actionKey(name), text),
    );
    const fixed = (this.fixed ?? fixedHelp(this.gestures)).map(([keys, text]) => el("tr", {}, el("th", {}, keys), el("td", {}, text)));
    this.left.replaceChildren(...(this.fixed ? [] : actions), ...fixed);
    this.right.replaceChildren(
      ...this.classes.map((one) =>
        this.#row({ classId: one.id }, this.hotkeys.classKey(one.id), one.name, this.about.parts(one.id)),
      ),
    );
    this.right.parentElement.hidden = this.classes.length === 0;
    this.initials.textContent = this.hotkeys.initials ? "class keys by place: 1, 2, 3 …" : "class keys from initials";
    this.initials.hidden = this.classes.length === 0;
    this.reset.disabled = !this.hotkeys.changed;
    this.node.querySelector(".asking")?.focus();
  }

  #row(what, key, text, more = null) {
    const asking = this.asking && this.asking.action === what.action && this.asking.classId === what.classId;
    const ask = () => {
      this.asking = what;
      this.#say("Press the new key, or Esc.");
      this.#draw();
    };
    const shown = asking ? "press a key" : keyText(key) || "none";
    const button = el(`button.key${asking ? ".asking" : ""}`, { type: "button", "aria-label": `${text}: ${shown}; change the key`, onclick: ask }, el("kbd", {}, shown));
    return el("tr", {}, el("th", {}, button), el("td", {}, text, more));
  }
}
