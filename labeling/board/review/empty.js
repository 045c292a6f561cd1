// The text in place of a sample while a list is empty, and the next step.

import { el } from "../dom.js";
import { canGuess } from "../status.js";
import { link } from "../states.js";

export function emptyReview(board, deck) {
  const [title, text, ...links] = words(board, deck);
  return el(
    "div.empty",
    { role: "status" },
    el("h2", {}, title),
    text ? el("p", {}, text) : null,
    links.length ? el("p.links", {}, ...links.map(([label, path]) => link(label, path))) : null,
  );
}

const label = (many) => [`Label some ${many}`, "."];

function words(board, { view, page }) {
  const { status, medium } = board;
  const { many } = medium.words;
  if (board.outbox.offline) return ["Offline", "Your decisions are kept in this browser. The list comes when the server answers again."];
  if (!status || !page) return ["Loading the list …", ""];
  if (!status.labels && !status.unsure) return ["There is no label to review yet", `Label a few ${many} of two classes first.`, label(many)];
  return { suspects, disagreements, unsure, class: ofClass }[view.name](status, page, view, (id) => board.name(id), medium.words);
}

function suspects(status, page, view, name, { many }) {
  if (view.given != null) return ["No more of this pair", "Choose another pair of classes above, or go on one by one."];
  if (status.labels < page.fewest)
    return ["Too few labels to compare", `Labels that the others contradict are listed after ${page.fewest} labels; ${status.labels} so far.`, label(many)];
  if (!canGuess(status)) return ["There is no model yet", `Label a few ${many} of a second class.`, label(many)];
  if (status.error) return ["There is no model", status.error, ["Open Setup", "setup"]];
  if (page.judged < page.fewest)
    return ["The model is on its way", `It has compared ${page.judged} of ${status.labels} labels so far. The list comes by itself.`];
  const { thin, enough } = page;
  const few = thin.map(name);
  const more = few.length > 6 ? `${few.slice(0, 6).join(", ")} and ${few.length - 6} more` : few.join(", ");
  const labeled = Object.values(status.per_class).filter((count) => count > 0).length;
  if (thin.length >= labeled - 1 && thin.length)
    return ["Too few labels per class", `A label is compared with the others once its class has ${enough} labels. Fewer have: ${more}.`, label(many)];
  const rest = thin.length ? ` Not judged yet, with fewer than ${enough} labels: ${more}.` : "";
  return ["No label is contradicted by the others", `${page.judged} labels were compared.${rest}`, ["See how good the model is", "model"]];
}

function disagreements(_status, page, _view, _name, { one, many }) {
  if (page.team) return ["Nothing is left to decide", `People agree on every ${one} that several of them have answered.`];
  return ["Nothing to decide", `So far no ${one} is answered by several people. Setup has the share of ${many} that are, under People.`, ["Open Setup", "setup"]];
}

function unsure() {
  return ["Nothing is unsure", "Nobody has answered “unsure”, and the model leans to one class for every label."];
}

function ofClass(status, _page, { class_id: id }, name, { one, many }) {
  if (id == null) return ["There is no class yet", "Make one where you label.", label(many)];
  if (!status.per_class[id]) return [`No ${one} is labeled “${name(id)}”`, "Choose another class above.", LABEL];
  return [`Every label of “${name(id)}” has been checked`, "Choose another class above."];
}
