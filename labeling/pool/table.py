"""A table as a pool: each row is a text."""

import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import ClassVar

from labeling.errors import PoolError
from labeling.media import medium_of
from labeling.pool.source import Entry
from labeling.pool.tables import TABLES, Values
from labeling.wording import listed

TEXT_NAMES = (
    "text", "sentence", "message", "sms", "tweet", "utterance", "comment", "review", "question",
    "body", "content", "document", "description", "abstract", "query", "title",
)  # fmt: skip
LABEL_NAMES = ("label", "labels", "class", "category", "target", "intent", "topic", "sentiment")
LOOKED_AT = 200  # rows that tell which column holds the texts


class TableSource:
    """Every row of a table; its text lies in one column, its class perhaps in another.

    `column` names the one with the texts; by default it is found by its name, else by the length
    of what it holds. Raises PoolError that names the columns where no column holds texts.
    """

    labels_in: ClassVar = "The table has a column of labels"
    labels_meant: ClassVar = True
    medium = "text"

    def __init__(self, location: Path, column: str | None = None) -> None:
        self.location = location
        self._table = TABLES[location.suffix.lower()](location)
        first = [row.values for row in islice(self._table.rows(), LOOKED_AT)]
        self.column = _text_column(location, self._table.columns, first, column)
        if all(medium_of(row.get(self.column, "")) for row in first):
            raise PoolError(
                f"The column “{self.column}” of {location} names files; call it “path”, so that "
                "they are labeled."
            )
        names = {name.lower(): name for name in self._table.columns if name != self.column}
        self.label_column = next((names[one] for one in LABEL_NAMES if one in names), None)
        self._places: array[int] | None = None  # address of each row, by its number
        self._lock = threading.Lock()

    def entries(self) -> Iterator[Entry]:
        mtime = self.location.stat().st_mtime_ns
        places = array("q")
        for row in self._table.rows():
            places.extend([-1] * (row.number - len(places)))
            places.append(row.at)
            data = row.values.get(self.column, "").encode(errors="replace")
            label = row.values.get(self.label_column or "", "").strip() or None
            path = f"{self._table.noun} {row.number}"
            yield Entry(path, len(data), mtime, label, row.problem, data)
        self._places = places

    def read(self, path: str) -> bytes:
        return self._values(path).get(self.column, "").encode(errors="replace")

    def context(self, path: str) -> Mapping[str, str]:
        hidden = (self.column, self.label_column)
        values = self._values(path)
        return {name: cell for name, cell in values.items() if cell and name not in hidden}

    def _values(self, path: str) -> Values:
        noun, _, number = path.partition(" ")
        if noun != self._table.noun or not number.isdecimal():
            raise KeyError(path)
        with self._lock:  # the first one after a restart finds all rows
            if self._places is None:
                for _ in self.entries():
                    pass
        places = self._places
        assert places is not None
        if int(number) >= len(places) or places[int(number)] < 0:
            raise KeyError(path)
        try:
            return self._table.row(places[int(number)])
        except StopIteration:  # the table is shorter than it was
            raise KeyError(path) from None


def _text_column(
    location: Path, columns: Sequence[str], rows: Sequence[Values], wanted: str | None
) -> str:
    there = f"It has the columns {listed([f'“{name}”' for name in columns])}."
    if not rows:
        raise PoolError(f"{location} holds no texts; write one in each row, below their names.")
    if wanted is not None:
        if wanted not in columns:
            raise PoolError(f"{location} has no column “{wanted}”. {there}")
        if _letters(rows, wanted) == 0:
            raise PoolError(f"The column “{wanted}” of {location} holds no texts. {there}")
        return wanted
    by_name = {name.lower(): name for name in columns}
    named = [by_name[one] for one in TEXT_NAMES if one in by_name]
    others = [name for name in columns if name.lower() not in LABEL_NAMES]
    others.sort(key=lambda name: -_letters(rows, name))
    for name in [*named, *others[:1]]:
        if _letters(rows, name):
            return name
    raise PoolError(
        f"{location} has no column of texts. {there} Name one with --text-column, or make a "
        "column “path” that names files."
    )


def _letters(rows: Sequence[Values], name: str) -> int:
    """Letters of all languages in a column; one of numbers or dates has few or none."""
    cells = [row.get(name, "") for row in rows]
    return sum(sum(map(str.isalpha, cell)) for cell in cells if not _is_number(cell))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
