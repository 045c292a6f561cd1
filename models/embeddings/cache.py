"""The embedding cache: (backbone fingerprint, sample id) -> row of a memory-mapped matrix."""

import json
import os
import re
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.embeddings.row_index import KEY_BYTES, RowIndex, split

if sys.platform != "win32":
    import fcntl

VERSION = 1
FLOAT16_MAX = float(np.finfo(np.float16).max)


class CacheMismatchError(Exception):
    """A cache belongs to another backbone, another width or a newer version."""


class CacheLockedError(Exception):
    """Another process, or another object of this one, writes to the cache."""


class EmbeddingCache:
    """One float16 matrix on disk, appended in chunks; each row is found by its sample id.

    `folder/<fingerprint>/` holds `matrix.f16` (rows, little-endian), `ids` (32 raw bytes a row)
    and `manifest.json`. The manifest is replaced in one step after both files are on the disk, and
    only the rows that it counts exist: remains of a torn write are overwritten. One thread may
    append while many read. The first append takes a lock, so no other process writes until `close`.
    """

    def __init__(self, folder: Path, fingerprint: str, dim: int) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", fingerprint):
            raise ValueError(f"fingerprint {fingerprint!r} is no folder name; use letters, digits")
        if dim < 1:
            raise ValueError(f"dim is {dim}; an embedding has at least one number")
        self.fingerprint = fingerprint
        self.dim = dim
        self.warning: str | None = None  # for the screen: which rows were lost
        self._folder = Path(folder) / fingerprint
        self._matrix_file = self._folder / "matrix.f16"
        self._ids_file = self._folder / "ids"
        self._manifest_file = self._folder / "manifest.json"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._appending = threading.Lock()
        self._lock: int | None = None
        self._rows = 0
        self._index = RowIndex()
        self._mapped: NDArray[np.float16] = np.empty((0, dim), "<f2")
        self._mapped.flags.writeable = False
        self._read()

    def __len__(self) -> int:
        return self._rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the lock, so that another process may append; reading still works."""
        with self._appending:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def claim(self) -> None:
        """Become the only writer before anything is appended.

        Raises
        ------
        CacheLockedError : someone else writes
        """
        with self._appending:
            self._claim()

    def refresh(self) -> None:
        """Add rows that another process has appended, unless this one is the writer."""
        with self._appending:
            if self._lock is None and self._counted() > self._rows:
                self._read()

    def matrix(self) -> NDArray[np.float16]:
        """The present rows, (rows, D) float16, read-only, in order of arrival."""
        rows, mapped = self._rows, self._mapped
        if len(mapped) != rows:
            shape = (rows, self.dim)
            mapped = np.asarray(np.memmap(self._matrix_file, np.dtype("<f2"), "r", shape=shape))
            self._mapped = mapped
        return mapped

    def rows(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """Each id's row, (n,) int64, -1 if missing; all are in a later `matrix()`."""
        return self.rows_of(_keys(ids))

    def rows_of(self, keys: bytes) -> NDArray[np.int64]:
        """Like `rows`, for ids given as their bytes, 32 each."""
        return self._index.find(keys)

    def missing(self, ids: Sequence[str]) -> list[str]:
        """The ids that have no row, each once, in their order."""
        wanted = list(dict.fromkeys(ids))
        return [wanted[place] for place in np.flatnonzero(self.rows(wanted) < 0).tolist()]

    def append(self, ids: Sequence[str], embeddings: NDArray[np.floating[Any]]) -> int:
        """Store embeddings; return the number of new rows.

        Parameters
        ----------
        ids : n sample ids, 64 hexadecimal characters each; one that has a row keeps that row
        embeddings : (n, D) float, clipped to ±65504, the range of float16

        Raises
        ------
        ValueError : wrong shape, or a NaN; names the id
        CacheLockedError : someone else writes
        """
        block = np.asarray(embeddings)
        if block.shape != (len(ids), self.dim):
            raise ValueError(
                f"embeddings have shape {block.shape}; {len(ids)} ids at width {self.dim} "
                f"need {(len(ids), self.dim)}"
            )
        broken = np.flatnonzero(np.isnan(block).any(axis=1))
        if len(broken):
            raise ValueError(f"the embedding of {ids[broken[0]]} has a NaN; leave that sample out")
        first: dict[bytes, int] = {}
        for index, key in enumerate(split(_keys(ids))):
            first.setdefault(key, index)
        with self._appending:
            self._claim()
            known = self._index.find(b"".join(first)) >= 0
            new = [key for key, old in zip(first, known.tolist(), strict=True) if not old]
            if new:
                rows = block[[first[key] for key in new]]
                half = np.clip(rows, -FLOAT16_MAX, FLOAT16_MAX).astype("<f2")
                self._write(b"".join(new), half)
        return len(new)

    def _write(self, keys: bytes, half: NDArray[np.float16]) -> None:
        """Put the rows on the disk, then count them in the manifest, then show them to readers."""
        _write_at(self._matrix_file, self._rows * self.dim * 2, half.tobytes())
        _write_at(self._ids_file, self._rows * KEY_BYTES, keys)
        rows = self._rows + len(half)
        manifest = {
            "version": VERSION,
            "fingerprint": self.fingerprint,
            "dim": self.dim,
            "dtype": "<f2",
            "rows": rows,
        }
        draft = self._manifest_file.with_suffix(".tmp")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._manifest_file)
        # The count before the ids: a row that a reader finds is always in its matrix.
        self._rows = rows
        self._index.add(keys)

    def _claim(self) -> None:
        """Become the only writer, and add the rows of the previous writer."""
        if self._lock is not None:
            return
        lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        if sys.platform != "win32":
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock)
                raise CacheLockedError(
                    f"another Hone writes embeddings to {self._folder}; close it, or wait for it"
                ) from None
        self._lock = lock
        self._read()

    def _read(self) -> None:
        """Add the complete rows on disk: never more than the manifest counts."""
        counted = self._counted()
        sizes = {self._matrix_file: self.dim * 2, self._ids_file: KEY_BYTES}
        whole = [file.stat().st_size // n if file.exists() else 0 for file, n in sizes.items()]
        rows = min(counted, *whole)
        if rows < counted:
            self.warning = (
                f"the embedding cache in {self._folder} is short: {counted - rows} of {counted} "
                "rows are lost and will be computed again"
            )
        keys = b""
        if rows:
            with self._ids_file.open("rb") as file:
                keys = file.read(rows * KEY_BYTES)
        self._rows = rows
        self._index = RowIndex(keys)

    def _counted(self) -> int:
        """The manifest's number of rows; 0 if it is missing or unreadable."""
        try:
            manifest = json.loads(self._manifest_file.read_text("utf-8"))
            version, rows = int(manifest["version"]), int(manifest["rows"])
            found = (manifest["fingerprint"], int(manifest["dim"]))
        except FileNotFoundError:
            return 0
        except (ValueError, KeyError, TypeError):
            self.warning = (
                f"{self._manifest_file} cannot be read; all embeddings will be computed again"
            )
            return 0
        if version > VERSION or found != (self.fingerprint, self.dim):
            raise CacheMismatchError(
                f"{self._manifest_file} is of version {version}, backbone {found[0]} and width "
                f"{found[1]}, not {VERSION}, {self.fingerprint} and {self.dim}; "
                "move that folder away to compute the embeddings again"
            )
        return max(rows, 0)


def _keys(names: Sequence[str]) -> bytes:
    """Convert ids to their bytes, 32 each."""
    try:
        keys = bytes.fromhex("".join(names))
    except ValueError:
        keys = b""
    # Spaces between digits, or two wrong lengths with the right sum, pass until here.
    if len(keys) != KEY_BYTES * len(names) or set(map(len, names)) - {2 * KEY_BYTES}:
        for name in names:
            _check(name)
    return keys


def _check(name: str) -> None:
    """Raise unless an id is 64 hexadecimal digits."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", name):
        raise ValueError(f"sample id {name!r} is not 64 hexadecimal characters")


def _write_at(path: Path, offset: int, data: bytes) -> None:
    """Write data at an offset, cut off the rest of the file, and wait for the disk."""
    path.touch()
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
