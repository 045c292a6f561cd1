"""Answers: append-only facts by people. Undo, skip and unsure are answers too."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labeling.errors import AnswerError, UnstorableError
from labeling.store.classes import why_not_class
from labeling.store.mark import Mark, Marker
from labeling.store.provenance import NOTHING, Before
from labeling.store.sql.schema import ANSWERS, CLASSES, LEASES, SAMPLES
from labeling.store.standing import (
    COLUMNS,
    COUNTED_CLASS,
    IS_STANDING,
    STANDING,
    VALID,
)
from labeling.targets import ONE_CLASS

if TYPE_CHECKING:
    from labeling.store.sql.database import Database

ADJUDICATED = "adjudicated"  # a reviewer's decision
SOURCES = ("human", "accepted", "propagated", "imported", ADJUDICATED)
LONGEST_SECONDS = 3600.0


@dataclass(frozen=True)
class NewAnswer:
    """An answer as a person gives it; its `client_id` makes a repeated delivery harmless.

    `undoes` is the client id of the answer that an undo takes back. `round_id` is the round of the
    card on screen, 0 if it had none, None if unknown. `certificate_id` is the certificate by which
    a pre-label was accepted without a look.
    """

    client_id: str
    sample_id: str
    kind: str
    class_id: int | None = None
    undoes: str | None = None
    seconds: float | None = None
    source: str = "human"
    round_id: int | None = None
    certificate_id: int | None = None


@dataclass(frozen=True)
class Answer:
    """A stored answer, and what was shown when it was given."""

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


@dataclass(frozen=True)
class Told:
    """An answer as it was given, whether it counts now, and as which class."""

    answer: Answer
    stands: bool
    counts_as: int | None


@dataclass(frozen=True)
class Own:
    """How many samples one annotator has labeled, in all and since a moment."""

    labels: int
    lately: int


@dataclass(frozen=True)
class Share:
    """One annotator's labels that count, and the time of the last answer."""

    labels: int
    last: float


