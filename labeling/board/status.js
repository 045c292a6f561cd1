// The line below the samples: how much is done, how long the goal will take, whether the model has
// caught up, and whether the answers are saved. Figures for the curious are behind the model's part.

import { el, hide, put } from "./dom.js";

const SAVED = { saved: "✓ saved", saving: "saving", offline: "offline", stuck: "not saved" };
const RESTS = new Set(["idle", "waiting_for_labels"]);
const LEARNING = "model is learning";
const SETTLE = 600; // ms; a model that learns for less is not worth a change of words

export class StatusLine {
  // `words` are the medium’s; `pace()` gives the mode's Pace, if it has one.
  constructor({ name, who }, words, pace = () => null) {
    this.words = words;
    this.pace = pace;
    this.saved = el("span.saved", { role: "status" });
    this.where = el("span.where", { title: "the project, and who is labeling" }, el("strong", {}, name ?? ""), who ? ` · ${who}` : "");
    this.model = el("button.model", { type: "button", hidden: true, popovertarget: "diagnostics", title: "figures of the model and of your pace" });
    this.model.addEventListener("mousedown", (event) => event.preventDefault()); // the stage keeps the focus
    this.rows = el("dl");
    this.more = el("div.diagnostics", { id: "diagnostics", popover: "auto", role: "group", "aria-label": "figures of the model and of your pace" }, this.rows);
    this.more.addEventListener("toggle", ({ newState }) => newState === "open" && this.#showMore());
    this.progress = el("progress", { max: 1, "aria-label": `share of your ${words.many} that have an answer` });
    this.count = el("span.count");
    this.today = el("span.today", { hidden: true });
    this.left = el("span.left", { hidden: true });
    this.ingest = el("span.ingest");
    this.embedded = el("progress", { max: 1, "aria-label": "progress of the work in the background" });
    this.node = el(
      "footer.status",
      {},
      ...[this.where, this.progress, this.count, this.today, this.left, this.model, this.embedded, this.ingest],
      ...[this.saved, this.more],
    );
  }

  show(status, outbox, figures) {
    this.#showSaved(outbox);
    this.status = status;
    if (!status) return;
    const answered = status.labels + status.skipped + status.unsure;
    this.progress.max = Math.max(status.total, 1);
    this.progress.value = answered;
    const more = [
      status.skipped ? `${status.skipped} skipped` : "",
      status.unsure ? `${status.unsure} unsure` : "",
      status.left_out ? `${status.left_out} left out` : "",
    ].filter(Boolean);
    this.#showCount(`${status.labels} of ${status.total}`, more);
    this.#showGoal(status, figures);
    this.#showModel(status);
    put(this.ingest, ingestText(status.ingest, this.words));
    const { stage, done, total, bytes_done: here, bytes_total: bytes } = status.ingest;
    const [part, whole] = stage === "loading" ? [here, bytes] : [done, total];
    hide(this.embedded, !whole || !["loading", "embedding"].includes(stage));
    this.embedded.value = part / Math.max(whole, 1);
  }

  // The last word is read aloud only: beside a bar, “57 of 620” needs none.
  #showCount(labeled, more) {
    const wanted = [`${labeled} labeled`, ...more].join(" · ");
    if (this.count.textContent === wanted) return;
    const rest = more.map((text) => ` · ${text}`).join("");
    this.count.replaceChildren(labeled, el("span.unseen", {}, " labeled"), rest);
  }

