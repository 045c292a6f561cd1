// The text in place of the grid while there is no page, and the next step.

import { el } from "../dom.js";
import { link } from "../states.js";
import { canGuess, counted } from "../status.js";

// `passed` is the number of samples left out here, and `isCut` whether only guesses of a certain
// confidence are shown; `again` brings back what is not shown.
// `one` and `many` are the medium’s words.
export function emptyGrid(status, outbox, passed, again, isCut, { one, many }) {
  const [title, text, ...more] = words(status, outbox, passed, isCut, one, many);
  const name = passed ? "show them again" : "show every guess";
  const bring = el("button.action", { type: "button", onclick: again }, name);
  return el(
    "div.empty",
    {},
    el("h2", {}, title),
    el("p", {}, text),
    el("p.links", {}, status && (passed || (isCut && !isDone(status))) ? bring : null, ...more.map(([name, path]) => link(name, path))),
  );
}

function isDone({ labels, skipped, unsure, total }) {
  return total > 0 && labels + skipped + unsure >= total;
}

function words(status, outbox, passed, isCut, one, many) {
  if (outbox.offline)
    return ["Offline", "Your answers are kept in this browser. The next page comes when the server answers again."];
  if (!status) return ["Loading the first page …", ""];
  if (passed) return ["The rest was left out", `Left out on the pages before: ${counted(passed, one, many)}.`, ["Label them one by one", "."]];
  const { labels, total } = status;
  if (isDone(status))
    return [
      `Every ${one} has an answer`,
      `${labels} of ${total} labeled. Well done.`,
      ["Export the labels", "export"],
      ["See how good the model is", "model"],
    ];
  if (isCut && status.round_id !== null)
    return ["No guess of this confidence", "What is left is more or less sure than you chose above."];
  if (status.round_id !== null)
    return ["Nothing left for you right now", `The last ${many} are open in other browsers, or are not prepared yet. They appear here later.`];
  if (status.error) return ["There is no model", status.error, ["Open Setup", "setup"]];
  if (canGuess(status))
    return ["The model is on its way", `Your labels are stored; the ${many} are still being prepared, and the line below shows the progress. The page comes by itself.`];
  return [
    "No guess to sort by yet",
    `The grid shows the model’s guesses. Label a few ${many} of two classes first.`,
    [`Label some ${many}`, "."],
  ];
}
