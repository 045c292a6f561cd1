"""History: undo a change, or go back to a moment; both are new changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labeling.errors import HistoryError
from labeling.store.certificates import ACCEPTED, TAKEN_BACK
from labeling.store.change import Change, Place, change, field_value
from labeling.store.classes import get_class, named_class
from labeling.store.log import (
    CHANGES,
    CREATED,
    REWOUND,
    SPLIT,
    UNDONE,
    Entry,
    entries,
    turned_by,
)
from labeling.store.merge_split import labels_of
from labeling.store.sql.schema import ANSWERS, CERTIFICATES, CLASSES, LOG
from labeling.store.standing import IS_STANDING

if TYPE_CHECKING:
    from labeling.store.sql.database import Database

MOST = 100  # changes in the list


@dataclass(frozen=True)
class Moment:
    """A moment of a project: its newest answer, its newest change, and its time."""

    answer: int
    change: int
    at: float


@dataclass(frozen=True)
class Taken:
    """What a rewind takes back: each person's counting answers, changes, and certificates."""

    people: dict[str, int]
    changes: tuple[Entry, ...]
    certificates: tuple[int, ...]

    @property
    def answers(self) -> int:
        return sum(self.people.values())


class History:
    """The changes of a project, each with its undo, and its moments."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def changes(self, most: int = MOST) -> list[tuple[Entry, str | None]]:
        """The newest changes by people, without undos, and why each cannot be undone."""
        with self._database.read() as connection:
            known = _changes(connection)
            shown = [
                one
                for one in reversed(known)
                if one.kind != UNDONE and (one.by or one.kind != CREATED)
            ]
            return [(one, _why_not(connection, known, one)) for one in shown[:most]]

    def undo(self, entry_id: int, by: str = "") -> Entry:
        """Undo a change; raises HistoryError with the reason if that is impossible now."""
        with self._database.read() as connection:
            if entry_id not in {one.id for one in _changes(connection)}:
                raise HistoryError(f"There is no change {entry_id} in this project.")
        with change(self._database, by, UNDONE, undoes=entry_id) as made:
            known = [one for one in _changes(made.connection) if one.id != made.id]
            entry = next(one for one in known if one.id == entry_id)
            if reason := _why_not(made.connection, known, entry):
                raise HistoryError(reason)
            made.class_id, made.text = entry.class_id, f"undid: {entry.text}"
            wanted = _to_restore(made.connection, entry)
            _free_names(made, wanted)
            made.restore(wanted)
        return entry

    def at(self, time: float) -> Moment:
        """The moment of a time, in seconds since 1970."""
        with self._database.read() as connection:
            answer, entry = (_newest(connection, of, of.c.at <= time) for of in (ANSWERS, LOG))
        return Moment(answer, entry, time)

    def at_answer(self, answer_id: int) -> Moment:
        """The moment just after an answer; raises HistoryError if no answer has that id."""
        query = sa.select(ANSWERS.c.at).where(ANSWERS.c.id == answer_id)
        with self._database.read() as connection:
            at = connection.scalar(query) if 0 < answer_id < 2**63 else None
            if at is None:
                raise HistoryError(f"There is no answer {answer_id} in this project.")
            return Moment(answer_id, _newest(connection, LOG, LOG.c.through < answer_id), at)

    def taken(self, moment: Moment) -> Taken:
        """What going back to a moment would take back."""
        with self._database.read() as connection:
            return _taken(connection, moment)

    def rewind(self, moment: Moment, by: str = "", said: str = "") -> Taken:
        """Go back to a moment: what came after it does not count until the rewind is undone.

        `said` is the moment in the words of the person who asks.
        """
        with change(self._database, by, REWOUND) as made:
            taken = _taken(made.connection, moment, made.id)
            later = sa.select(ANSWERS.c.id).where(ANSWERS.c.id > moment.answer)
            if made.withdraw(made.connection.scalars(later).all()) == 0 and not taken.changes:
                raise HistoryError("Nothing was answered or changed since that moment.")
            made.detail = vars(moment) | {"people": taken.people}
            made.text = (
                f"went back to {said or f'the moment after answer {moment.answer}'}: "
                f"{taken.answers:,} answers by {len(taken.people)} people do not count"
            )
            wanted = _at_moment(_changes(made.connection, moment.change, made.id))
            _free_names(made, wanted)
            made.restore(wanted)
            made.void(taken.certificates)
            _give_back_acceptance(made, moment)
        return taken


def _changes(connection: sa.Connection, after: int = 0, but: int = 0) -> list[Entry]:
    return entries(connection, LOG.c.kind.in_(CHANGES), LOG.c.id > after, LOG.c.id != but)


def _at_moment(later: Sequence[Entry]) -> dict[Place, Any]:
    """The values of fields before some changes; newer classes had no name then."""
    new = {("classes", key) for one in later for key in one.detail.get("new", ())}
    return {
        edit.place: edit.before
        for one in reversed(later)
        for edit in reversed(one.edits)
        if edit.place[:2] not in new or edit.field == "archived"
    }


def _newest(connection: sa.Connection, of: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.max(of.c.id)).where(where)) or 0


def _taken(connection: sa.Connection, moment: Moment, but: int = 0) -> Taken:
    query = sa.select(ANSWERS.c.annotator).where(
        ANSWERS.c.id > moment.answer, ANSWERS.c.kind != "undo", IS_STANDING
    )
    certificates = sa.select(CERTIFICATES).where(CERTIFICATES.c.voided.is_(None))
    return Taken(
        dict(Counter(connection.scalars(query.order_by(ANSWERS.c.id)))),
        tuple(one for one in _changes(connection, moment.change, but) if one.in_force),
        tuple(row.id for row in connection.execute(certificates) if _is_of_later(row, moment)),
    )


def _is_of_later(row: Any, moment: Moment) -> bool:
    """Whether a certificate began or ended after a moment."""
    if row.end == TAKEN_BACK and row.at <= moment.at:
        return False
    return bool(row.at > moment.at or row.ended is None or row.ended > moment.at)


def _give_back_acceptance(made: Change, moment: Moment) -> None:
    """Accept again what was accepted before a moment and taken back after it."""
    rows = made.connection.execute(
        sa.select(CERTIFICATES.c.id).where(
            CERTIFICATES.c.end == TAKEN_BACK,
            CERTIFICATES.c.ended > moment.at,
            sa.exists().where(
                ANSWERS.c.certificate_id == CERTIFICATES.c.id, ANSWERS.c.id <= moment.answer
            ),
        )
    )
    for row in rows.all():
        made.set("certificates", row.id, "end", ACCEPTED)


def _free_names(made: Change, wanted: dict[Place, Any]) -> None:
    """Rename later classes whose names belonged to other classes at the moment."""
    named = {row for table, row, field in wanted if (table, field) == ("classes", "folded_name")}
    for place, name in list(wanted.items()):
        holder = named_class(made.connection, name) if place[2] == "folded_name" else None
        if holder is not None and holder.id not in named | {place[1]}:
            other = f"{holder.name[:60]} (class {holder.id})"
            made.set("classes", holder.id, "name", other)
            made.set("classes", holder.id, "folded_name", other.casefold())


def _to_restore(connection: sa.Connection, entry: Entry) -> dict[Place, Any]:
    """The fields' values before an entry; parts of a split that have labels stay."""
    return {
        edit.place: edit.before
        for edit in reversed(entry.edits)
        if not (entry.kind == SPLIT and _adds(edit))
        or not labels_of(connection, edit.row, entry.through)
    }


