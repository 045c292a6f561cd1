"""JSON lines: the first line names the classes, each further line is one record."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from labeling.errors import ExportError
from labeling.exchange.containers import Container, Written
from labeling.exchange.records import Contents, Event, Record
from labeling.spreadsheet import iso

VERSION = 1


def write(contents: Contents, container: Container) -> Written:
    """Write a header and one object for each record; unanswered files have null values."""
    header = {
        "hone": contents.stem,
        "version": VERSION,
        "project": contents.project,
        "classes": [
            {
                "class_id": one.id,
                "name": one.name,
                "archived": one.archived,
                "merged_into": one.merged_into,
                "description": one.description,
            }
            for one in contents.classes
        ],
    }
    count = 0
    with container.text(f"{contents.stem}.jsonl") as stream:
        stream.write(to_json(header) + "\n")
        for record in contents.records():
            told = {name: getattr(record, name) for name in contents.columns}
            stream.write(to_json(told) + "\n")
            count += 1
    return Written(count)


def read_jsonl(path: Path) -> list[Record]:
    """The records of a `labels.jsonl`, or the events of a `history.jsonl`."""
    records: list[Record] = []
    try:
        with path.open(encoding="utf-8", newline="\n") as stream:
            header = json.loads(stream.readline())
            if header["version"] != VERSION:
                raise ValueError(f"version {header['version']} of the form is unknown")
            kind = {"labels": Record, "history": Event}[header["hone"]]
            for line in stream:
                values = json.loads(line)
                if values["answered_at"] is not None:
                    values["answered_at"] = datetime.fromisoformat(values["answered_at"])
                records.append(kind(**values))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ExportError(
            f"{path} is not a JSON lines export of Hone ({error!r}); export it again."
        ) from error
    return records


def to_json(value: Any) -> str:
    """One line of strict JSON; raises TypeError or ValueError for what JSON does not allow."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"A {type(value).__name__} cannot be written as JSON: {value!r}")
