// The line below the images: saved answers, labels that the model has seen, prepared images.

import { el, hide, put } from "./dom.js";

const SAVED = { saved: "✓ saved", saving: "saving", offline: "offline", stuck: "not saved" };

export class StatusLine {
  constructor() {
    this.saved = el("span.saved", { role: "status" });
    this.model = el("span.model");
    this.progress = el("progress", { max: 1, "aria-label": "share of your images that have an answer" });
    this.count = el("span.count");
    this.ingest = el("span.ingest");
    this.embedded = el("progress", { max: 1, "aria-label": "progress of the work in the background" });
    this.node = el(
      "footer.status",
      {},
      ...[this.progress, this.count, this.model, this.embedded, this.ingest, this.saved],
    );
  }

  show(status, outbox) {
    this.#showSaved(outbox);
    if (!status) return;
    const answered = status.labels + status.skipped + status.unsure;
    this.progress.max = Math.max(status.total, 1);
    this.progress.value = answered;
    const more = [
      status.skipped ? `${status.skipped} skipped` : "",
      status.unsure ? `${status.unsure} unsure` : "",
      status.left_out ? `${status.left_out} left out` : "",
    ].filter(Boolean);
    put(this.count, [`${status.labels} of ${status.total} labeled`, ...more].join(" · "));
    put(this.model, modelText(status));
    this.model.classList.toggle("failed", Boolean(status.error));
    put(this.ingest, ingestText(status.ingest));
    const { stage, done, total, bytes_done: here, bytes_total: bytes } = status.ingest;
    const [part, whole] = stage === "loading" ? [here, bytes] : [done, total];
    hide(this.embedded, !whole || !["loading", "embedding"].includes(stage));
    this.embedded.value = part / Math.max(whole, 1);
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

// Whether two classes have labels, which a model needs.
export function canGuess(status) {
  return Object.values(status.per_class).filter((count) => count > 0).length > 1;
}

function modelText(status) {
  if (status.error) return `⚠ ${status.error}`;
  if (status.round_id === null)
    return canGuess(status) ? "the model is on its way" : "the model starts to guess once two classes have a label";
  const milliseconds = Math.max(1, Math.round(status.round_seconds * 1000));
  const pinned = status.pinned ? " (restored, not training)" : "";
  return (
    `model has seen ${status.seen} of ${status.labels} labels · ` +
    `round ${status.round_id}${pinned} · ${milliseconds} ms`
  );
}

function ingestText(ingest) {
  if (ingest.stage === "scanning") return `reading files: ${ingest.done}`;
  if (ingest.stage === "loading") {
    const [done, total] = [ingest.bytes_done, ingest.bytes_total].map((bytes) => (bytes / 1e6).toFixed(0));
    return `loading the pretrained model${ingest.bytes_total ? `: ${done} of ${total} MB` : ""}`;
  }
  if (ingest.stage !== "embedding") return "";
  const left = ingest.seconds_left === null ? "" : ` · ${duration(ingest.seconds_left)} left`;
  return `${ingest.done} of ${ingest.total} prepared · ${Math.round(ingest.rate)} images/s${left}`;
}

function duration(seconds) {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