  #showGoal(status, figures) {
    const { today } = figures;
    hide(this.today, !today);
    if (today) put(this.today, `${today} today`);
    const text = goalText(status, figures, this.pace()?.each, this.words);
    hide(this.left, !text);
    if (text) put(this.left, text);
  }

  // The facts are in the element's data at once, the words follow when they have settled.
  #showModel(status) {
    const { seen, labels, round_id: round } = status;
    Object.assign(this.model.dataset, { seen, labels, round: round ?? "" });
    this.model.hidden = false;
    this.model.classList.toggle("failed", Boolean(status.error));
    const text = modelText(status);
    if (text === LEARNING && this.model.textContent)
      this.settled ??= setTimeout(() => put(this.model, LEARNING), SETTLE);
    else {
      clearTimeout(this.settled);
      this.settled = null;
      put(this.model, text);
    }
    if (this.more.matches(":popover-open")) this.#showMore();
  }

  #showMore() {
    const rows = [...diagnostics(this.status), ...(this.pace()?.rows ?? [])];
    this.rows.replaceChildren(...rows.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]));
  }

  // «✓ saved», «saving 3», «offline 3, kept in this browser» or «not saved 3: why».
  #showSaved(outbox) {
    const { state, reason, fragile } = outbox;
    const waiting = outbox.waiting.length;
    const kept = fragile ? ", keep this tab open" : ", kept in this browser";
    const parts = [SAVED[state], waiting ? ` ${waiting}` : ""];
    if (state === "offline") parts.push(waiting ? kept : ", all saved");
    if (state === "stuck") parts.push(`: ${reason}`);
    put(this.saved, parts.join(""));
    this.saved.dataset.state = state;
  }
}

// A number with its noun: 1 image, 1,200 images.
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

// Whether two classes have labels, which a model needs.
export function canGuess(status) {
  return Object.values(status.per_class).filter((count) => count > 0).length > 1;
}

function modelText(status) {
  if (status.error) return `⚠ ${status.error}`;
  if (status.round_id === null)
    return canGuess(status) ? "the model is on its way" : "the model starts to guess once two classes have a label";
  if (status.pinned) return "model restored, not learning";
  const isNew = status.seen === status.labels || RESTS.has(status.state); // some labels may not count
  return isNew ? "model up to date" : LEARNING;
}

// How long a goal will take at this person's pace: their own, else the team's, else all samples.
function goalText(status, { known, labels }, each, words) {
  if (!known) return "";
  const { goal_person: own, goal_team: team } = known;
  if (own && labels >= own) return "your goal is reached";
  if (!own && team && status.labels >= team) return "the team’s goal is reached";
  const answered = status.labels + status.skipped + status.unsure;
  const left = own ? own - labels : (team || status.total) - (team ? status.labels : answered);
  if (!each || left <= 0) return "";
  const goal = own ? "to your goal" : team ? "to the team’s goal" : `for all ${words.many}`;
  return `${span(left * each)} ${goal}`;
}

function span(seconds) {
  if (seconds < 60) return "under a minute";
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  const hours = Math.round(seconds / 3600);
  return `about ${hours} h`;
}

function diagnostics(status) {
  if (!status || status.round_id === null) return [];
  const stages = Object.entries(status.stages).map(([name, seconds]) => `${name} ${milliseconds(seconds)}`);
  return [
    ["labels seen by the model", `${status.seen} of ${status.labels}`],
    ["round", status.pinned ? `${status.round_id}, restored` : `${status.round_id}`],
    ["time of the round", `${milliseconds(status.round_seconds)} ms (${stages.join(", ")})`],
  ];
}

function milliseconds(seconds) {
  return Math.max(1, Math.round(seconds * 1000));
}

function ingestText(ingest, words) {
  if (ingest.stage === "scanning") return `reading files: ${ingest.done}`;
  if (ingest.stage === "loading") {
    const [done, total] = [ingest.bytes_done, ingest.bytes_total].map((bytes) => (bytes / 1e6).toFixed(0));
    return `loading the pretrained model${ingest.bytes_total ? `: ${done} of ${total} MB` : ""}`;
  }
  if (ingest.stage !== "embedding") return "";
  const left = ingest.seconds_left === null ? "" : ` · ${duration(ingest.seconds_left)} left`;
  return `${ingest.done} of ${ingest.total} prepared · ${Math.round(ingest.rate)} ${words.many}/s${left}`;
}

function duration(seconds) {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