class Answers:
    """Every answer ever given, and the queries that derive the current state."""

    def __init__(self, database: "Database") -> None:
        self._database = database
        self.marker = Marker(Mark(database.identity(), self.last_id()))

    def append(
        self, annotator: str, answers: Sequence[NewAnswer], *, own: bool = False
    ) -> list[int]:
        """Commit answers in order and return their ids; one that is sent again is stored once.

        Raises AnswerError, and stores none of them, if one names an unknown sample, class or
        answer, or has the client id of another answer or of one that does not count any more. With
        `own` each is one person's opinion: it undoes no other person's answer, and stands beside
        them.
        """
        try:
            with self._database.write() as connection:
                ids = [_append_one(connection, annotator, answer, own) for answer in answers]
            self.marker.note(max(ids, default=0))
            return ids
        except UnstorableError as error:
            raise AnswerError(str(error)) from error
        except AnswerError:
            self._database.memo.forget()  # the sender may know more, or less
            raise

    def all(self, annotator: str | None = None) -> list[Answer]:
        """The history (of one annotator), oldest first, with undone but no withdrawn answers."""
        query = VALID.order_by(ANSWERS.c.id)
        return self._fetch(query if annotator is None else query.filter_by(annotator=annotator))

    def history(self) -> list[Told]:
        """Every answer ever given, oldest first, as it was worded then."""
        query = sa.select(*ANSWERS.c, IS_STANDING, COUNTED_CLASS.label("counts_as"))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(ANSWERS.c.id))
            return [
                Told(Answer(*row[:-2]), row[-2] and row.kind != "undo", row[-1]) for row in rows
            ]

    def count(self) -> int:
        """The number of answers ever given."""
        with self._database.read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(ANSWERS)) or 0

    def standing(self) -> list[Answer]:
        """Answers that were not undone, oldest first, without the undos."""
        return self._fetch(STANDING.order_by(ANSWERS.c.id))

    def ever_answered(self, sample_ids: Sequence[str]) -> set[str]:
        """Which of the samples have any answer, undone or not."""
        query = sa.select(ANSWERS.c.sample_id).where(ANSWERS.c.sample_id.in_(sample_ids))
        with self._database.read() as connection:
            return set(connection.scalars(query))

    def latest(self, annotator: str, count: int) -> list[Answer]:
        """The annotator's last answers that were not undone, newest first."""
        query = STANDING.where(ANSWERS.c.annotator == annotator)
        return self._fetch(query.order_by(ANSWERS.c.id.desc()).limit(count))

    def shares(self) -> dict[str, Share]:
        """Each annotator's contribution, in the order of their first answers."""
        labels = sa.func.count().filter(ANSWERS.c.kind == "label", IS_STANDING)
        query = sa.select(ANSWERS.c.annotator, labels, sa.func.max(ANSWERS.c.at))
        query = query.group_by(ANSWERS.c.annotator).order_by(sa.func.min(ANSWERS.c.id))
        with self._database.read() as connection:
            return {name: Share(count, last) for name, count, last in connection.execute(query)}

    def own(self, annotator: str, since: float) -> Own:
        """How many samples one annotator has labeled, in all and since a time in seconds."""
        sample = sa.func.distinct(ANSWERS.c.sample_id)
        lately = sa.func.count(sample).filter(ANSWERS.c.at >= since)
        query = sa.select(sa.func.count(sample), lately)
        query = query.where(ANSWERS.c.annotator == annotator, ANSWERS.c.kind == "label")
        with self._database.read() as connection:
            return Own(*connection.execute(query.where(IS_STANDING)).one())

    def last_id(self) -> int:
        """The id of the newest answer, 0 without any."""
        with self._database.read() as connection:
            return connection.scalar(_LAST) or 0

    def news(self, past: int) -> tuple[list[str], list[Answer], int]:
        """What changed since the answer `past`, read at one moment.

        The newly answered samples, all standing answers of each, oldest first, and `last_id`.
        """
        with self._database.ask() as connection:
            rows = connection.execute(_NEWS, {"past": past}).all()
        standing = [Answer(*row[2:]) for row in rows if row[2] is not None]
        return list(dict.fromkeys(row[0] for row in rows)), standing, rows[0][1] if rows else past

    def _fetch(self, query: sa.Select[Any]) -> list[Answer]:
        with self._database.read() as connection:
            return [Answer(*row) for row in connection.execute(query)]


def _append_one(connection: sa.Connection, annotator: str, answer: NewAnswer, own: bool) -> int:
    facts = _facts(connection, answer)
    ONE_CLASS.check(answer.kind, answer.class_id, answer.undoes)
    if facts.known is not None:
        _check_again(annotator, answer, facts)
        return int(facts.known)
    _check(connection, answer, facts)
    if own and facts.target is not None and facts.target_annotator != annotator:
        raise AnswerError("Only the person who gave an answer can undo it.")
    values = {
        "client_id": answer.client_id,
        "sample_id": answer.sample_id,
        "kind": answer.kind,
        "class_id": answer.class_id,
        "undoes": facts.target,
        "annotator": annotator,
        "at": time.time(),
        "seconds": _plausible(answer.seconds),
        "source": answer.source,
        "certificate_id": answer.certificate_id,
    }
    if answer.kind == "undo":
        result = connection.execute(_INSERT, values | NOTHING)
    else:
        before = Before.of(connection, annotator, answer.sample_id)
        beside = own and answer.source != ADJUDICATED  # a decision is no opinion beside the others
        result = connection.execute(_INSERT, values | before.shown(answer.round_id, beside))
        if not before.keeps_lease:
            connection.execute(_RELEASE, {"sample_id": answer.sample_id})
    key = result.inserted_primary_key
    assert key is not None  # an INSERT of one row always has one
    return int(key[0])


def _facts(connection: sa.Connection, answer: NewAnswer) -> Any:
    """The rows that an answer names, or None for a missing one."""
    is_possible = answer.class_id is not None and 0 < answer.class_id < 2**31  # what an id can be
    named = {
        "client_id": answer.client_id,
        "sample_id": answer.sample_id,
        "class_id": answer.class_id if is_possible else None,
        "undoes": answer.undoes,
    }
    return connection.execute(_FACTS, named).one()


