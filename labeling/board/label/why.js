// Why this sample: the likeliest classes, the reason for the choice, the most similar samples.

import { el, percent } from "../dom.js";

export function why(card, board) {
  const { api, medium } = board;
  const name = (id) => board.name(id);
  const [first, second] = ranked(card);
  const parts = [];
  if (second) {
    const choice = (one) => [el("strong", {}, name(one.id)), ` ${percent(one.value)}`];
    parts.push(el("p", {}, "Between ", ...choice(first), " and ", ...choice(second)));
  }
  parts.push(el("p", {}, sentence(card.reason), card.measure ? ` ${sentence(card.measure)}` : ""));
  if (card.neighbours.length)
    parts.push(
      el("p.small", {}, `most similar labeled ${medium.words.many}`),
      el("div.near", {}, ...card.neighbours.map(([id, classId]) => neighbour(medium.thumb(api, id), name(classId)))),
    );
  return parts;
}

// The classes of a card with their probabilities, best first; none for a blind check.
export function ranked(card) {
  return Object.entries(card?.probabilities ?? {})
    .map(([id, value]) => ({ id: Number(id), value }))
    .sort((a, b) => b.value - a.value);
}

// The classes of a card without lost ones: a merged class counts as the class it was merged
// into, an archived or split one is no guess.
export function reshape(card, merged, classes) {
  const known = new Set(classes.map(({ id }) => id));
  const found = {};
  for (const { id, value } of ranked(card)) {
    const end = merged[id] ?? id;
    if (known.has(end)) found[end] = (found[end] ?? 0) + value;
  }
  card.probabilities = found;
}

function neighbour(thumb, label) {
  return el("figure", {}, thumb, el("figcaption", { title: label }, label));
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
