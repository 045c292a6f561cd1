// The strip of the last answers, newest first. A click brings a sample back, to answer it again;
// the key of a class answers the card that has the focus at once.

import { arrange, el, hide, put, walk } from "../dom.js";

export const STRIP = 10;
const WHOLE = 200; // entries that keep their whole card; older ones keep only what an undo needs
const UNKNOWN = { copies: 1, query: "again", reason: "brought back by you", probabilities: {}, neighbours: [] };

export class History {
  // `name(id)` names a class; `change(entry)` brings an entry's sample back; `leave()` returns to it.
  constructor(api, medium, name, change, leave) {
    Object.assign(this, { api, medium, name, change, leave });
    this.entries = []; // {card, answer, before}: all of this session, for undo
    this.node = el("div.strip", { role: "group", "aria-label": "your last answers, newest first", hidden: true });
    this.node.addEventListener("keydown", (event) => walk(event, this.leave));
  }

  // The answers from before this page, from the server.
  load(answers) {
    for (const answer of answers) {
      const { sample_id, name } = answer;
      this.entries.push({ card: { sample_id, name, ...UNKNOWN }, answer });
    }
  }

  ids() {
    return new Set(this.entries.map((one) => one.answer.client_id));
  }

  // Take over the server's list. It may lack answers that were not sent yet: entries that are not
  // among the ids `before` stay, and come first.
  follow(answers, before) {
    const known = new Map(this.entries.map((one) => [one.answer.client_id, one]));
    const newer = this.entries.filter((one) => !before.has(one.answer.client_id));
    const ids = new Set(newer.map((one) => one.answer.client_id));
    this.entries = newer;
    this.load(answers.filter((answer) => !ids.has(answer.client_id)));
    for (const entry of this.entries) entry.card = known.get(entry.answer.client_id)?.card ?? entry.card;
  }

  // Add an answer; it replaces an earlier one of the same sample.
  add(card, answer) {
    const at = this.entries.findIndex((one) => one.card.sample_id === card.sample_id);
    const [before] = at < 0 ? [] : this.entries.splice(at, 1);
    this.entries.unshift({ card, answer, before });
    if (this.entries[STRIP]) this.entries[STRIP].node = null;
    const old = this.entries[WHOLE];
    if (old) old.card = { sample_id: old.card.sample_id, name: old.card.name, ...UNKNOWN };
  }

  // Take the newest answer back; the answer that it had replaced counts again.
  pop() {
    const last = this.entries.shift();
    if (last?.before) this.entries.unshift(last.before);
    return last;
  }

  // Take out a refused answer.
  remove(clientId) {
    const at = this.entries.findIndex((one) => one.answer.client_id === clientId);
    if (at < 0) return null;
    const [entry] = this.entries.splice(at, 1, ...[this.entries[at].before].filter(Boolean));
    return entry;
  }

  // `current` is the sample on screen: its entry, if any, is marked as being changed.
  show(current) {
    const shown = this.entries.slice(0, STRIP);
    for (const entry of shown) this.#draw(entry, entry.card.sample_id === current);
    const nodes = shown.map((entry) => entry.node);
    arrange(this.node, nodes);
    hide(this.node, nodes.length === 0);
  }

  focus() {
    this.node.firstElementChild?.focus();
  }

  // The entry of a card that has the focus, if any.
  of(node) {
    return this.entries.slice(0, STRIP).find((entry) => entry.node === node);
  }

  label(answer) {
    if (answer.kind !== "label") return answer.kind;
    const name = this.name(answer.class_id);
    return name === "?" ? (answer.class_name ?? name) : name; // archived before the page was loaded
  }

  #draw(entry, changing) {
    const { card, answer } = entry;
    entry.node ??= el(
      "button.past",
      { type: "button", "data-kind": answer.kind, onclick: () => this.change(entry) },
      this.medium.thumb(this.api, card.sample_id),
      el("span"),
    );
    const label = this.label(answer);
    const wanted = `${label} ${changing}`;
    if (entry.node.dataset.shown === wanted) return;
    entry.node.dataset.shown = wanted;
    put(entry.node.lastElementChild, label);
    entry.node.title = `${card.name}: ${label}. Click to change it, or press a class key.`;
    entry.node.setAttribute("aria-label", `${label}, ${card.name}; change`);
    entry.node.setAttribute("aria-current", changing);
  }
}
