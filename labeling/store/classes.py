"""Classes: what a sample can be."""

import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from labeling.errors import ClassNameError
from labeling.store.schema import CLASSES

if TYPE_CHECKING:
    from labeling.store.database import Database

LONGEST_NAME = 80


@dataclass(frozen=True)
class LabelClass:
    """A class that annotators can choose; its id never changes, its name may."""

    id: int
    name: str
    archived: bool = False


class Classes:
    """The project's classes in the order of their hotkeys."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def all(self, *, archived: bool = False) -> list[LabelClass]:
        """Classes in order; archived ones only if asked for."""
        return list(self._database.memo.get(("classes", archived), lambda: self._read(archived)))

    def _read(self, archived: bool) -> list[LabelClass]:
        query = sa.select(CLASSES.c.id, CLASSES.c.name, CLASSES.c.archived)
        if not archived:
            query = query.where(CLASSES.c.archived.is_(False))
        with self._database.ask() as connection:
            rows = connection.execute(query.order_by(CLASSES.c.position, CLASSES.c.id))
            return [LabelClass(row.id, row.name, row.archived) for row in rows]

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        with self._database.change() as connection:
            yield connection

    def create(self, name: str) -> LabelClass:
        """Add a class; an archived one of that name comes back.

        Raises ClassNameError for a name that is empty, too long, taken or unprintable.
        """
        _checked(name)
        with self._write() as connection:
            return _add(connection, name)

    def ensure(self, name: str) -> LabelClass:
        """The class of that name, created or brought back if need be."""
        _, folded = _checked(name)
        with self._write() as connection:
            row = connection.execute(
                sa.select(CLASSES).where(CLASSES.c.folded_name == folded)
            ).one_or_none()
            if row is not None and not row.archived:
                return LabelClass(row.id, row.name)
            return _add(connection, name)

    def rename(self, class_id: int, name: str) -> LabelClass:
        """Give a class another name; every answer follows, since answers hold its id."""
        clean, folded = _checked(name)
        with self._write() as connection:
            taken = connection.execute(
                sa.select(CLASSES).where(CLASSES.c.folded_name == folded, CLASSES.c.id != class_id)
            ).one_or_none()
            if taken is not None:
                raise ClassNameError(
                    f"There is a class “{taken.name}” already; choose another name."
                )
            result = connection.execute(
                sa.update(CLASSES)
                .where(CLASSES.c.id == class_id)
                .values(name=clean, folded_name=folded)
            )
            if result.rowcount == 0:
                raise ClassNameError(f"There is no class {class_id} any more.")
        return LabelClass(class_id, clean)

    def archive(self, class_id: int) -> None:
        """Take a class out of the choices; its answers stay and it can come back."""
        with self._write() as connection:
            connection.execute(
                sa.update(CLASSES).where(CLASSES.c.id == class_id).values(archived=True)
            )

    def reorder(self, class_ids: list[int]) -> None:
        """Put the classes in this order, which is the order of their hotkeys."""
        with self._write() as connection:
            for position, class_id in enumerate(class_ids, start=1):
                connection.execute(
                    sa.update(CLASSES).where(CLASSES.c.id == class_id).values(position=position)
                )


def _add(connection: sa.Connection, name: str) -> LabelClass:
    """Insert a class, or bring back an archived one of that name."""
    clean, folded = _checked(name)
    row = connection.execute(
        sa.select(CLASSES).where(CLASSES.c.folded_name == folded)
    ).one_or_none()
    if row is not None and not row.archived:
        raise ClassNameError(f"There is a class “{row.name}” already; choose another name.")
    last = connection.scalar(sa.select(sa.func.max(CLASSES.c.position))) or 0
    values = {"name": clean, "position": last + 1, "archived": False}
    if row is not None:
        connection.execute(sa.update(CLASSES).where(CLASSES.c.id == row.id).values(values))
        return LabelClass(row.id, clean)
    result = connection.execute(
        sa.insert(CLASSES).values(folded_name=folded, created=time.time(), **values)
    )
    return LabelClass(_first_id(result), clean)


def _checked(name: str) -> tuple[str, str]:
    """The name as it will be stored and its form for comparing."""
    clean = unicodedata.normalize("NFC", " ".join(name.split()))
    if not clean:
        raise ClassNameError("A class needs a name; type at least one character.")
    if len(clean) > LONGEST_NAME:
        raise ClassNameError(
            f"The class name “{clean[:20]}…” has {len(clean)} characters; "
            f"use at most {LONGEST_NAME}."
        )
    printable = clean.replace("\u200c", "").replace("\u200d", "")  # joiners: Persian, emoji
    if not printable or any(unicodedata.category(sign) in ("Cc", "Cf", "Cs") for sign in printable):
        raise ClassNameError(
            f"The class name {clean!r} holds control characters; use letters, digits and signs."
        )
    return clean, clean.casefold()


def _first_id(result: sa.CursorResult[tuple[()]]) -> int:
    key = result.inserted_primary_key
    assert key is not None  # an INSERT of one row always has one
    return int(key[0])
