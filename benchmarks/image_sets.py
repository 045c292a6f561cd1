"""The image sets for comparing queries, embedded once and kept on disk."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from labeling.cli.terminal import bring_in
from labeling.project.project import Project, open_project
from labeling.simulation.ground_truth import DIGITS, FOLDERS, class_names, digits_pool, read_truth
from labeling.simulation.replay import unlabeled
from labeling.workspace import SAMPLE_POOL
from models.embeddings.cache import EmbeddingCache
from models.encoders.backbones import resolve

SETS = ("emoji", DIGITS, "sign-digits", "cifar10-8k")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Embeddings (N, D) float16 of a set's images and their true class ids (N,) int64."""

    name: str
    embeddings: npt.NDArray[np.float16]
    labels: npt.NDArray[np.int64]
    fingerprint: str

    @property
    def classes(self) -> int:
        return len(np.unique(self.labels))

    def write(self, file: Path) -> None:
        """Write the arrays to a file for other processes."""
        np.savez(
            file,
            embeddings=self.embeddings,
            labels=self.labels,
            fingerprint=np.array(self.fingerprint),
        )

    @classmethod
    def read(cls, file: Path) -> Self:
        """The set written by `write`."""
        with np.load(file) as kept:
            return cls(file.stem, kept["embeddings"], kept["labels"], str(kept["fingerprint"]))


def find(names: tuple[str, ...], shared: Path, folder: Path) -> Iterator[tuple[str, Path | None]]:
    """Each set's name with its pool; None if its archive is missing."""
    for name in names:
        if name == "emoji":
            yield name, SAMPLE_POOL
        elif name == DIGITS:
            yield name, digits_pool(folder)
        else:
            archive = shared / "data" / f"{name}.zip"
            yield name, archive if archive.is_file() else None


def embed(name: str, pool: Path, folder: Path) -> ImageSet:
    """Scan and embed a pool with the bundled backbone; only what is new since the last time."""
    backbone = resolve("bundled")
    with closing(open_project(pool, folder / f"project-{name}")) as project:
        bring_in(unlabeled(project), backbone)
        cache = EmbeddingCache(project.embeddings, backbone.fingerprint, backbone.dim)
        names = class_names(project, read_truth(project.source, _truth(project)))
        ids = sorted(names.keys() - set(cache.missing(list(names))))
        _, labels = np.unique([names[key] for key in ids], return_inverse=True)
        embeddings = np.array(cache.matrix()[cache.rows(ids)])
    return ImageSet(name, embeddings, labels.astype(np.int64), backbone.fingerprint)


def _truth(project: Project) -> str | None:
    """Archives have class folders; the others have a table."""
    return FOLDERS if project.source.location.suffix == ".zip" else None
