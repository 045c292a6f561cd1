"""A CSV that names files as a pool."""

import csv
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import ClassVar

from labeling.errors import PoolError
from labeling.media import main_medium
from labeling.pool.folder import A_FEW, FIRST_LOOK
from labeling.pool.roots import Roots
from labeling.pool.source import Entry, entry_of
from labeling.pool.tables import TABLES


def is_manifest(location: Path) -> bool:
    """Whether a CSV names files; any other one is a table of texts."""
    return "path" in (name.strip().lower() for name in TABLES[".csv"](location).columns)


class ManifestSource:
    """The files that a CSV names in its `path` column, with an optional `label` column."""

    labels_in: ClassVar = "The CSV has a column of labels"
    labels_meant: ClassVar = True

    def __init__(self, location: Path, medium: str | None = None) -> None:
        self.location = location
        self._roots = Roots(location.parent)
        try:
            with location.open(newline="", encoding="utf-8-sig") as file:
                reader = csv.DictReader(file)
                columns = [name.strip().lower() for name in reader.fieldnames or []]
                reader.fieldnames = columns
                rows = list(reader) if "path" in columns else []
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise PoolError(
                f"The manifest {location} cannot be read as CSV in UTF-8: {error}."
            ) from error
        if "path" not in columns:
            raise PoolError(
                f"The manifest {location} has no column “path”; its first line should be "
                "“path” or “path,label”."
            )
        self._labels = {
            # Neither a file's name nor PostgreSQL can hold a zero byte.
            row["path"].strip().replace("\0", "\N{REPLACEMENT CHARACTER}"): (
                (row.get("label") or "").strip() or None
            )
            for row in rows
            if (row["path"] or "").strip()
        }
        self.medium = medium or main_medium(islice(self._labels, A_FEW))

    def context(self, path: str) -> Mapping[str, str]:
        return {}

    def entries(self) -> Iterator[Entry]:
        for path, label in self._labels.items():
            if refused := self._roots.refusal(path):
                yield Entry(path, 0, 0, label, refused)
            else:
                yield entry_of(path, self._file(path), label)

    def read(self, path: str) -> bytes:
        if path not in self._labels:
            raise KeyError(path)
        if refused := self._roots.refusal(path):  # a link may have come since the scan
            raise PermissionError(refused)
        return self._file(path).read_bytes()

    def names_nothing(self) -> bool:
        """Whether none of its first files may be read; then the mistake concerns all files."""
        return all(self._roots.refusal(path) for path in islice(self._labels, FIRST_LOOK))

    def _file(self, path: str) -> Path:
        return self.location.parent / path
