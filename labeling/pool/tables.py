"""Tables of texts: CSV, TSV, JSON lines, Parquet and plain lines, read row by row.

A table is never held in memory: each row has an address by which it is read again.
"""

import codecs
import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol

from labeling.errors import PoolError
from labeling.media.text import MAX_BYTES, encoding_of

Values = dict[str, str]
LONGEST_LINE = 4 * MAX_BYTES  # bytes; more are no text that could be labeled
LARGEST_GROUP = 500_000_000  # bytes, of a row group, which is unpacked as a whole
LOOK = 1 << 20  # bytes that tell the form of a table
SEPARATORS = ",;\t|"
NONE = "\x1f"  # a separator that no text has, for a table of one column
PIECE = 1 << 20
WIDE = ("utf-16", "utf_16", "utf-32", "utf_32")  # encodings whose line breaks are several bytes

csv.field_size_limit(LONGEST_LINE)


@dataclass(frozen=True)
class Row:
    """One row: its number as people count, where it begins, and its values or what is wrong."""

    number: int
    at: int
    values: Values
    problem: str | None = None


class Table(Protocol):
    """Rows with named columns. `noun` is what people call a row."""

    noun: str
    columns: list[str]

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank, in order."""

    def row(self, at: int) -> Values:
        """The values of the row at an address."""


class Delimited:
    """CSV or TSV; the first row names the columns, and rows count as in a spreadsheet."""

    noun = "row"

    def __init__(self, location: Path) -> None:
        self._text = _Utf8(location)
        with self._text.open() as file:
            look = file.read(LOOK)
        lines = look.decode(self._text.encoding, "replace").splitlines(keepends=True)
        if len(look) == LOOK:
            lines = lines[:-1]
        self._form = _form(lines)
        with self._text.open() as file:
            head = _Lines(file, self._text)
            try:
                names = next(csv.reader(head, **self._form), [])
            except csv.Error as error:
                raise PoolError(f"{location} cannot be read as a table: {error}.") from error
            self._body = head.at
        self.columns = _named(names)

    def rows(self) -> Iterator[Row]:
        with self._text.open() as file:
            lines = _Lines(file, self._text, self._body)
            reader, number = csv.reader(lines, **self._form), 1
            while True:
                at, number = lines.at, number + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:  # the reader goes on with the next line
                    yield Row(number, at, {}, f"it cannot be read: {error}")
                    continue
                if cells:
                    yield Row(number, at, self._values(cells))

    def row(self, at: int) -> Values:
        with self._text.open() as file:
            return self._values(next(csv.reader(_Lines(file, self._text, at), **self._form)))

    def _values(self, cells: list[str]) -> Values:
        last = len(self.columns) - 1
        if len(cells) > len(self.columns):  # a text with separators that is not in quotes
            cells[last:] = [self._form["delimiter"].join(cells[last:])]
        return dict(zip(self.columns, cells, strict=False))


class JsonLines:
    """One JSON object a line; what is neither text nor number is passed over."""

    noun = "line"

    def __init__(self, location: Path) -> None:
        self._text = _Utf8(location)
        self.columns = []
        names: dict[str, None] = {}
        for row in islice(self.rows(), 200):
            names |= dict.fromkeys(row.values)
        self.columns = list(names)

    def rows(self) -> Iterator[Row]:
        for number, at, line in self._text.lines():
            if line.strip():
                try:
                    yield Row(number, at, _flat(line))
                except ValueError as error:
                    yield Row(number, at, {}, f"it is not JSON: {error}")

    def row(self, at: int) -> Values:
        return _flat(self._text.line(at))


class PlainLines:
    """One text a line."""

    noun = "line"

    def __init__(self, location: Path) -> None:
        self._text = _Utf8(location)
        self.columns = ["text"]

    def rows(self) -> Iterator[Row]:
        for number, at, line in self._text.lines():
            if line.strip():
                yield Row(number, at, {"text": line})

    def row(self, at: int) -> Values:
        return {"text": self._text.line(at)}


class Parquet:
    """Parquet, a row group at a time; rows count from one."""

    noun = "row"

    def __init__(self, location: Path) -> None:
        import pyarrow.parquet as pq  # comes with Streamlit; the others should not wait for it

        try:
            with pq.ParquetFile(location) as file:
                self.columns = [name for name in file.schema_arrow.names if name]
                found = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
                groups = [one.num_rows for one in found]
                largest = max((one.total_byte_size for one in found), default=0)
        except Exception as error:  # damaged ones raise nearly anything
            raise PoolError(f"{location} cannot be read as Parquet: {error}.") from error
        if largest > LARGEST_GROUP:
            raise PoolError(
                f"{location} has a row group that unpacks to {largest / 1e9:.1f} GB, more than the "
                f"limit of {LARGEST_GROUP / 1e9:.1f} GB; write it with smaller row groups."
            )
        self._starts = [sum(groups[:i]) for i in range(len(groups))]
        self._group = lru_cache(2)(lambda index: _row_group(location, index))

    def rows(self) -> Iterator[Row]:
        for index, start in enumerate(self._starts):
            for offset, values in enumerate(self._group(index)):
                yield Row(start + offset + 1, start + offset, _texts(values))

    def row(self, at: int) -> Values:
        index = max(i for i, start in enumerate(self._starts) if start <= at)
        return _texts(self._group(index)[at - self._starts[index]])


TABLES: dict[str, Callable[[Path], Table]] = {
    ".csv": Delimited,
    ".tsv": Delimited,
    ".jsonl": JsonLines,
    ".ndjson": JsonLines,
    ".parquet": Parquet,
    ".txt": PlainLines,
}


class _Utf8:
    """A file of text whose line breaks are single bytes; one in UTF-16 is copied as UTF-8."""

    def __init__(self, location: Path) -> None:
        self._location, self._copy = location, None
        try:
            self.encoding = _encoding(location)
            if self.encoding.startswith(WIDE):
                self._copy = _copied(location, self.encoding)
                self.encoding = "utf-8"
        except OSError as error:
            raise PoolError(f"{location} cannot be read: {error.strerror}.") from error

    def open(self) -> IO[bytes]:
        """The bytes, from after the mark of the encoding."""
        file = open(self._copy.name if self._copy else self._location, "rb")  # noqa: SIM115
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        return file

    def lines(self) -> Iterator[tuple[int, int, str]]:
        """(number, address, line) of each line, counted from one."""
        with self.open() as file:
            lines = _Lines(file, self)
            at = lines.at
            for number, line in enumerate(lines, 1):
                yield number, at, line
                at = lines.at

    def line(self, at: int) -> str:
        with self.open() as file:
            return next(_Lines(file, self, at))


class _Lines:
    """Decoded lines of a file, and the address of the next one."""

    def __init__(self, file: IO[bytes], text: _Utf8, at: int | None = None) -> None:
        self._file, self._encoding = file, text.encoding
        if at is not None:
            file.seek(at)
        self.at = file.tell()

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.at += len(line)
        return line.decode(self._encoding, "replace")


def _encoding(location: Path) -> str:
    """The encoding of a whole file; its first odd byte may come late."""
    decoder, before = codecs.getincrementaldecoder("utf-8")(), b""
    with location.open("rb") as file:
        while piece := file.read(PIECE):
            if not before and (found := encoding_of(piece[: PIECE // 10])).startswith(WIDE):
                return found
            try:
                decoder.decode(piece)
            except UnicodeDecodeError:
                return encoding_of(before[-PIECE // 10 :] + piece)
            before = piece
    return "utf-8"


def _copied(location: Path, encoding: str) -> Any:
    """A copy as UTF-8, which is gone with the program."""
    copy = tempfile.NamedTemporaryFile(suffix=".txt")  # noqa: SIM115
    with location.open(encoding=encoding, errors="replace", newline="") as file:
        while piece := file.read(PIECE):
            copy.write(piece.encode())
    copy.flush()
    return copy


def _form(lines: list[str]) -> dict[str, Any]:
    """How to read a table: the way in which most rows have the columns of the first."""
    head = lines[0] if lines else ""
    signs = [sign for sign in SEPARATORS if sign in head] or [NONE]
    forms = [{"delimiter": sign, "quoting": csv.QUOTE_MINIMAL} for sign in signs]
    if "\t" in signs:  # where a quotation mark is often a plain character
        forms.append({"delimiter": "\t", "quoting": csv.QUOTE_NONE})
    return max(forms, key=lambda form: _whole_rows(lines, form))


def _whole_rows(lines: list[str], form: dict[str, Any]) -> int:
    reader, widths = csv.reader(lines, **form), list[int]()
    while True:
        try:
            widths.append(len(next(reader)))
        except csv.Error:
            continue
        except StopIteration:
            return widths.count(widths[0]) if widths else 0


def _named(cells: Sequence[str]) -> list[str]:
    """A name for each column, none twice."""
    names: dict[str, None] = {}
    for number, cell in enumerate(cells, 1):
        name = cell.replace("\0", "").strip() or f"column {number}"
        names[f"{name} {number}" if name in names else name] = None
    return list(names)


def _flat(line: str) -> Values:
    try:
        found = json.loads(line)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if isinstance(found, str):
        found = {"text": found}
    if not isinstance(found, dict):
        raise ValueError("neither an object nor a text")
    return _texts(found)


def _texts(values: dict[str, Any]) -> Values:
    """Texts and numbers as text; nothing else can be shown in a cell."""
    return {
        str(name): value if isinstance(value, str) else str(value)
        for name, value in values.items()
        if isinstance(value, str | int | float | bool)
    }


def _row_group(location: Path, index: int) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(location) as file:
        rows: list[dict[str, Any]] = file.read_row_group(index).to_pylist()
        return rows