def _adds(edit: Any) -> bool:
    return bool(edit.field == "archived" and edit.before and not edit.after)


def _why_not(connection: sa.Connection, known: Sequence[Entry], entry: Entry) -> str | None:
    """Why a change cannot be undone now; None if it can."""
    if entry.kind == UNDONE:
        return "This has undone another change; make that change again instead."
    if entry.kind not in CHANGES:
        return "This is a note; there is nothing to undo."
    if not entry.in_force:
        return "It was undone already."
    changed = _changed_since(connection, known, entry)
    if changed is not None:
        who = f" by {changed.by}" if changed.by else ""
        return f"What it set was changed again{who} ({changed.text}); undo that first."
    return _in_the_way(connection, entry)


def _changed_since(connection: sa.Connection, known: Sequence[Entry], entry: Entry) -> Entry | None:
    """The newest later change of something that an entry has set, or turned on or off."""
    later = [one for one in known if one.id > entry.id]
    if entry.kind == REWOUND:
        turned = turned_by(known, entry.id)
        for one in later:
            if one.kind in (UNDONE, REWOUND) and turned & turned_by(known, one.undoes or one.id):
                return one
    held = {edit.place: edit.after for edit in entry.edits}
    for place in _to_restore(connection, entry):
        if field_value(connection, place) != held[place]:
            return next(
                (one for one in reversed(later) if place in {edit.place for edit in one.edits}),
                entry,
            )
    return None


def _in_the_way(connection: sa.Connection, entry: Entry) -> str | None:
    """Why the current classes do not allow the undo of an entry; None if they allow it."""
    wanted = _to_restore(connection, entry)
    named = {row for _, row, field in wanted if field == "folded_name"}
    for (_, row, field), before in wanted.items():
        holder = named_class(connection, before) if field == "folded_name" else None
        if holder is None or holder.id in named | {row}:
            continue
        # A class that is archived, or that this undo archives, frees its name.
        if not (holder.archived or wanted.get(("classes", holder.id, "archived"))):
            return f"There is a class “{holder.name}” now; rename that first."
    if _goes_round(connection, wanted):
        return "Its classes were merged the other way round since; undo that first."
    for class_id in () if entry.kind == SPLIT else entry.detail.get("new", ()):
        one = get_class(connection, class_id)
        if one.merged_into is not None:
            return f"“{one.name}” was merged into another class; undo that first."
        if count := labels_of(connection, class_id):
            verb = "label counts" if count == 1 else "labels count"
            return f"{count:,} {verb} as “{one.name}”; merge, split or archive it instead."
    return None


def _goes_round(connection: sa.Connection, wanted: dict[Place, Any]) -> bool:
    """Whether merges would form a circle with these fields set."""
    rows = connection.execute(sa.select(CLASSES.c.id, CLASSES.c.merged_into)).all()
    into: dict[int, int | None] = {row.id: row.merged_into for row in rows}
    into |= {row: target for (_, row, field), target in wanted.items() if field == "merged_into"}
    for start in into:
        end, steps = into[start], 0
        while end is not None and steps <= len(into):
            end, steps = into[end], steps + 1
        if end is not None:
            return True
    return False
