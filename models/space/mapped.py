"""The features of a pool on disk: each embedding's row mapped once, for all later rounds."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.head.stopping import Stop, never
from models.space.map_file import DamagedMapError, load_map, save_map
from models.space.neighbours import Progress, unseen
from models.space.pool_map import PoolMap, Recipe

MAP = "map.npz"
GROWTH = 1.25  # a map is due again when its pool has grown by a quarter
LARGE = 250_000  # rows; a larger pool's map takes half of the memory and of the reference rows
LEFT = re.compile(r"map-([0-9a-f]{32}\.f16|[0-9]+\.tmp)")

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Mapped:
    """A pool map's features of the first rows of the embeddings.

    In the folder of the embeddings, `map.npz` is the map and `map-<digest>.f16` the features, to
    which only whole rows are appended. The features are memory-mapped, 4·q bytes a row; the map is
    read from disk when rows are new. Any process may read, one may write.

    Attributes
    ----------
    features : (n, width) float16, read-only; row i is of row i of the embeddings.
    kernel : as for a `PoolMap`.
    digest, size : of the map, and of the pool when it was made.
    stamp : changes when another process writes another map.
    """

    features: npt.NDArray[np.float16]
    kernel: int
    digest: str
    size: int
    stamp: tuple[int, ...]

    @classmethod
    def learn(
        cls,
        folder: Path,
        embeddings: npt.NDArray[Any],
        rows: Indices,
        *,
        parts: Sequence[tuple[int, float]] = (),
        device: str = "cpu",
        progress: Progress = unseen,
        stop: Stop = never,
    ) -> Self:
        """Fit a map on some rows of the embeddings, and map all rows; see `PoolMap.fit`.

        `parts` are the widths and weights of the parts of the embeddings; empty: there is one.
        """
        large = len(rows) > LARGE
        recipe = Recipe(axes=128, reference=20_000) if large else Recipe()
        fitted = PoolMap.fit(
            embeddings,
            rows,
            widths=[width for width, _ in parts] or None,
            weights=[weight for _, weight in parts] or None,
            recipe=recipe,
            device=device,
            progress=lambda share: progress(share / 2),
            stop=stop,
        )
        _write(folder, fitted, embeddings, device, lambda share: progress(0.5 + share / 2), stop)
        save_map(folder / MAP, fitted)
        for file in folder.iterdir():  # of earlier maps, and what a killed process has left
            if LEFT.fullmatch(file.name) and file != _file(folder, fitted.digest):
                file.unlink(missing_ok=True)
        return cls._of(folder, fitted)

    @classmethod
    def read(cls, folder: Path, embeddings: npt.NDArray[Any]) -> Self | None:
        """What `learn` has left in a folder, if it is of these embeddings and not damaged."""
        try:
            found = load_map(folder / MAP)
            return cls._of(folder, found) if found.is_of(embeddings) else None
        except (OSError, ValueError, DamagedMapError):
            return None

    def extended(
        self,
        folder: Path,
        embeddings: npt.NDArray[Any],
        *,
        device: str = "cpu",
        progress: Progress = unseen,
        stop: Stop = never,
    ) -> Self:
        """The same with the rows that the embeddings have got since; see `PoolMap.transform`."""
        known, count = load_map(folder / MAP), len(self.features)
        rows = np.arange(count, len(embeddings))
        new = np.empty((len(rows), known.width), np.dtype("<f2"))
        known.transform(
            embeddings, rows, out=new, own=True, device=device, progress=progress, stop=stop
        )
        with _file(folder, known.digest).open("r+b") as file:
            file.truncate(count * known.width * new.itemsize)  # what a killed process has begun
            file.seek(0, os.SEEK_END)
            file.write(new.data)
            file.flush()
            os.fsync(file.fileno())
        return self._of(folder, known)

    def is_outgrown(self, rows: int) -> bool:
        """Whether a pool of so many rows should get a new map."""
        return rows >= self.size * GROWTH

    def is_newest(self, folder: Path) -> bool:
        """Whether no other process has written to the folder since."""
        try:
            return self.stamp == _stamp(folder, self.digest)
        except OSError:
            return False

    @classmethod
    def _of(cls, folder: Path, known: PoolMap) -> Self:
        file = _file(folder, known.digest)
        stamp = _stamp(folder, known.digest)
        shape = (file.stat().st_size // (2 * known.width), known.width)
        features = np.asarray(np.memmap(file, np.dtype("<f2"), "r", shape=shape))
        return cls(features, known.kernel, known.digest, known.size, stamp)


def _write(
    folder: Path,
    fitted: PoolMap,
    embeddings: npt.NDArray[Any],
    device: str,
    progress: Progress,
    stop: Stop,
) -> None:
    """Write the features of all rows, in one step."""
    draft, shape = folder / f"map-{os.getpid()}.tmp", (len(embeddings), fitted.width)
    try:
        out = np.memmap(draft, np.dtype("<f2"), "w+", shape=shape)
        fitted.transform(embeddings, out=out, own=True, device=device, progress=progress, stop=stop)
        out.flush()
        os.replace(draft, _file(folder, fitted.digest))
    finally:
        draft.unlink(missing_ok=True)


def _file(folder: Path, digest: str) -> Path:
    return folder / f"map-{digest}.f16"


def _stamp(folder: Path, digest: str) -> tuple[int, ...]:
    """What tells two versions of both files apart; raises OSError if one is missing."""
    found = [os.stat(file) for file in (folder / MAP, _file(folder, digest))]
    return tuple(part for one in found for part in (one.st_ino, one.st_size, one.st_mtime_ns))
