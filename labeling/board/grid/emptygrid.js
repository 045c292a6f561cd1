// What stands in the grid while there is no page, and what to do next.

import { el } from "../dom.js";
import { link } from "../states.js";
import { canGuess } from "../status.js";

// `passed` samples were left out here; `again` brings them back.
export function emptyGrid(status, outbox, passed, again) {
  const [title, text, ...more] = words(status, outbox, passed);
  const bring = el("button.action", { type: "button", onclick: again }, "show them again");
  return el(
    "div.empty",
    {},
    el("h2", {}, title),
    el("p", {}, text),
    el("p.links", {}, passed && status ? bring : null, ...more.map(([name, path]) => link(name, path))),
  );
}

function words(status, outbox, passed) {
  if (outbox.offline)
    return ["Offline", "Your answers are kept in this browser. The next page comes as soon as the server answers again."];
  if (!status) return ["Loading the first page …", ""];
  if (passed) return ["The rest was left out", `${passed} images were left out on the pages before.`, ["Label them one by one", "."]];
  const { labels, skipped, unsure, total } = status;
  if (total && labels + skipped + unsure >= total)
    return [
      "Every image has an answer",
      `${labels} of ${total} labeled. Well done.`,
      ["Export the labels", "export"],
      ["See how good the model is", "progress"],
    ];
  if (status.round_id !== null)
    return ["Nothing left for you just now", "The last images are open in other browsers, or are not prepared yet. They come here then."];
  if (status.error) return ["There is no model", status.error, ["Open Setup", "setup"]];
  if (canGuess(status))
    return ["The model is on its way", "Your labels are there; the images are still being prepared, and the line below says how far that is. The page comes by itself."];
  return [
    "No guess to sort by yet",
    "The grid shows what the model believes. Label a few images of two classes first.",
    ["Label some images", "."],
  ];
}
