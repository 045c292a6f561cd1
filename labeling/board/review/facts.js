// What is known about the sample on screen, in words, and the answers of people side by side.

import { el, percent } from "../dom.js";

export function facts(card, list, name) {
  if (!card) return [];
  const { elsewhere, editing } = card;
  const strong = (id) => el("strong", {}, name(id));
  if (editing) return [el("p", {}, "You decided ", strong(editing.class_id), ". Enter keeps it; a class key changes it.")];
  if (elsewhere) return [el("p.elsewhere", { role: "status" }, ...meanwhile(elsewhere, strong))];
  const given = card.given !== null;
  if (list === "disagreements" || card.opinions.length > 1)
    return [
      el("p", {}, "People disagree. Your decision counts instead of their answers, which stay in the history."),
      el("div.opinions", {}, ...card.opinions.map((one) => opinion(one, name))),
      card.complete ? null : el("p.small", {}, "Somebody else will still be asked; you can decide now or wait."),
    ];
  const [by] = card.opinions;
  const who = by ? ` by ${by.annotator}` : "";
  if (!given) return [el("p", {}, `${by?.annotator ?? "Somebody"} was unsure. `, ...guesses(card, strong))];
  const parts = ["Labeled ", strong(card.given), `${who}. `];
  const value = card.probabilities[card.given];
  if (value === undefined) parts.push("The model has not compared it with the other labels yet.");
  else if (card.predicted !== card.given)
    parts.push("The other labels suggest ", strong(card.predicted), ` and give this label a chance of ${chance(value)}.`);
  else parts.push(`The other labels agree: they give it a chance of ${chance(value)}.`);
  return [el("p", {}, ...parts)];
}

// A probability in whole percent that never becomes 0%.
export function chance(value) {
  return value > 0 && value < 0.005 ? "under 1%" : percent(value);
}

// The caption of a card in the filmstrip.
export function caption(card, name) {
  if (card.given === null) return card.opinions.length > 1 ? card.opinions.map((one) => said(one, name)).join(" / ") : "?";
  return `${name(card.given)}?`;
}

function meanwhile({ opinions, given }, strong) {
  const who = opinions.at(-1)?.annotator;
  if (given === undefined) return ["Its answer was taken back, or it is not here any more. Enter goes on."];
  return [`${who ?? "Somebody"} decided `, strong(given), " a moment ago. Enter keeps that; a class key decides again."];
}

function guesses(card, strong) {
  const likely = Object.entries(card.probabilities).sort((a, b) => b[1] - a[1]).slice(0, 2);
  if (!likely.length) return ["The model has no guess for it yet."];
  const parts = likely.flatMap(([id, value], at) => [at ? " or " : "", strong(Number(id)), ` (${chance(value)})`]);
  return ["The model’s guess: ", ...parts, "."];
}

function opinion(one, name) {
  const seconds = one.seconds === null ? null : el("span.small", {}, `after ${one.seconds.toFixed(1)} s`);
  return el("div.opinion", {}, el("span.who", {}, one.annotator), el("strong", {}, said(one, name)), seconds);
}

function said(one, name) {
  return one.class_id === null ? one.kind : name(one.class_id);
}
