"""The log: who changed or did what and when; append-only, except for derived columns."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labeling.store.sql.schema import ANSWERS, LOG

if TYPE_CHECKING:
    from labeling.store.sql.database import Database

CREATED, RENAMED, REORDERED, KEYED, DESCRIBED = (
    "class created",
    "class renamed",
    "classes reordered",
    "class key",
    "class described",
)
MERGED, SPLIT, ARCHIVED, BROUGHT_BACK, EDITED = (
    "class merged",
    "class split",
    "class archived",
    "class brought back",
    "classes edited",
)
REWOUND, UNDONE = "rewound", "change undone"
# These decide which answers count, as what, and what is learned from them.
COUNTING = (MERGED, SPLIT, ARCHIVED, BROUGHT_BACK, EDITED, REWOUND, UNDONE)
CHANGES = (CREATED, RENAMED, REORDERED, KEYED, DESCRIBED, *COUNTING)
INVITED, RENEWED, REVOKED = "invited", "invitation renewed", "invitation revoked"
ROLE, EXPORTED = "role given", "export"


@dataclass(frozen=True)
class Edit:
    """One field of one row that a change has set, with its old value."""

    table: str
    row: int
    field: str
    before: Any
    after: Any

    @property
    def place(self) -> tuple[str, int, str]:
        """What was set."""
        return self.table, self.row, self.field


@dataclass(frozen=True)
class Entry:
    """One action of a person; `through` is the newest answer before it.

    A change is `in_force` until it is undone; `undoes` is the entry that an undo takes back.
    """

    id: int
    at: float
    by: str
    kind: str
    text: str
    through: int
    class_id: int | None = None
    undoes: int | None = None
    edits: tuple[Edit, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)
    in_force: bool = True


class Log:
    """Everything that was done in a project, except answers."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def add(self, by: str, kind: str, text: str) -> None:
        """Record an action that changes no class and no answer, such as an invitation."""
        with self._database.write() as connection:
            insert_entry(connection, by=by, kind=kind, text=text)

    def all(self) -> list[Entry]:
        """Every entry, oldest first."""
        with self._database.read() as connection:
            return entries(connection)

    def get(self, entry_id: int) -> Entry | None:
        """One entry, or None."""
        with self._database.read() as connection:
            return next(iter(entries(connection, LOG.c.id == entry_id)), None)

    def version(self, kinds: tuple[str, ...] = CHANGES) -> int:
        """The id of the newest change of some kinds, 0 without any."""
        return int(self._database.memo.get(("log", kinds), lambda: self._newest(kinds)))

    def _newest(self, kinds: tuple[str, ...]) -> int:
        query = sa.select(sa.func.max(LOG.c.id)).where(LOG.c.kind.in_(kinds))
        with self._database.read() as connection:
            return connection.scalar(query) or 0


def entries(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Entry]:
    """The entries of a connection's transaction, oldest first."""
    rows = connection.execute(sa.select(LOG).where(*where).order_by(LOG.c.id))
    return [
        Entry(**row._asdict() | {"edits": tuple(Edit(*edit) for edit in row.edits)}) for row in rows
    ]


def insert_entry(connection: sa.Connection, **values: Any) -> int:
    """Append an entry and return its id."""
    through = connection.scalar(sa.select(sa.func.max(ANSWERS.c.id))) or 0
    facts: dict[str, Any] = {"at": time.time(), "through": through, "edits": [], "detail": {}}
    filled = {"in_force": True, **facts, **values}
    key = connection.execute(sa.insert(LOG).values(filled)).inserted_primary_key
    assert key is not None  # an INSERT of one row always has one
    return int(key[0])


def in_force(history: Sequence[Entry]) -> set[int]:
    """The changes in force at the end of a history, oldest first."""
    return _played(history)[0]


def turned_by(history: Sequence[Entry], entry_id: int) -> set[int]:
    """The changes that an entry has turned on or off, including itself."""
    return _played(history)[1].get(entry_id, set())


def _played(history: Sequence[Entry]) -> tuple[set[int], dict[int, set[int]]]:
    """The changes in force at the end of a history, and what each entry turned on or off.

    An undo takes a change back. A rewind turns on what was in force at its moment, and itself.
    Undoing a rewind reverses what it turned on or off.
    """
    now: frozenset[int] = frozenset()
    turned: dict[int, set[int]] = {}
    states = [(0, now)]
    for entry in history:
        if entry.kind == UNDONE:
            turned[entry.id] = turned.get(entry.undoes or 0, set())
        elif entry.kind == REWOUND:
            moment = entry.detail["change"]
            then = next(state for key, state in reversed(states) if key <= moment)
            turned[entry.id] = {*(now ^ then), entry.id}
        else:
            turned[entry.id] = {entry.id}
        now ^= turned[entry.id]
        states.append((entry.id, now))
    return set(now), turned
