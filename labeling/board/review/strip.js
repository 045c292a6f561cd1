// The filmstrip: the last decisions, the sample on screen, and what comes next. A click brings
// one to the screen.

import { arrange, el, hide, put, walk } from "../dom.js";

const PAST = 5;
const NEXT = 6;
export const SIGHT = 1 + NEXT; // cards whose order a person sees

export class Strip {
  // `show(card)` brings a card to the screen, `change(entry)` a decided one, `leave()` returns.
  constructor(api, medium, show, change, leave) {
    Object.assign(this, { api, medium, show, change, leave });
    this.nodes = new Map(); // what it shows -> its button
    this.node = el("div.film", { role: "group", "aria-label": "your last decisions, and what comes next" });
    this.node.addEventListener("keydown", (event) => walk(event, this.leave));
  }

  // `past` are {card, answer}, newest last; `cards` starts with the one on screen. `said(card)` and
  // `decided(answer)` are captions.
  draw(past, cards, said, decided) {
    const shown = [
      ...past.slice(-PAST).map((entry) => [`d${entry.answer.client_id}`, entry.card, decided(entry.answer), () => this.change(entry), "past"]),
      ...cards.slice(0, SIGHT).map((card, at) => [`c${card.sample_id}`, card, said(card), () => this.show(card), at ? "next" : "now"]),
    ];
    const nodes = new Map(shown.map(([key, ...rest]) => [key, this.#button(key, ...rest)]));
    this.nodes = nodes;
    arrange(this.node, [...nodes.values()]);
    hide(this.node, nodes.size === 0);
  }

  focus() {
    (this.node.querySelector("[data-kind=past]:last-of-type") ?? this.node.querySelector("[data-kind=now]"))?.focus();
  }

  #button(key, card, text, onclick, kind) {
    const known = this.nodes.get(key);
    const node = known ?? el("button.frame-of", { type: "button" }, this.medium.thumb(this.api, card.sample_id), el("span"));
    node.onclick = onclick;
    node.dataset.kind = kind;
    put(node.lastElementChild, text);
    const does = { past: "decided; change it", now: "on screen", next: "show it now" }[kind];
    node.setAttribute("aria-label", `${text}, ${card.name}: ${does}`);
    node.setAttribute("aria-current", kind === "now");
    node.title = `${card.name}: ${text}`;
    return node;
  }
}
