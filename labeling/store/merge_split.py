"""Merge two classes into one or split one into several, each in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, groupby
from typing import TYPE_CHECKING

import sqlalchemy as sa

from labeling.errors import ClassNameError
from labeling.store.change import Change, affected_certificates, change, field_value
from labeling.store.classes import (
    LabelClass,
    active_class,
    add_class,
    checked_name,
    get_class,
    named_class,
    set_name,
)
from labeling.store.log import MERGED, SPLIT
from labeling.store.provenance import OVERLAP
from labeling.store.sql.schema import ANSWERS
from labeling.store.standing import ASKED_AGAIN, IS_STANDING, STANDING, counts_as

if TYPE_CHECKING:
    from labeling.store.sql.database import Database


@dataclass(frozen=True)
class Reach:
    """What a change of a class affects: its labels, and the samples that a split asks again.

    `void` are certificates that a split would end, `running` those that any change would end.
    """

    labels: int
    samples: int
    void: tuple[int, ...]
    running: tuple[int, ...]


class Reshaping:
    """Merges and splits: every answer stays as given, but counts as another class."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def reach(self, class_ids: Sequence[int], *, split: bool = False) -> Reach:
        """What a change of the first class would affect; certificates of all the classes.

        The samples are counted only for a `split`, since that takes longer.
        """
        with self._database.read() as connection:
            return Reach(
                labels_of(connection, class_ids[0]),
                to_ask_again(connection, class_ids[0])[1] if split else 0,
                tuple(affected_certificates(connection, class_ids)),
                tuple(affected_certificates(connection, class_ids, running=True)),
            )

    def asked_again(self) -> list[str]:
        """The samples of split classes, in the order of their answers."""
        with self._database.read() as connection:
            return list(connection.scalars(ASKED_AGAIN))

    def users(self, class_id: int, since: float) -> list[str]:
        """The people who labeled with a class since a moment."""
        query = sa.select(ANSWERS.c.annotator).distinct()
        query = query.where(ANSWERS.c.at >= since, counts_as(class_id))
        with self._database.read() as connection:
            return list(connection.scalars(query.order_by(ANSWERS.c.annotator)))

    def merge(self, class_id: int, into: int, by: str = "") -> None:
        """Let every label of a class, later ones too, count as another class."""
        with change(self._database, by, MERGED) as made:
            found, target = (get_class(made.connection, key) for key in (class_id, into))
            if found.merged_into is not None:
                active_class(made.connection, class_id)  # says what it was merged into
            active_class(made.connection, into)
            if class_id == into:
                raise ClassNameError(f"“{found.name}” cannot be merged into itself.")
            labels = labels_of(made.connection, class_id)
            made.void(affected_certificates(made.connection, [class_id, into], running=True))
            made.set("classes", class_id, "merged_into", into)
            made.class_id, made.detail = class_id, {"into": into, "labels": labels}
            made.text = f"merged “{found.name}” into “{target.name}”, with {labels:,} labels"

    def split(self, class_id: int, names: Sequence[str], by: str = "") -> list[LabelClass]:
        """Replace one class by several and ask for its samples again.

        Their answers stay as history. A part may be an existing class, or have the name of the
        old class, which then gets another name.
        """
        folded = [checked_name(name)[1] for name in names]
        if len(set(folded)) < 2 or len(set(folded)) < len(folded):
            raise ClassNameError("Name two or more different classes to split into.")
        with change(self._database, by, SPLIT) as made:
            found = active_class(made.connection, class_id)
            made.void(affected_certificates(made.connection, [class_id]))
            answers, samples = to_ask_again(made.connection, class_id)
            made.withdraw(answers)
            made.set("classes", class_id, "archived", True)
            if checked_name(found.name)[1] in folded:
                set_name(made, class_id, _other_name(made, found.name))
            parts = [_part(made, name) for name in names]
            place = field_value(made.connection, ("classes", class_id, "position"))
            for key in made.new:  # equal places are in the order of the ids
                made.set("classes", key, "position", place)
            made.class_id = class_id
            made.detail = {
                "name": found.name,
                "parts": [one.id for one in parts],
                "samples": samples,
            }
            made.text = (
                f"split “{found.name}” into {', '.join(f'“{one.name}”' for one in parts)}; "
                f"{samples:,} samples are asked again"
            )
        return parts


def labels_of(connection: sa.Connection, class_id: int, past: int = 0) -> int:
    """The number of standing labels of a class among those after the answer `past`."""
    query = sa.select(sa.func.count()).select_from(ANSWERS)
    given = (ANSWERS.c.kind == "label", ANSWERS.c.id > past)
    query = query.where(*given, IS_STANDING, counts_as(class_id))
    return connection.scalar(query) or 0


def to_ask_again(connection: sa.Connection, class_id: int) -> tuple[list[int], int]:
    """The answers that a split withdraws, and the number of samples that are asked again.

    A person's earlier answers are withdrawn with the latest, so that none takes its place. If
    several people answered, the opinions of the others stay.
    """
    labeled = sa.select(ANSWERS.c.sample_id).where(IS_STANDING, counts_as(class_id))
    query = STANDING.where(ANSWERS.c.sample_id.in_(labeled))
    rows = connection.execute(query.order_by(ANSWERS.c.sample_id, ANSWERS.c.id)).all()
    answers: list[int] = []
    samples = 0
    for _, group in groupby(rows, lambda row: row.sample_id):
        given = list(group)
        is_panel = any(row.query == OVERLAP for row in given)
        latest = {row.annotator if is_panel else "": row.class_id for row in given}
        gone = {voice for voice, said in latest.items() if said == class_id}
        samples += bool(gone)
        answers += [
            row.id
            for row in given
            if (row.annotator if is_panel else "") in gone or row.class_id == class_id
        ]
    return answers, samples


def _part(made: Change, name: str) -> LabelClass:
    """The class of a name, created if no such class can be chosen."""
    found = named_class(made.connection, name)
    return found if found is not None and found.active else add_class(made, name)


def _other_name(made: Change, name: str) -> str:
    """A new name for a class that was split."""
    for number in count(1):
        other = f"{name[:68]} (split)" if number == 1 else f"{name[:65]} (split {number})"
        if named_class(made.connection, other) is None:
            return other
    raise AssertionError  # numbers do not end
