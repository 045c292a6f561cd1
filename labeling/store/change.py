"""A change in progress: it records what it sets, so that it can be undone."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labeling.store.certificates import ABANDONED, TAKEN_BACK
from labeling.store.log import (
    CHANGES,
    MERGED,
    REWOUND,
    UNDONE,
    Edit,
    entries,
    in_force,
    insert_entry,
)
from labeling.store.sql.schema import CERTIFICATE_SAMPLES as DRAWS
from labeling.store.sql.schema import CERTIFICATES, CLASSES, LOG, WITHDRAWALS

if TYPE_CHECKING:
    from labeling.store.sql.database import Database

Place = tuple[str, int, str]  # table, row, field
TABLES = {"classes": CLASSES, "certificates": CERTIFICATES}


class Change:
    """A new entry of the log, written in the transaction of its connection."""

    def __init__(self, connection: sa.Connection, by: str, kind: str, **values: Any) -> None:
        self.connection = connection
        self.kind = kind
        self.text = ""
        self.class_id: int | None = None
        self.detail: dict[str, Any] = {}
        self.edits: list[Edit] = []
        self.new: list[int] = []  # new classes
        self.id = insert_entry(connection, by=by, kind=kind, text="", **values)

    def set(self, table: str, row: int, field: str, value: Any) -> None:
        """Set one field of one row, and remember its old value."""
        before = field_value(self.connection, (table, row, field))
        if before == value:
            return
        self._write(table, row, field, value)
        self.edits.append(Edit(table, row, field, before, value))

    def restore(self, wanted: dict[Place, Any]) -> None:
        """Set many fields to earlier values; rows may swap their names."""
        before = {place: field_value(self.connection, place) for place in wanted}
        moved = {place: value for place, value in wanted.items() if before[place] != value}
        for table, row, field in moved:
            if field == "folded_name":
                self._write(table, row, field, f"\x01{row}")  # no name contains this character
        for place, value in moved.items():
            self._write(*place, value)
            self.edits.append(Edit(*place, before[place], value))

    def added(self, class_id: int) -> None:
        """Record a new class; undoing that archives it, since nothing is deleted."""
        self.edits.append(Edit("classes", class_id, "archived", True, False))
        self.new.append(class_id)

    def withdraw(self, answer_ids: Iterable[int]) -> int:
        """Let answers not count while this change is in force; returns how many."""
        rows = [{"answer_id": key, "log_id": self.id} for key in answer_ids]
        if rows:
            self.connection.execute(sa.insert(WITHDRAWALS), rows)
        return len(rows)

    def void(self, certificate_ids: Sequence[int]) -> None:
        """Make certificates void while this change is in force.

        A running one ends for good and counts as a try.
        """
        for key in certificate_ids:
            if field_value(self.connection, ("certificates", key, "voided")) is None:
                self.set("certificates", key, "voided", self.id)
        ended = {"end": ABANDONED, "ended": time.time()}
        running = CERTIFICATES.c.id.in_(list(certificate_ids)) & CERTIFICATES.c.end.is_(None)
        self.connection.execute(sa.update(CERTIFICATES).where(running).values(ended))

    def finish(self) -> None:
        """Write the entry, and derive again what depends on it."""
        self.connection.execute(
            sa.update(LOG)
            .where(LOG.c.id == self.id)
            .values(
                kind=self.kind,
                text=self.text,
                class_id=self.class_id,
                detail=self.detail | ({"new": self.new} if self.new else {}),
                edits=[list(vars(edit).values()) for edit in self.edits],
            )
        )

    def settle(self) -> None:
        """Derive which changes are in force, and what each class counts as."""
        history = entries(self.connection, LOG.c.kind.in_(CHANGES))
        force = in_force(history)
        for entry in history:
            if entry.in_force != (entry.id in force):
                self.connection.execute(
                    sa.update(LOG).where(LOG.c.id == entry.id).values(in_force=entry.id in force)
                )
        columns = (CLASSES.c.id, CLASSES.c.merged_into, CLASSES.c.counts_as)
        rows = self.connection.execute(sa.select(*columns)).all()
        into = {row.id: row.merged_into for row in rows if row.merged_into is not None}
        for row in rows:
            end = row.id
            while end in into:
                end = into[end]
            if row.counts_as != (end if end != row.id else None):
                self._write("classes", row.id, "counts_as", end if end != row.id else None)

    def _write(self, table: str, row: int, field: str, value: Any) -> None:
        of = TABLES[table]
        self.connection.execute(sa.update(of).where(of.c.id == row).values({field: value}))


def field_value(connection: sa.Connection, place: Place) -> Any:
    """The current value of a field."""
    table, row, field = place
    columns = TABLES[table].c
    return connection.scalar(sa.select(columns[field]).where(columns.id == row))


@contextmanager
def change(database: "Database", by: str, kind: str, **values: Any) -> Iterator[Change]:
    """One change in one transaction; if it fails, nothing of it stays."""
    with database.change() as connection:
        made = Change(connection, by, kind, **values)
        yield made
        made.finish()
        if kind in (MERGED, UNDONE, REWOUND):  # only these turn others on or off
            made.settle()


def affected_certificates(
    connection: sa.Connection, class_ids: Iterable[int], *, running: bool = False
) -> list[int]:
    """Certificates about samples that the frozen head puts into one of these classes.

    A split makes them void, since no guess of the old class can be right. A merge and archiving
    end only those still `running`: what is proven stays true, since a merge makes no right guess
    wrong.
    """
    counts_as = sa.func.coalesce(CLASSES.c.counts_as, CLASSES.c.id)
    drawn = (
        sa.exists()
        .where(DRAWS.c.certificate_id == CERTIFICATES.c.id)
        .where(DRAWS.c.predicted_class == CLASSES.c.id, counts_as.in_(list(class_ids)))
    )
    given_up = CERTIFICATES.c.end.in_((ABANDONED, TAKEN_BACK))
    open_ = CERTIFICATES.c.end.is_(None)
    query = sa.select(CERTIFICATES.c.id).where(
        drawn, CERTIFICATES.c.voided.is_(None), open_ if running else sa.or_(open_, ~given_up)
    )
    return list(connection.scalars(query.order_by(CERTIFICATES.c.id)))
