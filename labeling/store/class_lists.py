"""Many classes at once: a pasted list of names, or an edited table, each as one change."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from labeling.errors import ClassNameError
from labeling.store.change import Change, affected_certificates, change
from labeling.store.classes import (
    FIELDS,
    LONGEST_NAME,
    LabelClass,
    active_class,
    as_class,
    check_look,
    checked_name,
    get_class,
    taken_name,
)
from labeling.store.log import ARCHIVED, BROUGHT_BACK, CREATED, EDITED, RENAMED
from labeling.store.names import Looks
from labeling.store.sql.schema import CLASSES
from labeling.wording import amount

if TYPE_CHECKING:
    from labeling.store.sql.database import Database

NAMED = 10  # names in the text of a change


@dataclass(frozen=True)
class RefusedName:
    """A name that cannot be a class, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class NameList:
    """What a list of names would become.

    `names` are new classes, `known` are classes already, `twice` are in the list more than once.
    """

    names: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    refused: tuple[RefusedName, ...] = ()


class ClassLists:
    """Changes of many classes: each is one transaction and one entry of the log."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def sift(self, lines: Iterable[str]) -> NameList:
        """Say what a list of names, one a line, would become; empty lines do not count."""
        with self._database.read() as connection:
            held = _by_name(connection)
            names, known, twice = dict[str, str](), dict[str, str](), dict[str, str]()
            refused: list[RefusedName] = []
            looks = Looks(one.name for one in held.values())
            for line in filter(str.strip, lines):
                try:
                    clean, folded = checked_name(line)
                    found = held.get(folded)
                    if found is not None and found.merged_into is not None:
                        raise taken_name(connection, found)
                    if found is None:
                        check_look(clean, looks)
                except ClassNameError as error:
                    refused.append(RefusedName(" ".join(line.split())[:LONGEST_NAME], str(error)))
                    continue
                if folded in names or folded in known:
                    twice.setdefault(folded, clean)
                elif found is not None and found.active:
                    known[folded] = found.name
                else:
                    names[folded] = clean
                    looks.add(clean)
        new, old = tuple(names.values()), tuple(known.values())
        return NameList(new, old, tuple(twice.values()), tuple(refused))

    def create(self, names: Sequence[str], by: str = "") -> None:
        """Create many classes; raises ClassNameError, and creates none, if one is impossible."""
        self.edit((), {}, names, by)

    def edit(
        self,
        removed: Sequence[int],
        renamed: Mapping[int, str],
        names: Sequence[str],
        by: str = "",
    ) -> None:
        """Archive, rename and create classes, all of it or nothing; names may be swapped.

        Raises ClassNameError with the name that is impossible.
        """
        with change(self._database, by, EDITED) as made:
            done = {
                ARCHIVED: _archive(made, removed),
                RENAMED: _rename(made, renamed),
                **_create(made, names),
            }
            texts = {kind: text for kind, text in done.items() if text}
            if not texts:
                raise ClassNameError("There is no class to create or to change.")
            made.text = "; ".join(texts.values())
            if len(texts) == 1:
                (made.kind,) = texts


def _archive(made: Change, class_ids: Sequence[int]) -> str:
    found = [active_class(made.connection, key) for key in class_ids]
    if not found:
        return ""
    made.void(affected_certificates(made.connection, class_ids, running=True))
    for one in found:
        made.set("classes", one.id, "archived", True)
    return f"archived {_listed([one.name for one in found])}"


def _rename(made: Change, renamed: Mapping[int, str]) -> str:
    checked = {key: checked_name(name) for key, name in renamed.items()}
    before = {key: get_class(made.connection, key).name for key in checked}
    holders = {
        folded: one for folded, one in _by_name(made.connection).items() if one.id not in checked
    }
    looks = Looks(one.name for one in holders.values())
    wanted: dict[tuple[str, int, str], str] = {}
    for key, (clean, folded) in checked.items():
        if folded in holders:
            raise taken_name(made.connection, holders[folded])
        check_look(clean, looks)
        looks.add(clean)
        holders[folded] = LabelClass(key, clean)
        wanted |= {("classes", key, "name"): clean, ("classes", key, "folded_name"): folded}
    made.restore(wanted)
    return "; ".join(f"renamed “{before[key]}” to “{checked[key][0]}”" for key in checked)


def _create(made: Change, names: Sequence[str]) -> dict[str, str]:
    """Insert classes, or bring archived ones back; the texts of both."""
    held, back, new = _by_name(made.connection), list[LabelClass](), dict[str, str]()
    last = made.connection.scalar(sa.select(sa.func.max(CLASSES.c.position))) or 0
    position, looks = dict[str, int](), Looks(one.name for one in held.values())
    for clean, folded in map(checked_name, names):
        found = held.get(folded)
        if folded in position or (found is not None and not _can_come_back(found)):
            raise taken_name(made.connection, found or LabelClass(0, clean))
        position[folded] = last + len(position) + 1
        if found is None:
            check_look(clean, looks)
            looks.add(clean)
            new[folded] = clean
        else:
            back.append(LabelClass(found.id, clean))
            for field, value in (("name", clean), ("archived", False)):
                made.set("classes", found.id, field, value)
            made.set("classes", found.id, "position", position[folded])
    if new:
        common = {"created": time.time(), "archived": False}
        rows = [
            {"name": clean, "folded_name": folded, "position": position[folded], **common}
            for folded, clean in new.items()
        ]
        made.connection.execute(sa.insert(CLASSES), rows)
        query = sa.select(CLASSES.c.id).where(CLASSES.c.position > last)
        query = query.where(CLASSES.c.id.not_in([one.id for one in back]))
        for class_id in made.connection.scalars(query.order_by(CLASSES.c.position)).all():
            made.added(class_id)
    return {
        CREATED: f"created {_listed(list(new.values()))}" if new else "",
        BROUGHT_BACK: f"brought {_listed([one.name for one in back])} back" if back else "",
    }


def _can_come_back(one: LabelClass) -> bool:
    return one.archived and one.merged_into is None


def _by_name(connection: sa.Connection) -> dict[str, LabelClass]:
    """Every class by the form of its name for comparing."""
    rows = connection.execute(FIELDS.add_columns(CLASSES.c.folded_name))
    return {row.folded_name: as_class(row) for row in rows}


def _listed(names: Sequence[str]) -> str:
    """One name, or the number of names and the first ones."""
    first = ", ".join(f"“{name}”" for name in names[:NAMED])
    if len(names) == 1:
        return first
    return f"{amount(len(names), 'class', 'classes')}: {first}" + " …" * (len(names) > NAMED)
