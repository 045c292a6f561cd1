// A whole text for the stage and for an enlarged tile, with the other columns of its row below.

import { el } from "../../dom.js";
import { linesOf } from "./lines.js";
import { choice, choose } from "./choices.js";

// A promise of {text, length, whole, context}.
export async function load(api, card) {
  return read(api.content(card.sample_id, "view"));
}

export async function read(address) {
  const reply = await fetch(address);
  if (!reply.ok) throw new Error(reply.statusText);
  return reply.json();
}

// Make the elements, so that they need only be put into the page.
export function ready(content) {
  content.words = el("div.words", {}, ...linesOf(content.text));
  content.folded = columns(content);
  content.page = el("article.page", { tabindex: 0 }, el("div.column", {}, content.words, cut(content), content.folded));
}

// The whole text of a tile.
export function large(api, card) {
  const node = el("div.whole", { "aria-busy": "true" });
  load(api, card).then(
    (content) => {
      ready(content);
      fold(content);
      node.replaceChildren(content.page);
      node.removeAttribute("aria-busy");
    },
    () => node.replaceChildren(el("p", {}, "It cannot be shown now.")),
  );
  return node;
}

// The beginning, for those who do not see it.
export function said({ text }) {
  return text.length > 300 ? `${text.slice(0, 300)} …` : text;
}

function cut({ text, length, whole }) {
  const [shown, all] = [[...text].length, length].map((count) => count.toLocaleString("en"));
  return whole ? null : el("p.cut", {}, `The first ${shown} of ${all} characters.`);
}

// Shown or folded as this person chose last.
export function fold({ folded }) {
  if (folded) folded.open = choice("context") ?? true;
}

function columns({ context }) {
  const rows = Object.entries(context);
  if (!rows.length) return null;
  const node = el(
    "details.context",
    { open: true },
    el("summary", {}, "other columns"),
    el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", { dir: "auto" }, name), el("dd", { dir: "auto" }, value)])),
  );
  node.firstElementChild.addEventListener("click", () => choose("context", !node.open));
  return node;
}
