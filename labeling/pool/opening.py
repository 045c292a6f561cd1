"""Open a pool: whatever a path leads to."""

import os
from pathlib import Path

from labeling.errors import PoolError
from labeling.media import suffixes
from labeling.pool.archive import ZipSource
from labeling.pool.folder import FolderSource
from labeling.pool.manifest import ManifestSource
from labeling.pool.source import Source


def open_source(location: Path) -> Source:
    """The source for a folder, a .zip or a .csv; raises PoolError that names what is wrong."""
    if not os.path.exists(location):  # also False for a name that is too long
        raise PoolError(f"There is no {location}; check the path to your images.")
    if location.is_dir():
        source: FolderSource | ZipSource | ManifestSource = FolderSource(location)
    elif location.suffix.lower() == ".zip":
        source = ZipSource(location)
    elif location.suffix.lower() == ".csv":
        source = ManifestSource(location)
    else:
        raise PoolError(
            f"{location} is neither a folder, nor a .zip, nor a .csv with a column “path”."
        )
    first = next(source.entries(), None)
    if first is None:
        remedy = (
            "name one file on each line below “path”"
            if isinstance(source, ManifestSource)
            else f"put {', '.join(suffixes())} files there"
        )
        raise PoolError(f"{location} holds no images; {remedy}.")
    if first.refused and not isinstance(source, ZipSource) and source.names_nothing():
        raise PoolError(f"{location} names no file that is read; {first.path}: {first.refused}.")
    return source
