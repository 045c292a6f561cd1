// Why a label is doubted: of each likely class the labeled images that look most similar, and where
// in the image the model sees evidence for the class.

import { el } from "../dom.js";
import { thumb } from "../viewers/thumb.js";
import { chance } from "./facts.js";

const MAPS = 2; // classes with a heat map
const KEPT = 20;

export class Why {
  constructor(api, name) {
    Object.assign(this, { api, name });
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
    const rows = ids.map((id, at) => this.#row(card, id, at < MAPS, note));
    const made = el("div", {}, ids.length ? note : el("p.small", {}, "The model knows too little about this image yet."), ...rows.map((row) => row.node));
    this.known.set(card.sample_id, made);
    if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value);
    if (ids.length) this.#fill(card, ids, rows, note);
    return made;
  }

  #row(card, id, mapped, note) {
    const given = id === card.given ? ", as labeled" : "";
    const near = el("div.near-ones");
    const map = mapped ? el("img.heat", { alt: `evidence for ${this.name(id)}`, hidden: true }) : null;
    if (map) this.#map(card, id, map, note);
    const title = el("p", {}, el("strong", {}, this.name(id)), `${given}: chance ${chance(card.probabilities[id])}`);
    return { id, near, node: el("div.reason", {}, title, el("div.shown", {}, map, near)) };
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
    if (!found.length) return [el("p.small", {}, "No other image has this label.")];
    return found.map(([id, value]) => el("figure", {}, thumb(this.api, id), el("figcaption", {}, `${Math.round(100 * Math.max(0, value))}%`)));
  }

  async #map(card, id, image, note) {
    try {
      const content = URL.createObjectURL(await this.api.heat(card.sample_id, id));
      Object.assign(image, { src: content, hidden: false, onload: () => URL.revokeObjectURL(content) });
    } catch (error) {
      note.textContent = error.message;
    }
  }
}
