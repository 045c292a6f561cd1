// The bar above: the lists with their lengths, the class of the list of one class, and whether
// suspects come one by one or as a page of one pair of classes.

import { el } from "../dom.js";

export const LISTS = { suspects: "suspected errors", disagreements: "disagreements", unsure: "unsure", class: "one class" };

export class Lists {
  // `choose(view, paged)` is called with another list.
  constructor(choose) {
    this.choose = choose;
    this.tabs = el("div.tabs", { role: "tablist", "aria-label": "what to review" });
    this.options = el("div.options");
    this.node = el("div.toolbar", {}, this.tabs, this.options);
  }

  // `left` is the length of the list that is shown, as of now.
  show(view, paged, page, left, classes, name) {
    const counts = { ...(page?.counts ?? {}), [view.name]: page ? left : undefined };
    if (view.given != null) counts.suspects = page?.counts.suspects;
    const key = JSON.stringify([view, paged, counts, page?.pairs, classes]);
    if (key === this.drawn) return;
    Object.assign(this, { drawn: key, view, paged, page, classes, name });
    this.tabs.replaceChildren(
      ...Object.entries(LISTS).map(([id, text]) =>
        el(
          "button.tab",
          { type: "button", role: "tab", "data-list": id, "aria-selected": id === view.name, onclick: () => this.#turn(id) },
          el("span.name", {}, text),
          counts[id] === undefined ? null : el("span.number", {}, String(counts[id])),
        ),
      ),
    );
    const options = { class: () => [this.#classes()], suspects: () => this.#forms() }[view.name];
    this.options.replaceChildren(...(options?.() ?? []));
  }

  // The next list, or the next pair of classes on a page.
  step(by) {
    if (this.paged) return this.#pair(this.#at(by));
    const ids = Object.keys(LISTS);
    this.#turn(ids.at((ids.indexOf(this.view.name) + by) % ids.length));
  }

  #turn(name) {
    const class_id = name === "class" ? (this.view.class_id ?? this.classes[0]?.id ?? null) : undefined;
    this.choose({ name, class_id }, false);
  }

  #forms() {
    const pairs = this.page?.pairs ?? [];
    const toggle = (paged, text) =>
      el(
        "button.tab",
        { type: "button", "aria-pressed": paged === this.paged, disabled: paged && !pairs.length, onclick: () => (paged ? this.#pair(0) : this.#turn("suspects")) },
        text,
      );
    const { given, predicted } = this.view;
    const known = pairs.some(([a, b]) => a === given && b === predicted);
    const all = known || !this.paged ? pairs : [[given, predicted, 0], ...pairs];
    const options = all.map(([a, b, number]) =>
      el("option", { value: `${a} ${b}`, selected: a === given && b === predicted }, `labeled ${this.name(a)}, looks like ${this.name(b)} (${number})`),
    );
    const onchange = ({ target }) => {
      target.blur(); // so that keys act on the samples again
      const [a, b] = target.value.split(" ").map(Number);
      this.choose({ name: "suspects", given: a, predicted: b }, true);
    };
    const select = this.paged ? el("select", { "aria-label": "pair of classes", onchange }, ...options) : null;
    return [el("div.tabs", { role: "group", "aria-label": "form" }, toggle(false, "one by one"), toggle(true, "a page at once")), select].filter(Boolean);
  }

  #at(by) {
    const pairs = this.page?.pairs ?? [];
    const at = pairs.findIndex(([a, b]) => a === this.view.given && b === this.view.predicted);
    return (at + by + pairs.length) % Math.max(1, pairs.length);
  }

  #pair(at) {
    const [given, predicted] = this.page?.pairs[at] ?? [];
    if (given !== undefined) this.choose({ name: "suspects", given, predicted }, true);
  }

  #classes() {
    const onchange = ({ target }) => {
      target.blur();
      this.choose({ name: "class", class_id: Number(target.value) }, false);
    };
    const options = this.classes.map(({ id, name }) => el("option", { value: id, selected: id === this.view.class_id }, name));
    return el("select", { "aria-label": "class", onchange }, ...options);
  }
}
