"""Answers: append-only facts by people. Undo, skip and unsure are answers too."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labeling.errors import AnswerError
from labeling.store.schema import ANSWERS, CLASSES, LEASES, SAMPLES

if TYPE_CHECKING:
    from labeling.store.database import Database

KINDS = ("label", "skip", "unsure", "undo")
SOURCES = ("human", "accepted", "propagated", "imported")
LONGEST_SECONDS = 3600.0


@dataclass(frozen=True)
class NewAnswer:
    """An answer as a person gives it; `client_id` makes a repeated delivery harmless.

    `undoes` is the client id of the answer that an undo takes back, and `certificate_id` the
    certificate on whose strength a pre-label was accepted that nobody has looked at.
    """

    client_id: str
    sample_id: str
    kind: str
    class_id: int | None = None
    undoes: str | None = None
    seconds: float | None = None
    source: str = "human"
    certificate_id: int | None = None


@dataclass(frozen=True)
class Answer:
    """A stored answer with what was shown when it was given."""

    id: int
    client_id: str
    sample_id: str
    kind: str
    class_id: int | None
    undoes: int | None
    annotator: str
    at: float
    seconds: float | None
    source: str
    round_id: int | None
    query: str | None
    score: float | None
    acquisition_probability: float | None
    predicted_class: int | None
    predicted_confidence: float | None
    shown: bool
    certificate_id: int | None = None


class Answers:
    """Every answer ever given, and the queries that derive the present from them."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def append(self, annotator: str, answers: Sequence[NewAnswer]) -> list[int]:
        """Commit answers in order and return their ids; a known client id is not stored twice.

        Raises AnswerError, and stores none of them, if one names an unknown sample, class or
        answer.
        """
        with self._database.write() as connection:
            return [_append_one(connection, annotator, answer) for answer in answers]

    def all(self) -> list[Answer]:
        """The full history, oldest first."""
        return self._fetch(sa.select(ANSWERS).order_by(ANSWERS.c.id))

    def standing(self) -> list[Answer]:
        """Answers that have not been undone, oldest first, without the undos themselves."""
        return self._fetch(_standing().order_by(ANSWERS.c.id))

    def current(self, sample_ids: Sequence[str] | None = None) -> dict[str, Answer]:
        """The answer that counts for each sample (of the named ones): its latest standing one."""
        query = _standing().order_by(ANSWERS.c.id)
        if sample_ids is not None:
            query = query.where(ANSWERS.c.sample_id.in_(sample_ids))
        return {answer.sample_id: answer for answer in self._fetch(query)}

    def ever_answered(self, sample_ids: Sequence[str]) -> set[str]:
        """Which of the samples have any answer, be it undone since."""
        query = sa.select(ANSWERS.c.sample_id).where(ANSWERS.c.sample_id.in_(sample_ids))
        with self._database.read() as connection:
            return set(connection.scalars(query))

    def latest(self, annotator: str, count: int) -> list[Answer]:
        """The annotator's last answers that stand, newest first."""
        query = _standing().where(ANSWERS.c.annotator == annotator)
        return self._fetch(query.order_by(ANSWERS.c.id.desc()).limit(count))

    def last_id(self) -> int:
        """The id of the newest answer, 0 if there is none."""
        with self._database.read() as connection:
            return connection.scalar(sa.select(sa.func.max(ANSWERS.c.id))) or 0

    def _fetch(self, query: sa.Select[Any]) -> list[Answer]:
        with self._database.read() as connection:
            return [Answer(**row._mapping) for row in connection.execute(query)]


def _standing() -> sa.Select[Any]:
    undo = ANSWERS.alias("undo")
    undone = sa.exists().where(undo.c.undoes == ANSWERS.c.id)
    return sa.select(ANSWERS).where(ANSWERS.c.kind != "undo", ~undone)


