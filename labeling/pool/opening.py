"""Open a pool: whatever a path leads to."""

import os
from pathlib import Path

from labeling.errors import PoolError
from labeling.media import suffixes
from labeling.pool.archive import ZipSource
from labeling.pool.folder import FolderSource
from labeling.pool.manifest import ManifestSource, is_manifest
from labeling.pool.source import Source
from labeling.pool.table import TableSource
from labeling.pool.tables import TABLES


def open_source(location: Path, medium: str | None = None, column: str | None = None) -> Source:
    """The source for a folder, a zip, or a table of texts or of paths.

    `medium` is what its samples are, by default what most files are; `column` holds the texts of a
    table. Raises PoolError that names what is wrong.
    """
    if not os.path.exists(location):  # also False for a name that is too long
        raise PoolError(f"There is no {location}; check the path to your images or texts.")
    source = _source(location, medium, column)
    first = next(iter(source.entries()), None)
    if first is None:
        raise PoolError(f"{location} holds nothing to label; {_remedy(source)}.")
    if (
        first.refused
        and isinstance(source, FolderSource | ManifestSource)
        and source.names_nothing()
    ):
        raise PoolError(f"{location} names no file that is read; {first.path}: {first.refused}.")
    return source


def _remedy(source: Source) -> str:
    """What to do about a pool that is empty."""
    if isinstance(source, ManifestSource):
        return "name one file on each line below “path”"
    if isinstance(source, FolderSource):
        tables = (one for one in source.location.iterdir() if one.suffix.lower() in TABLES)
        if (table := next(tables, None)) is not None:
            return f"open the table in it: {table}"
    return f"put {', '.join(suffixes())} files there"


def _source(location: Path, medium: str | None, column: str | None) -> Source:
    suffix = location.suffix.lower()
    if location.is_dir():
        return FolderSource(location, medium)
    if suffix == ".zip":
        return ZipSource(location, medium)
    if suffix == ".csv" and column is None and is_manifest(location):
        return ManifestSource(location, medium)
    if suffix in TABLES:
        return TableSource(location, column)
    raise PoolError(
        f"{location} is neither a folder, nor a .zip, nor a table ({', '.join(TABLES)}) of texts "
        "or with a column “path”."
    )
