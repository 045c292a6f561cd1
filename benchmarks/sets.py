"""The sets for comparing queries, embedded once and kept on disk."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer

from labeling.cli.terminal import bring_in
from labeling.errors import HoneError
from labeling.project.project import Project, open_project
from labeling.simulation.ground_truth import DIGITS, FOLDERS, class_names, digits_pool, read_truth
from labeling.simulation.replay import unlabeled
from labeling.workspace import SAMPLE_POOL
from models.embeddings.cache import EmbeddingCache
from models.encoders.backbones import resolve
from models.encoders.encoder import Encoder

BLOCKS = "block-4+block-5"  # of the bundled backbone, beside its pooled features
SAMPLES = SAMPLE_POOL.parent
TEXTS = ("messages", "trec-questions", "sms-spam")
SETS = ("emoji", DIGITS, "sign-digits", "cifar10-8k", *TEXTS)
WORDS = 2000  # of the most frequent ones


@dataclass(frozen=True, eq=False)
class EmbeddedSet:
    """Embeddings (N, D) float16 of a set's samples and their true class ids (N,) int64.

    `blocks` (N, B) float16 are the means of inner blocks, `widths` those of the blocks; sum B.
    `words` (N, W) float16 are the TF-IDF of a text's words; of images W is 0.
    """

    name: str
    embeddings: npt.NDArray[np.float16]
    labels: npt.NDArray[np.int64]
    fingerprint: str
    blocks: npt.NDArray[np.float16]
    widths: tuple[int, ...]
    words: npt.NDArray[np.float16]

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
            words=self.words,
        )

    @classmethod
    def read(cls, file: Path) -> Self:
        """The set written by `write`."""
        with np.load(file) as kept:
            if "words" not in kept:
                raise HoneError(f"{file} is of an earlier version; delete it, it is made again.")
            return cls(
                file.stem,
                kept["embeddings"],
                kept["labels"],
                str(kept["fingerprint"]),
                kept["blocks"],
                tuple(kept["widths"].tolist()),
                kept["words"],
            )


def find(names: tuple[str, ...], shared: Path, folder: Path) -> Iterator[tuple[str, Path | None]]:
    """Each set's name with its pool; None if its archive is missing."""
    for name in names:
        if name == "emoji":
            yield name, SAMPLE_POOL
        elif name == DIGITS:
            yield name, digits_pool(folder)
        elif name == "messages":
            yield name, SAMPLES / name / f"{name}.csv"
        else:
            file = shared / "data" / f"{name}{'.tsv' if name in TEXTS else '.zip'}"
            yield name, file if file.is_file() else None


def embed(name: str, pool: Path, folder: Path, text_encoder: str = "bundled") -> EmbeddedSet:
    """Scan and embed a pool; only what is new since the last time.

    Images by the bundled backbone, with inner blocks; texts by a text encoder, which has no blocks
    that were measured, and by their words.
    """
    with closing(open_project(pool, folder / f"project-{name}")) as project:
        is_text = project.source.medium == "text"
        if is_text:
            encoders = [resolve(text_encoder, medium="text")]
        else:
            encoders = [resolve("bundled"), resolve("bundled", features=BLOCKS)]
        caches = [_embedded(project, encoder) for encoder in encoders]
        names = class_names(project, read_truth(project.source, _truth(project)))
        ids = sorted(names.keys() - {key for one in caches for key in one.missing(list(names))})
        _, labels = np.unique([names[key] for key in ids], return_inverse=True)
        embeddings, *inner = (np.array(one.matrix()[one.rows(ids)]) for one in caches)
        nothing = np.empty((len(ids), 0), np.float16)
        words = _words(project.framed(ids, None)) if is_text else nothing
    return EmbeddedSet(
        name,
        embeddings,
        labels.astype(np.int64),
        encoders[0].fingerprint,
        inner[0] if inner else nothing,
        encoders[1].widths if inner else (),
        words,
    )


def _words(texts: list[str]) -> npt.NDArray[np.float16]:
    """TF-IDF of the most frequent words and pairs of words, rows of length one."""
    counts = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), max_features=WORDS)
    return np.asarray(counts.fit_transform(texts).toarray(), np.float16)


def _embedded(project: Project, backbone: Encoder) -> EmbeddingCache:
    """The embeddings of all samples of a project; only what is new is computed."""
    bring_in(unlabeled(project), backbone)
    return EmbeddingCache(project.embeddings, backbone.fingerprint, backbone.dim)


def _truth(project: Project) -> str | None:
    """Archives have class folders; the others have a table."""
    return FOLDERS if project.source.location.suffix == ".zip" else None
