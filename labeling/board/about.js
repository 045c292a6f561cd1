// A class in words and examples: next to its button while the pointer rests there, and in the
// help. Fetched again when the classes have changed.

import { el } from "./dom.js";

const REST = 350; // ms that the pointer must rest

export class About {
  constructor(api, medium, changed) {
    Object.assign(this, { api, medium, changed });
    this.told = new Map(); // class id -> {description, examples}
    this.node = el("div.about", { role: "tooltip", hidden: true });
  }

  async load() {
    try {
      const { classes } = await this.api.classes();
      const told = classes.filter((one) => one.description || one.examples.length);
      if (!told.length && !this.told.size) return;
      this.told = new Map(told.map((one) => [one.id, one]));
      this.changed();
    } catch {
      /* offline: fetched at the next change, or when the help is opened */
    }
  }

  text(id) {
    return this.told.get(id)?.description ?? "";
  }

  // The description and the examples of a class, or null if there are no details.
  parts(id) {
    const { description, examples } = this.told.get(id) ?? {};
    if (!description && !examples?.length) return null;
    return el(
      "div.about-class",
      {},
      description ? el("p", {}, description) : null,
      examples.length ? el("div.examples", {}, ...examples.map((key) => this.medium.thumb(this.api, key))) : null,
    );
  }

  // Show it next to a button while the pointer rests on it, or after the focus came there by key.
  attach(button, id) {
    button.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && this.#soon(button, id));
    button.addEventListener("pointerleave", () => this.hide());
    button.addEventListener("focus", () => button.matches(":focus-visible") && this.#soon(button, id));
    button.addEventListener("blur", () => this.hide());
  }

  hide() {
    clearTimeout(this.timer);
    this.node.hidden = true;
  }

  #soon(button, id) {
    this.hide();
    this.timer = setTimeout(() => this.#show(button, id), REST);
  }

  #show(button, id) {
    const parts = this.parts(id);
    if (!parts || !button.isConnected) return;
    const { name } = this.told.get(id);
    this.node.replaceChildren(el("strong", {}, name), parts); // a long name is cut off in its button
    this.node.hidden = false;
    const at = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.node;
    const left = at.left - width - 10;
    this.node.style.left = `${left >= 8 ? left : Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
    const top = left >= 8 ? at.top : at.bottom + 6;
    this.node.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
  }
}
