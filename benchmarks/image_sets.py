"""The image sets for comparing queries, embedded once and kept on disk."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from labeling.cli.terminal import bring_in
from labeling.errors import HoneError
from labeling.project.project import Project, open_project
from labeling.simulation.ground_truth import DIGITS, FOLDERS, class_names, digits_pool, read_truth
from labeling.simulation.replay import unlabeled
from labeling.workspace import SAMPLE_POOL
from models.embeddings.cache import EmbeddingCache
from models.encoders.backbones import Backbone, resolve

BLOCKS = "block-4+block-5"  # of the bundled backbone, beside its pooled features
SETS = ("emoji", DIGITS, "sign-digits", "cifar10-8k")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Embeddings (N, D) float16 of a set's images and their true class ids (N,) int64.

    `blocks` (N, B) float16 are the means of inner blocks, `widths` those of the blocks; sum B.
    """

    name: str
    embeddings: npt.NDArray[np.float16]
    labels: npt.NDArray[np.int64]
    fingerprint: str
    blocks: npt.NDArray[np.float16]
    widths: tuple[int, ...]

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
            blocks=self.blocks,
            widths=np.array(self.widths, dtype=np.int64),
        )

    @classmethod
    def read(cls, file: Path) -> Self:
        """The set written by `write`."""
        with np.load(file) as kept:
            if "blocks" not in kept:
                raise HoneError(f"{file} is of an earlier version; delete it, it is made again.")
            return cls(
                file.stem,
                kept["embeddings"],
                kept["labels"],
                str(kept["fingerprint"]),
                kept["blocks"],
                tuple(kept["widths"].tolist()),
            )


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
    pooled, inner = resolve("bundled"), resolve("bundled", features=BLOCKS)
    with closing(open_project(pool, folder / f"project-{name}")) as project:
        caches = [_embedded(project, backbone) for backbone in (pooled, inner)]
        names = class_names(project, read_truth(project.source, _truth(project)))
        ids = sorted(names.keys() - {key for one in caches for key in one.missing(list(names))})
        _, labels = np.unique([names[key] for key in ids], return_inverse=True)
        embeddings, blocks = (np.array(one.matrix()[one.rows(ids)]) for one in caches)
    return ImageSet(
        name, embeddings, labels.astype(np.int64), pooled.fingerprint, blocks, inner.widths
    )


def _embedded(project: Project, backbone: Backbone) -> EmbeddingCache:
    """The embeddings of all images of a project; only what is new is computed."""
    bring_in(unlabeled(project), backbone)
    return EmbeddingCache(project.embeddings, backbone.fingerprint, backbone.dim)


def _truth(project: Project) -> str | None:
    """Archives have class folders; the others have a table."""
    return FOLDERS if project.source.location.suffix == ".zip" else None