def _append_one(connection: sa.Connection, annotator: str, answer: NewAnswer) -> int:
    known = connection.scalar(
        sa.select(ANSWERS.c.id).where(ANSWERS.c.client_id == answer.client_id)
    )
    if known is not None:
        return int(known)
    undoes = _checked(connection, answer)
    offer = {"shown": False} if answer.kind == "undo" else _offer(connection, answer.sample_id)
    result = connection.execute(
        sa.insert(ANSWERS).values(
            client_id=answer.client_id,
            sample_id=answer.sample_id,
            kind=answer.kind,
            class_id=answer.class_id,
            undoes=undoes,
            annotator=annotator,
            at=time.time(),
            seconds=_plausible(answer.seconds),
            source=answer.source,
            certificate_id=answer.certificate_id,
            **offer,
        )
    )
    if answer.kind != "undo":
        connection.execute(sa.delete(LEASES).where(LEASES.c.sample_id == answer.sample_id))
    key = result.inserted_primary_key
    assert key is not None  # an INSERT of one row always has one
    return int(key[0])


def _offer(connection: sa.Connection, sample_id: str) -> dict[str, Any]:
    """What was shown with a sample: by its lease, or by its first answer if that is changed.

    A slip that is mended must not turn a blind audit pick into one whose label was known.
    """
    lease, first = (
        connection.execute(sa.select(table).where(where).limit(1)).first()
        for table, where in (
            (LEASES, LEASES.c.sample_id == sample_id),
            (ANSWERS, (ANSWERS.c.sample_id == sample_id) & ANSWERS.c.query.is_not(None)),
        )
    )
    changed = lease is None or lease.query == "again" or (first and first.query == "audit")
    shown = first if first is not None and changed else lease
    return {name: getattr(shown, name) for name in _OFFER_FIELDS} if shown else {"shown": False}


def _checked(connection: sa.Connection, answer: NewAnswer) -> int | None:
    """Check an answer against the database; the row id of the answer that it undoes, if any."""
    if answer.kind not in KINDS or answer.source not in SOURCES:
        raise AnswerError(f"Unknown kind or source of answer: {answer.kind!r}, {answer.source!r}.")
    if (answer.kind == "label") != (answer.class_id is not None):
        raise AnswerError("A label needs a class, and only a label has one.")
    if (answer.kind == "undo") != (answer.undoes is not None):
        raise AnswerError("An undo needs the answer that it undoes, and only an undo has one.")
    if not connection.scalar(sa.select(SAMPLES.c.id).where(SAMPLES.c.id == answer.sample_id)):
        raise AnswerError(f"There is no sample {answer.sample_id[:16]}… in this project.")
    if answer.class_id is not None and not 0 < answer.class_id < 2**63:  # what SQLite can hold
        raise AnswerError(f"There is no class {answer.class_id}.")
    if answer.class_id is not None and not connection.scalar(
        sa.select(CLASSES.c.id).where(
            CLASSES.c.id == answer.class_id, CLASSES.c.archived.is_(False)
        )
    ):
        raise AnswerError(f"There is no class {answer.class_id} any more; choose another class.")
    if answer.undoes is None:
        return None
    target = connection.execute(
        sa.select(ANSWERS.c.id, ANSWERS.c.kind, ANSWERS.c.sample_id).where(
            ANSWERS.c.client_id == answer.undoes
        )
    ).one_or_none()
    if target is None or target.kind == "undo" or target.sample_id != answer.sample_id:
        raise AnswerError("The answer to undo is not in this project, or is of another sample.")
    return int(target.id)


def _plausible(seconds: float | None) -> float | None:
    """Time on screen in seconds; a tab left open overnight is not time spent."""
    if seconds is None or not 0.0 <= seconds <= LONGEST_SECONDS:
        return None
    return seconds


_OFFER_FIELDS = (
    "round_id",
    "query",
    "score",
    "acquisition_probability",
    "predicted_class",
    "predicted_confidence",
    "shown",
)
