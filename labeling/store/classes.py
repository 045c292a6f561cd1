"""Classes: what a sample can be."""

import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labeling.errors import ClassNameError
from labeling.store.change import Change, affected_certificates, change
from labeling.store.log import (
    ARCHIVED,
    BROUGHT_BACK,
    CREATED,
    DESCRIBED,
    KEYED,
    RENAMED,
    REORDERED,
    SPLIT,
    entries,
)
from labeling.store.names import Looks, is_visible, tidy
from labeling.store.sql.schema import CLASSES, LOG, SAMPLES
from labeling.wording import amount

if TYPE_CHECKING:
    from labeling.store.sql.database import Database

LONGEST_NAME = 80
LONGEST_DESCRIPTION = 500
MOST_EXAMPLES = 8
HOTKEYS = "1234567890qwertyiopasdfghjklxcvbnm"  # as on the board, where U and Z are commands


# The columns of a class, in the order of its fields.
_NAMES = ("id", "name", "archived", "merged_into", "hotkey", "description", "examples")
FIELDS = sa.select(*(CLASSES.c[name] for name in _NAMES))


@dataclass(frozen=True)
class LabelClass:
    """A class that annotators can choose; its id never changes, its name may.

    If it was `merged_into` another class, its labels count as that class. `examples` are ids of
    samples that show what it means.
    """

    id: int
    name: str
    archived: bool = False
    merged_into: int | None = None
    hotkey: str | None = None
    description: str = ""
    examples: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it can be chosen."""
        return not self.archived and self.merged_into is None


class Classes:
    """The project's classes in the order of their hotkeys.

    `by` is the person who makes a change, for the log; empty if Hone makes it.
    """

    def __init__(self, database: "Database") -> None:
        self._database = database

    def all(self, *, archived: bool = False) -> list[LabelClass]:
        """Classes in order; archived and merged ones only if asked for."""
        found = self._database.memo.get("classes", self._read)
        return [one for one in found if archived or one.active]

    def _read(self) -> list[LabelClass]:
        query = FIELDS.order_by(CLASSES.c.position, CLASSES.c.id)
        with self._database.ask() as connection:
            return [as_class(row) for row in connection.execute(query).all()]

    def names(self) -> dict[int, str]:
        """Class id -> name, of archived and merged classes too."""
        return {one.id: one.name for one in self.all(archived=True)}

    def counts_as(self) -> dict[int, int]:
        """The result of all merges: class id -> the class as which its labels count."""
        into = {one.id: one.merged_into for one in self.all(archived=True)}
        found: dict[int, int] = {}
        for key, target in into.items():
            while target is not None:
                found[key], target = target, into[target]
        return found

    def counting_as(self, class_id: int) -> list[int]:
        """A class, and all classes that were merged into it."""
        return [class_id, *(key for key, end in self.counts_as().items() if end == class_id)]

    def create(self, name: str, by: str = "") -> LabelClass:
        """Add a class, or bring back an archived one of that name.

        Raises ClassNameError for a name that is empty, too long, taken or unprintable.
        """
        checked_name(name)
        with change(self._database, by, CREATED) as made:
            return add_class(made, name)

    def ensure(self, name: str, by: str = "") -> LabelClass:
        """The class of that name, created or brought back if needed."""
        checked_name(name)
        if (found := self._usable(name)) is not None:
            return found
        try:
            return self.create(name, by)
        except ClassNameError:
            if (found := self._usable(name)) is not None:  # another process was first
                return found
            raise

    def _usable(self, name: str) -> LabelClass | None:
        """The class of that name, unless it is archived."""
        with self._database.read() as connection:
            found = named_class(connection, name)
        return None if found is None or (found.archived and found.merged_into is None) else found

    def rename(self, class_id: int, name: str, by: str = "") -> LabelClass:
        """Rename a class; every answer follows, since answers hold its id."""
        clean, _ = checked_name(name)
        with change(self._database, by, RENAMED) as made:
            before = get_class(made.connection, class_id)
            set_name(made, class_id, name)
            made.text = f"renamed “{before.name}” to “{clean}”"
        return LabelClass(class_id, clean)

    def archive(self, class_id: int, by: str = "") -> None:
        """Archive a class, so that it cannot be chosen; its answers stay and it can come back."""
        with change(self._database, by, ARCHIVED) as made:
            found = active_class(made.connection, class_id)
            made.class_id, made.text = class_id, f"archived “{found.name}”"
            made.void(affected_certificates(made.connection, [class_id], running=True))
            made.set("classes", class_id, "archived", True)

    def bring_back(self, class_id: int, by: str = "") -> None:
        """Let an archived class be chosen again."""
        with change(self._database, by, BROUGHT_BACK) as made:
            found = get_class(made.connection, class_id)
            if found.active or found.merged_into is not None:
                raise ClassNameError(f"“{found.name}” is not archived.")
            made.class_id, made.text = class_id, f"brought “{found.name}” back"
            made.set("classes", class_id, "archived", False)

    def reorder(self, class_ids: Sequence[int], by: str = "") -> None:
        """Order the classes; their hotkeys follow this order."""
        with change(self._database, by, REORDERED) as made:
            names = [get_class(made.connection, class_id).name for class_id in class_ids]
            for position, class_id in enumerate(class_ids, start=1):
                made.set("classes", class_id, "position", position)
            made.text = f"put the classes in the order {', '.join(names[:10])}" + (
                " …" if len(names) > 10 else ""
            )

    def set_hotkey(self, class_id: int, key: str, by: str = "") -> None:
        """Give a class a default key, which people can change for themselves; empty removes it.

        Another class that had the key loses it.
        """
        clean = key.strip().lower()
        if clean and (len(clean) != 1 or clean not in HOTKEYS):
            raise ClassNameError(
                f"{key!r} cannot be the key of a class; take a digit, or a letter except U and Z."
            )
        with change(self._database, by, KEYED) as made:
            found = active_class(made.connection, class_id)
            if clean:
                holders = sa.select(CLASSES.c.id).where(
                    CLASSES.c.hotkey == clean, CLASSES.c.id != class_id
                )
                for other in made.connection.scalars(holders).all():
                    made.set("classes", other, "hotkey", None)
            made.set("classes", class_id, "hotkey", clean or None)
            made.class_id = class_id
            given = f"the key {clean.upper()}" if clean else "no key of its own"
            made.text = f"gave “{found.name}” {given}"

    def describe(
        self, class_id: int, description: str, examples: Sequence[str], by: str = ""
    ) -> None:
        """Describe a class by a text and by example samples."""
        text = unicodedata.normalize("NFC", description.strip())
        if len(text) > LONGEST_DESCRIPTION:
            raise ClassNameError(
                f"The description has {len(text)} characters; use at most {LONGEST_DESCRIPTION}."
            )
        if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t" for sign in text):
            raise ClassNameError("The description holds control characters; leave them out.")
        wanted = list(dict.fromkeys(examples))
        if len(wanted) > MOST_EXAMPLES:
            raise ClassNameError(f"A class has at most {MOST_EXAMPLES} examples.")
        with change(self._database, by, DESCRIBED) as made:
            found = active_class(made.connection, class_id)
            query = sa.select(SAMPLES.c.id).where(SAMPLES.c.id.in_(wanted))
            if unknown := set(wanted) - set(made.connection.scalars(query)):
                raise ClassNameError(f"There is no sample {min(unknown)[:16]}… in this project.")
            made.set("classes", class_id, "description", text or None)
            made.set("classes", class_id, "examples", wanted or None)
            made.class_id = class_id
            made.text = f"described “{found.name}”, with {amount(len(wanted), 'example')}"


def get_class(connection: sa.Connection, class_id: int) -> LabelClass:
    """The class of an id; raises ClassNameError if the id is unknown."""
    possible = 0 < class_id < 2**63  # what a database holds
    row = possible and connection.execute(FIELDS.where(CLASSES.c.id == class_id)).one_or_none()
    if not row:
        raise ClassNameError(f"There is no class {class_id} any more.")
    return as_class(row)


def active_class(connection: sa.Connection, class_id: int) -> LabelClass:
    """A class that can be chosen; raises ClassNameError if it cannot."""
    found = get_class(connection, class_id)
    if found.merged_into is not None:
        target = get_class(connection, found.merged_into)
        raise ClassNameError(f"“{found.name}” was merged into “{target.name}” meanwhile.")
    if found.archived:
        raise ClassNameError(f"“{found.name}” is archived; bring it back first.")
    return found


def add_class(made: Change, name: str) -> LabelClass:
    """Insert a class, or bring back an archived class of that name."""
    clean, folded = checked_name(name)
    found = named_class(made.connection, name)
    if found is not None and not found.archived:
        raise taken_name(made.connection, found)
    if found is None:
        check_look(clean, other_looks(made.connection))
    last = made.connection.scalar(sa.select(sa.func.max(CLASSES.c.position))) or 0
    if found is not None:
        for field, value in (("name", clean), ("position", last + 1), ("archived", False)):
            made.set("classes", found.id, field, value)
        class_id = found.id
        if made.kind == CREATED:
            made.kind = BROUGHT_BACK
    else:
        values = {"name": clean, "position": last + 1, "archived": False}
        result = made.connection.execute(
            sa.insert(CLASSES).values(folded_name=folded, created=time.time(), **values)
        )
        assert result.inserted_primary_key is not None  # an INSERT of one row always has one
        class_id = int(result.inserted_primary_key[0])
        made.added(class_id)
    made.class_id, made.text = class_id, f"created “{clean}”"
    return LabelClass(class_id, clean)


def set_name(made: Change, class_id: int, name: str) -> None:
    """Rename a class, unless another class has the name."""
    clean, folded = checked_name(name)
    found = named_class(made.connection, name)
    if found is not None and found.id != class_id:
        raise taken_name(made.connection, found)
    check_look(clean, other_looks(made.connection, class_id))
    made.class_id = class_id
    made.set("classes", class_id, "name", clean)
    made.set("classes", class_id, "folded_name", folded)


def checked_name(name: str) -> tuple[str, str]:
    """The name as it will be stored and its form for comparing."""
    clean = tidy(name)
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
    if not is_visible(clean):
        raise ClassNameError(f"The class name {clean!r} cannot be seen; type a letter or a sign.")
    return clean, clean.casefold()


def check_look(name: str, others: Looks) -> None:
    """Raise ClassNameError if a new name looks like that of another class."""
    if (other := others.like(name)) is not None:
        raise ClassNameError(
            f"“{name}” looks like the class “{other}” but has letters of another alphabet; choose "
            "another name."
        )


def named_class(connection: sa.Connection, name: str) -> LabelClass | None:
    """The class of a name, archived or not, or None."""
    _, folded = checked_name(name)
    row = connection.execute(FIELDS.where(CLASSES.c.folded_name == folded)).one_or_none()
    return None if row is None else as_class(row)


def other_looks(connection: sa.Connection, class_id: int = 0) -> Looks:
    """The looks of all classes but one."""
    names = connection.scalars(sa.select(CLASSES.c.name).where(CLASSES.c.id != class_id))
    return Looks(names.all())


def taken_name(connection: sa.Connection, found: LabelClass) -> ClassNameError:
    """The refusal of a name that a class has."""
    if found.merged_into is not None:
        target = get_class(connection, found.merged_into)
        return ClassNameError(
            f"“{found.name}” is the name of a class that was merged into “{target.name}”; choose "
            "another name, or undo that merge."
        )
    return ClassNameError(f"There is a class “{found.name}” already; choose another name.")


def as_class(row: Any) -> LabelClass:
    """A class from a row of FIELDS; a reply may need a thousand of them."""
    class_id, name, archived, into, hotkey, description, examples = row[: len(_NAMES)]
    return LabelClass(
        class_id, name, archived, into, hotkey, description or "", tuple(examples or ())
    )


def why_not_class(connection: sa.Connection, class_id: int) -> str:
    """The message for a person whose answer names a class that no longer exists."""
    row = None
    if 0 < class_id < 2**63:  # what a database holds
        query = sa.select(CLASSES).where(CLASSES.c.id == class_id)
        row = connection.execute(query).one_or_none()
    if row is None:
        return f"There is no class {class_id} any more; choose another class."
    splits = entries(
        connection, LOG.c.class_id == class_id, LOG.c.kind == SPLIT, LOG.c.in_force.is_(True)
    )
    if splits:
        parts = sa.select(CLASSES.c.name).where(CLASSES.c.id.in_(splits[-1].detail["parts"]))
        names = [f"“{name}”" for name in connection.scalars(parts.order_by(CLASSES.c.position))]
        return f"“{splits[-1].detail['name']}” was split: choose {' or '.join(names)}."
    return f"“{row.name}” is not a class any more: choose another class."