def _check_again(annotator: str, answer: NewAnswer, facts: Any) -> None:
    """Raise AnswerError if this is not the stored answer again, or if that does not count now."""
    if facts.annotator != annotator:
        raise AnswerError("An answer of another person has this client_id; make a new one.")
    stored = (facts.known_sample, facts.kind, facts.known_class, facts.undoes, facts.source)
    if stored != (answer.sample_id, answer.kind, answer.class_id, facts.target, answer.source):
        raise AnswerError("Your answer with this client_id is a different one; make a new one.")
    if not facts.stands:
        raise AnswerError(
            "This answer was stored, but it was taken back later and does not count. To give it "
            "again, make a new client_id."
        )


def _check(connection: sa.Connection, answer: NewAnswer, facts: Any) -> None:
    """Raise AnswerError for an answer that makes no sense, or not any more."""
    if answer.source not in SOURCES:
        raise AnswerError(f"Unknown source of answer: {answer.source!r}; use one of {SOURCES}.")
    if facts.sample is None:
        raise AnswerError(f"There is no sample {answer.sample_id[:16]}… in this project.")
    if answer.class_id is not None and facts.class_ is None:
        raise AnswerError(why_not_class(connection, answer.class_id))
    if answer.undoes is not None and facts.target is None:
        raise AnswerError("The answer to undo is not in this project, or is of another sample.")


def _plausible(seconds: float | None) -> float | None:
    """Time on screen in seconds; a tab left open overnight is not time spent."""
    if seconds is None or not 0.0 <= seconds <= LONGEST_SECONDS:
        return None
    return seconds


def _one(column: sa.Column[Any], *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[Any]:
    return sa.select(column).where(*where).scalar_subquery()


# Built once, since building a query takes longer than running it, and each answer runs these.
_LAST = sa.select(sa.func.max(ANSWERS.c.id))
_ROOT = CLASSES.alias("root")
_RECENT = ANSWERS.alias("recent")
_CHANGED = (
    sa.select(_RECENT.c.sample_id.label("changed"))
    .where(_RECENT.c.id > sa.bindparam("past", type_=sa.Integer))
    .distinct()
    .subquery("changed")
)
_NEWS = (  # one row for each standing answer, and one for each sample without any
    sa.select(_CHANGED.c.changed, _LAST.scalar_subquery().label("last"), *COLUMNS)
    .select_from(_CHANGED)
    .join(
        ANSWERS,
        sa.and_(ANSWERS.c.sample_id == _CHANGED.c.changed, ANSWERS.c.kind != "undo", IS_STANDING),
        isouter=True,
    )
    .order_by(ANSWERS.c.id)
)
_TARGET = ANSWERS.alias("target")
_ONE = sa.select(sa.literal(1).label("one")).subquery("one")
_FACTS = sa.select(
    ANSWERS.c.id.label("known"),
    ANSWERS.c.annotator,
    ANSWERS.c.sample_id.label("known_sample"),
    ANSWERS.c.kind,
    ANSWERS.c.class_id.label("known_class"),
    ANSWERS.c.undoes,
    ANSWERS.c.source,
    IS_STANDING.label("stands"),
    _one(SAMPLES.c.id, SAMPLES.c.id == sa.bindparam("sample_id")).label("sample"),
    _one(
        CLASSES.c.id,
        CLASSES.c.id == sa.bindparam("class_id"),
        _ROOT.c.id == sa.func.coalesce(CLASSES.c.counts_as, CLASSES.c.id),
        _ROOT.c.archived.is_(False),
    ).label("class_"),
    _one(
        _TARGET.c.id,
        _TARGET.c.client_id == sa.bindparam("undoes"),
        _TARGET.c.sample_id == sa.bindparam("sample_id"),
        _TARGET.c.kind != "undo",
    ).label("target"),
    _one(_TARGET.c.annotator, _TARGET.c.client_id == sa.bindparam("undoes")).label(
        "target_annotator"
    ),
).select_from(_ONE.outerjoin(ANSWERS, ANSWERS.c.client_id == sa.bindparam("client_id")))
_INSERT = sa.insert(ANSWERS)
_RELEASE = sa.delete(LEASES).where(LEASES.c.sample_id == sa.bindparam("sample_id"))
