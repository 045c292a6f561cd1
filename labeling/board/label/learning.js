// What the model has learned, under the classes: its measured accuracy with a curve, what the last
// labels changed, and a quiet pulse when a new round has landed. An annotator of a team sees only
// their own share.

import { el, hide, put } from "../dom.js";
import { canGuess, counted } from "../status.js";

const [WIDE, HIGH] = [120, 48]; // of the curve, in its own units
const EDGE = 3;
const NONE = [];
const PULSE = [{ opacity: 1, transform: "scale(1.9)" }, { opacity: 0.45, transform: "none" }];

export class Learning {
  // `words` are the medium’s.
  constructor(words) {
    this.medium = words;
    this.dot = el("span.pulse", { "aria-hidden": "true" });
    this.value = el("strong.accuracy");
    this.text = el("p.measured");
    this.moved = el("p.moved");
    this.own = el("p.own");
    this.goal = el("progress", { max: 1, "aria-label": "share of your goal" });
    this.curve = el("div.curve");
    this.words = el("div.words", {}, this.value, this.text);
    this.node = el(
      "section.learning",
      { "aria-label": "what the model has learned" },
      el("div.row", {}, this.dot, this.words, this.curve),
      el("div.row.share", {}, this.own, this.goal),
      this.moved,
    );
  }

  // A new round has landed.
  landed({ moved, round_id }) {
    this.node.dataset.round = round_id;
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches)
      this.dot.animate(PULSE, { duration: 900, easing: "ease-out" });
    if (moved?.labels) put(this.moved, movedText(moved));
  }

  show(status, figures) {
    const { known } = figures;
    const alone = known?.alone ?? false;
    this.#showModel(status, known, alone);
    hide(this.moved, alone || !known);
    const goal = known?.goal_person ?? 0;
    const own = alone || goal > 0;
    hide(this.own.parentElement, !own);
    hide(this.goal, !goal);
    if (!own) return;
    put(this.own, goal ? `you: ${figures.labels} of ${goal}` : `you: ${counted(figures.labels, "label")}`);
    this.goal.value = goal ? Math.min(1, figures.labels / goal) : 0;
  }

  #showModel(status, known, alone) {
    const accuracy = known?.accuracy;
    const now = accuracy?.accuracy;
    hide(this.words.parentElement, alone);
    hide(this.value, !now);
    if (now) put(this.value, `${whole(now.value)}%`);
    this.words.title = now ? `Of your ${this.medium.many} without an answer, the model gets so many right. Measured on answers that it had not seen, with the 95% interval.` : "";
    put(this.text, known ? measuredText(status, accuracy, this.medium) : "…");
    const points = accuracy?.points ?? NONE;
    hide(this.curve, points.length < 2);
    if (points === this.drawn) return;
    this.drawn = points;
    this.curve.replaceChildren(...(points.length < 2 ? [] : [curve(points)]));
  }
}

function measuredText(status, accuracy, words) {
  if (!status || !canGuess(status)) return "The model starts to guess once two classes have a label.";
  if (!accuracy) return "The model is on its way.";
  const { accuracy: now, left, labels_left: more, checks, needed } = accuracy;
  if (now) return `right on the rest (${whole(now.low)} to ${whole(now.high)}%)`;
  if (!left) return `Every ${words.one} has an answer: nothing is left to guess.`;
  if (more === null) return "Blind checks are switched off, so the accuracy cannot be measured.";
  return `About ${counted(more, "more label")} until the accuracy can be measured: ${checks} of ${needed} blind checks.`;
}

function movedText({ guesses, labels }) {
  const changed = guesses ? `moved ${counted(guesses, "guess", "guesses")}` : "moved no guess";
  if (labels === 1) return `This label ${changed}.`;
  return labels > 1 ? `The last ${labels} labels ${changed}.` : `Taking back ${changed}.`;
}

function whole(value) {
  return Math.round(value * 100);
}

// The measured points over the labels, joined by straight lines, with their intervals behind. It is
// as high as the intervals are.
function curve(points) {
  const [first, last] = [points[0].labels, points.at(-1).labels];
  const x = ({ labels }) => EDGE + ((labels - first) / Math.max(1, last - first)) * (WIDE - 2 * EDGE);
  const [least, most] = [Math.min(...points.map((one) => one.low)), Math.max(...points.map((one) => one.high))];
  const y = (value) => HIGH - EDGE - ((value - least) / Math.max(0.01, most - least)) * (HIGH - 2 * EDGE);
  const at = (one, value) => `${x(one).toFixed(1)},${y(value).toFixed(1)}`;
  const high = points.map((one) => at(one, one.high));
  const low = points.map((one) => at(one, one.low)).reverse();
  const line = points.map((one) => at(one, one.value));
  const [endX, endY] = line.at(-1).split(",");
  const words = `measured accuracy: ${whole(points[0].value)}% after ${first} labels, ${whole(points.at(-1).value)}% after ${last}`;
  const node = drawing("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": words, "data-points": points.length });
  const title = drawing("title");
  title.textContent = words;
  node.append(
    title,
    drawing("polygon", { points: [...high, ...low].join(" ") }),
    drawing("polyline", { points: line.join(" ") }),
    drawing("circle", { cx: endX, cy: endY, r: EDGE - 0.5 }),
  );
  return node;
}

function drawing(tag, attributes = {}) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
