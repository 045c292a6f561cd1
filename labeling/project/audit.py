"""The audit trail for people to read: who did what and when, from answers and log."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from labeling.project.project import Project
from labeling.spreadsheet import iso, to_cell
from labeling.store import Certificate, Entry, Told

ANSWERED = "answer"
COLUMNS = ("when", "who", "what", "detail", "counts", "answer", "change")


@dataclass(frozen=True)
class Deed:
    """One action of a person; `counts` says whether it still counts, None if it never does.

    `answer` is an answer's id, `change` the id of an entry of the log.
    """

    at: float
    who: str
    what: str
    detail: str
    counts: bool | None = None
    answer: int | None = None
    change: int | None = None


def trail(project: Project, who: str = "", what: str = "", since: float = 0.0) -> list[Deed]:
    """All actions, oldest first; of one person, of one kind, since a moment.

    `what` is a kind or the beginning of one: “class” means all changes of classes.
    """
    store = project.store
    deeds = [_entry(one) for one in store.log.all()]
    for one in store.certificates.all():
        deeds += _certificate(one)
    if not what or ANSWERED.startswith(what):
        samples = store.samples.many()
        names = store.classes.names()
        for told in store.answers.history():
            paths = samples[told.answer.sample_id].paths
            deeds.append(_answer(told, next(iter(paths), told.answer.sample_id[:12]), names))
    wanted = [
        one
        for one in deeds
        if one.at >= since and (not who or one.who == who) and one.what.startswith(what)
    ]
    return sorted(wanted, key=lambda one: one.at)


def as_csv(deeds: Iterable[Deed]) -> str:
    """The trail as CSV; no cell can run as a formula."""
    stream = io.StringIO()
    table = csv.writer(stream)
    table.writerow(COLUMNS)
    for one in deeds:
        when = iso(datetime.fromtimestamp(one.at, UTC))
        cells = (one.who, one.what, one.detail, one.counts, one.answer, one.change)
        table.writerow([when, *(to_cell(cell) for cell in cells)])
    return stream.getvalue()


def kinds(deeds: Sequence[Deed]) -> list[str]:
    """The kinds of actions."""
    return sorted({one.what for one in deeds})


def _entry(one: Entry) -> Deed:
    counts = one.in_force if one.edits or one.kind == "rewound" else None
    return Deed(one.at, one.by, one.kind, one.text, counts, change=one.id)


def _answer(told: Told, path: str, names: dict[int, str]) -> Deed:
    one = told.answer
    said = {"skip": "skipped", "unsure": "was unsure of", "undo": f"undid answer {one.undoes} to"}
    text = f"{said.get(one.kind, 'labeled')} {path}"
    if one.class_id is not None:
        text += f" as “{names[one.class_id]}”"
        if told.counts_as != one.class_id and told.counts_as is not None:
            text += f", which counts as “{names[told.counts_as]}”"
    if one.source != "human":
        text += f" ({one.source})"
    counts = None if one.kind == "undo" else told.stands
    return Deed(one.at, one.annotator, ANSWERED, text, counts, answer=one.id)


def _certificate(one: Certificate) -> list[Deed]:
    """When a certificate was begun and how it ended; it does not know who began it."""
    claim = f"certificate {one.id}: {one.kind} {one.claim:.0%}"
    began = Deed(one.at, "", "certificate begun", claim)
    if one.ended is None or one.end is None:
        return [began]
    how = one.end.replace("_", " ")
    return [began, Deed(one.ended, "", "certificate ended", f"certificate {one.id}: {how}")]
