// A pasted list of names: shows what it would become, and makes the classes after a yes.

import { el } from "../dom.js";
import { counted } from "../status.js";

const SHOWN = 12;

export function linesOf(text) {
  return text.split(/\r\n?|\n/).map((line) => line.trim()).filter(Boolean);
}

export class Pasted {
  // `make(names, preview)` returns {names, known, twice, refused}, or null if that failed.
  constructor(make) {
    this.make = make;
    // The keys of the board and of Streamlit rest while the question is open. Enter, Space, Tab and
    // Esc do what they do in any dialog. The event of its closing comes later than the next key may.
    this.hush = (event) => this.node.open && event.stopPropagation();
    this.title = el("h2", { id: "pasted-title" });
    this.parts = el("div.parts");
    this.yes = el("button.action.primary", { type: "button", onclick: () => this.#yes() });
    const no = el("button.action", { type: "button", onclick: () => this.node.close() }, "cancel");
    this.node = el(
      "dialog.pasted",
      { "aria-labelledby": "pasted-title", onclose: () => removeEventListener("keydown", this.hush, true) },
      this.title,
      this.parts,
      el("footer", {}, no, this.yes),
    );
  }

  async ask(lines) {
    const found = await this.make(lines, true);
    if (!found) return;
    const { names, known, twice, refused } = found;
    const count = names.length;
    this.names = names;
    this.title.textContent = count ? `Make ${counted(count, "class", "classes")}?` : "No new class in this list";
    this.yes.textContent = `make ${counted(count, "class", "classes")}`;
    this.yes.hidden = !count;
    const more = count > SHOWN ? el("li.more", {}, `… and ${count - SHOWN} more`) : null;
    this.parts.replaceChildren(
      el("ol", { hidden: !count }, ...names.slice(0, SHOWN).map((name) => el("li", {}, name)), more),
      ...[said("Classes already", known), said("More than once in the list, made once", twice)].filter(Boolean),
      ...refused.map(({ name, reason }) => el("p.refused", {}, `Left out: “${name}”. ${reason}`)),
    );
    addEventListener("keydown", this.hush, true);
    this.node.showModal();
    (count ? this.yes : this.node.querySelector("button")).focus();
  }

  async #yes() {
    this.yes.disabled = true;
    const made = await this.make(this.names, false);
    this.yes.disabled = false;
    if (made) this.node.close();
  }
}

function said(title, names) {
  return names.length ? el("p", {}, `${title}: ${names.map((name) => `“${name}”`).join(", ")}.`) : null;
}
