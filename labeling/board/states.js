// The text on the stage while there is no sample, and a link to the next step.

import { el } from "./dom.js";
import { counted } from "./status.js";

// `one` and `many` are the medium’s words.
export function emptyState(status, outbox, dry, { one, many }) {
  const [title, text, ...links] = words(status, outbox, dry, one, many);
  return el(
    "div.empty",
    { role: "status" },
    el("h2", {}, title),
    text ? el("p", {}, text) : null,
    links.length ? el("p.links", {}, ...links.map(([name, path]) => link(name, path))) : null,
  );
}

function words(status, outbox, dry, one, many) {
  if (outbox.offline)
    return ["Offline", `Your answers are kept in this browser. The next ${many} come when the server answers again.`];
  if (!status || !dry) return [`Loading the next ${many} …`, ""];
  const { ingest, total, labels, skipped, unsure, error } = status;
  if (total === 0 && (ingest.stage === "failed" || error))
    return [`Your ${many} cannot be read`, error ?? ingest.error ?? "", ["Open Setup", "setup"]];
  if (total === 0 && ingest.stage !== "done") return [`Reading your ${many} …`, `${counted(ingest.done, "file")} so far`];
  if (total === 0)
    return [`There is no ${one} here`, leftOut(status) || `Open other ${many} under Setup.`, ["Open Setup", "setup"]];
  const answered = labels + skipped + unsure;
  if (answered < total)
    return ["Nothing left for you right now", `The last ${many} are open in other browsers. Those that stay unanswered come back here.`];
  const rest = [skipped && `${skipped} skipped`, unsure && `${unsure} unsure`].filter(Boolean);
  const counts = [`${labels} of ${total} labeled`, ...rest].join(", ");
  return [
    `Every ${one} has an answer`,
    `${counts}. Well done. ${leftOut(status)}`,
    ["Export the labels", "export"],
    ["See how good the model is", "model"],
  ];
}

// What a person reads before the first answer of the project; empty after it.
export function firstWords(status, classes, creates, { one, many }) {
  if (!status?.total || status.labels + status.skipped + status.unsure) return "";
  const start = `You are labeling ${counted(status.total, one, many)}`;
  if (!classes.length)
    return creates ? `${start}. Type the name of a class into the field and press Enter.` : `${start}. A reviewer has to create a class first.`;
  const press = classes.length > 10 ? "Press the key of a class." : "Press a number.";
  const act = matchMedia("(hover: none)").matches ? "Touch a class." : press;
  return `${start} into ${counted(classes.length, "class", "classes")}. ${act}`;
}

// The labels that came with the samples, as long as nobody has decided whether to import them.
export function offeredLabels(status) {
  const { labels_found: labels, classes_found: classes } = status?.ingest ?? {};
  return labels ? `Import the ${counted(labels, "label")} of ${counted(classes, "class", "classes")} that came with them` : "";
}

// Which files were left out, and that answers to them are kept.
function leftOut({ left_out: count, left_out_names: names }) {
  if (!count) return "";
  const more = count > names.length ? ` and ${count - names.length} more` : "";
  const files = count === 1 ? "1 file cannot be read and is" : `${count} files cannot be read and are`;
  return `${files} left out: ${names.join(", ")}${more}. Answers to them are kept; Setup lists the reasons.`;
}

// A link to another screen: Streamlit's own link if there is one, which needs no reload.
export function link(name, path) {
  const href = new URL(path, document.baseURI).href;
  const onclick = (event) => {
    const own = [...document.querySelectorAll("a")].find((one) => one.href === href);
    if (!own) return;
    event.preventDefault();
    own.click();
  };
  return el("a.link", { href, onclick }, name);
}
