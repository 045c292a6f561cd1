// Why a label is doubted: of each likely class the labeled samples that are most similar, and where
// in the sample the model sees evidence for the class.

import { el } from "../dom.js";
import { chance } from "./facts.js";

const KEPT = 20;

export class Why {
  // `viewer` shows the evidence.
  constructor({ api, medium }, name, viewer) {
    Object.assign(this, { api, medium, name, viewer });
    this.open = false;
    this.known = new Map(); // sample id -> its node
    this.node = el("section.reasons", { "aria-label": "why", hidden: true });
  }

  toggle(card) {
    this.open = !this.open;
    this.show(card);
  }

  show(card) {
    this.node.hidden = !this.open || !card;
    if (this.node.hidden) return;
    const made = this.#made(card);
    if (this.node.firstElementChild !== made) this.node.replaceChildren(made);
  }

  // Fetch what the next card needs.
  ahead(card) {
    if (this.open && card && !card.stub) this.#made(card);
  }

  // Another round sees other evidence.
  forget() {
    this.known.clear();
  }

  #made(card) {
    const known = this.known.get(card.sample_id);
    if (known) return known;
    const likely = Object.entries(card.probabilities).sort((a, b) => b[1] - a[1]).map(([id]) => Number(id));
    const first = [card.predicted, card.given].filter((id) => likely.includes(id));
    const ids = [...new Set([...first, ...likely])];
    const note = el("p.small", { role: "status" });
    const rows = ids.map((id, at) => this.#row(card, id, at, note));
    const made = el("div", {}, ids.length ? note : el("p.small", {}, `The model knows too little about this ${this.medium.words.one} yet.`), ...rows.map((row) => row.node));
    this.known.set(card.sample_id, made);
    if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value);
    if (ids.length) this.#fill(card, ids, rows, note);
    return made;
  }

  #row(card, id, at, note) {
    const given = id === card.given ? ", as labeled" : "";
    const near = el("div.near-ones");
    const evidence = this.viewer.evidence(card, { id, name: this.name(id) }, at, (text) => (note.textContent = text));
    const title = el("p", {}, el("strong", {}, this.name(id)), `${given}: chance ${chance(card.probabilities[id])}`);
    return { id, near, node: el("div.reason", {}, title, el("div.shown", {}, evidence, near)) };
  }

  async #fill(card, ids, rows, note) {
    try {
      const { alike } = await this.api.alike(card.sample_id, ids);
      for (const { id, near } of rows) near.replaceChildren(...this.#near(alike[id] ?? []));
    } catch (error) {
      note.textContent = error.message;
      this.known.delete(card.sample_id);
    }
  }

  #near(found) {
    if (!found.length) return [el("p.small", {}, `No other ${this.medium.words.one} has this label.`)];
    return found.map(([id, value]) => el("figure", {}, this.medium.thumb(this.api, id), el("figcaption", {}, `${Math.round(100 * Math.max(0, value))}%`)));
  }
}
