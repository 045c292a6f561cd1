"""CSV: `labels.csv` or `history.csv`, with `classes.csv` beside it."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from labeling.errors import ExportError
from labeling.exchange.containers import Container, Written
from labeling.exchange.records import Contents, Event, Record
from labeling.spreadsheet import _FORMULA, to_cell
from labeling.store import LabelClass

_T = TypeVar("_T")


def write(contents: Contents, container: Container) -> Written:
    """Write the records and the full list of classes; unanswered files have empty cells."""
    count = write_records(contents, container)
    write_classes(contents, container)
    return Written(count)


def write_records(
    contents: Contents, container: Container, files: Mapping[str, str] | None = None
) -> int:
    """Write one row for each record, and `files` (pool path: exported file) as a last column."""
    names, count = contents.columns, 0
    with container.text(f"{contents.stem}.csv") as stream:
        table = csv.writer(stream)
        table.writerow(names if files is None else [*names, "file"])
        for record in contents.records():
            row = [to_cell(getattr(record, name)) for name in names]
            if files is not None:
                row.append(to_cell(files.get(record.path)))
            table.writerow(row)
            count += 1
    return count


def write_classes(
    contents: Contents, container: Container, folders: Mapping[int, str] | None = None
) -> None:
    """Write every class, and `folders` (class id: folder) as a last column."""
    with container.text("classes.csv") as stream:
        table = csv.writer(stream)
        names = ["class_id", "name", "archived", "merged_into", "description"]
        table.writerow([*names, *(["folder"] if folders else [])])
        for one in contents.classes:
            row: list[Any] = [one.id, one.name, one.archived, one.merged_into, one.description]
            row += [folders.get(one.id)] if folders else []
            table.writerow([to_cell(value) for value in row])


def read_csv(path: Path) -> list[Record]:
    """The records of a `labels.csv`, or the events of a `history.csv`."""
    needed = [field.name for field in fields(Record) if field.default is MISSING]
    rows, columns = _rows(path, needed)
    kind = Event if "answer_id" in columns else Record
    names = [field.name for field in fields(kind)]
    names = [name for name in names if name in columns]  # an earlier Hone wrote fewer

    def of(row: Mapping[str, str]) -> Record:
        return kind(**{name: from_cell(name, row[name]) for name in names})

    return _read(path, rows, of)


def read_classes(path: Path) -> list[LabelClass]:
    """The classes of a `classes.csv`."""
    rows, _ = _rows(path, ["class_id", "name", "archived"])
    return _read(path, rows, _class_of)


def _class_of(row: Mapping[str, str]) -> LabelClass:
    return LabelClass(
        int(row["class_id"]),
        from_cell("label", row["name"]),
        _BOOLEANS[row["archived"]],
        int(row["merged_into"]) if row.get("merged_into") else None,
        description=from_cell("label", row.get("description") or "") or "",
    )


def _read(
    path: Path, rows: Sequence[Mapping[str, str]], of: Callable[[Mapping[str, str]], _T]
) -> list[_T]:
    """What each row says; raises ExportError that names the first unreadable row."""
    found: list[_T] = []
    for row in rows:
        try:
            found.append(of(row))
        except (ValueError, KeyError, TypeError) as error:
            raise ExportError(
                f"{path} cannot be read: row {len(found) + 1} below the names of the columns is "
                f"not as Hone writes it ({error}); export it again."
            ) from error
    return found


def from_cell(name: str, cell: str) -> Any:
    """The value that `to_cell` wrote into the column `name`."""
    if cell == "":
        return "" if name in ("path", "sha256") else None
    if name in _VALUES:
        return _VALUES[name](cell)
    return cell[1:] if cell[0] == "'" and _FORMULA.match(cell) else cell


def _rows(path: Path, needed: list[str]) -> tuple[list[dict[str, str]], list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            table = csv.DictReader(stream)
            columns = list(table.fieldnames or [])
            rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ExportError(f"{path} cannot be read as CSV in UTF-8: {error}.") from error
    absent = [name for name in needed if name not in columns]
    if absent:
        raise ExportError(
            f"{path} is not a CSV export of Hone: it has no column “{absent[0]}”; export it again."
        )
    return rows, columns


_BOOLEANS = {"true": True, "false": False}
_VALUES: dict[str, Callable[[str], Any]] = {
    "class_id": int,
    "seconds": float,
    "confidence": float,
    "shown": _BOOLEANS.__getitem__,
    "stands": _BOOLEANS.__getitem__,
    "round": int,
    "score": float,
    "acquisition_probability": float,
    "answered_at": datetime.fromisoformat,
    "answer_id": int,
    "undoes": int,
}
