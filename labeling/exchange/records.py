"""What every format writes: one record for each file of the pool, or for each answer."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from labeling.answers.consensus import current
from labeling.errors import UnreadableError
from labeling.media import MEDIA
from labeling.pool.source import Source
from labeling.project.project import Project
from labeling.store import Answer, LabelClass, Sample, Told

# What reading a file raises that has left the pool, or its zip.
GONE = (OSError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error, UnreadableError)


@dataclass(frozen=True)
class Record:
    """The present state of one file of the pool.

    There is one record for each path, since people join on paths; identical files share a
    `sha256`. `kind` is label, skip or unsure, and None where nobody has answered. `predicted`,
    `confidence` and `round` are what the model said before the answer, `shown` whether the
    annotator saw it. `certificate` is the one on which a pre-label was accepted unseen. `path` is
    empty if the file has left the pool but its answer stands. `text` stands for a sample whose path
    says little, see `Medium.quote`.
    """

    path: str
    label: str | None
    kind: str | None
    class_id: int | None
    annotator: str | None
    seconds: float | None
    source: str | None
    predicted: str | None
    confidence: float | None
    shown: bool | None
    round: int | None
    query: str | None
    score: float | None
    acquisition_probability: float | None
    certificate: int | None
    answered_at: datetime | None
    sha256: str
    text: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Event(Record):
    """One answer of the history, undos included; `path` is the first path of its sample.

    `undoes` is the `answer_id` of the answer that an undo takes back. An answer `stands` unless it
    was undone or rewound, or its class was split; merges decide what it `counts_as`.
    """

    answer_id: int
    client_id: str
    undoes: int | None
    stands: bool = True
    counts_as: str | None = None


@dataclass(frozen=True)
class Contents:
    """What is written of a project: every class, every sample, and the answers wanted.

    `history` says whether `answers` are all answers ever given, or the current ones. A history
    keeps the words of its time; `told` says by id what is now known of each.
    """

    project: str
    source: Source
    answers: Sequence[Answer]
    classes: Sequence[LabelClass]
    samples: Mapping[str, Sample]
    told: Mapping[int, Told]
    history: bool

    @classmethod
    def of(cls, project: Project, *, history: bool, pseudonyms: bool = False) -> "Contents":
        """Read a project as it stands now, with `pseudonyms` in place of people's names."""
        store = project.store
        # Classes and samples are never deleted, so those read after the answers cover them.
        told = {one.answer.id: one for one in store.answers.history()} if history else {}
        answers = (
            [one.answer for one in told.values()]
            if history
            else list(current(store.answers.standing()).values())
        )
        if pseudonyms:
            # Ordered by first answers, which are never deleted: the same in each export.
            names = {name: f"annotator-{n}" for n, name in enumerate(store.answers.shares(), 1)}
            answers = [replace(one, annotator=names[one.annotator]) for one in answers]
        classes = store.classes.all(archived=True)
        samples = store.samples.many()
        return cls(project.name, project.source, answers, classes, samples, told, history)

    @property
    def columns(self) -> list[str]:
        """The fields of each record; without `text` where the path says enough."""
        kind, said = Event if self.history else Record, MEDIA[self.source.medium].quote
        return [one.name for one in fields(kind) if said or one.name != "text"]

    @property
    def stem(self) -> str:
        """What the file of records is called, without its suffix."""
        return "history" if self.history else "labels"

    def records(self) -> Iterator[Record]:
        """Events in the order of the answers, or records in the order of the pool."""
        names = {one.id: one.name for one in self.classes}
        if self.history:
            for answer in self.answers:
                path = next(iter(self.samples[answer.sample_id].paths), "")
                told = self.told[answer.id]
                yield Event(
                    path=path,
                    sha256=answer.sample_id,
                    text=self._text(path),
                    answer_id=answer.id,
                    client_id=answer.client_id,
                    undoes=answer.undoes,
                    stands=told.stands,
                    counts_as=None if told.counts_as is None else names[told.counts_as],
                    **_facts(answer, names),
                )
            return
        counting = {answer.sample_id: answer for answer in self.answers}
        for sample in self.samples.values():
            found = counting.get(sample.id)
            if found is None and sample.problem is not None:
                continue  # it was never shown to anybody
            facts = _facts(found, names) if found else dict.fromkeys(_FACTS)
            # An answer must not be lost because its file was.
            for path in sample.paths or (("",) if found else ()):
                yield Record(path=path, sha256=sample.id, text=self._text(path), **facts)

    def _text(self, path: str) -> str | None:
        """What stands for the sample at a path; None if it is gone, or if the path says enough."""
        quote = MEDIA[self.source.medium].quote
        if quote is None or not path:
            return None
        with suppress(*GONE):
            return quote(self.source.read(path))
        return None


def _facts(answer: Answer, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "label": None if answer.class_id is None else names[answer.class_id],
        "kind": answer.kind,
        "class_id": answer.class_id,
        "annotator": answer.annotator,
        "seconds": answer.seconds,
        "source": answer.source,
        "predicted": None if answer.predicted_class is None else names[answer.predicted_class],
        "confidence": answer.predicted_confidence,
        "shown": answer.shown,
        "round": answer.round_id,
        "query": answer.query,
        "score": answer.score,
        "acquisition_probability": answer.acquisition_probability,
        "certificate": answer.certificate_id,
        "answered_at": datetime.fromtimestamp(answer.at, UTC),
    }


_FACTS = tuple(
    name for name in Record.__dataclass_fields__ if name not in ("path", "sha256", "text")
)
