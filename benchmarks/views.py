"""The features that a contest compares: what the head is fitted on, with its head and scores."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.svm import LinearSVC

from benchmarks.sets import EmbeddedSet
from models.evidence.guard import left_out_losses
from models.head import HEADS, Head
from models.head.linear import LinearHead
from models.scoring import Scorer, Scores
from models.space.parts import Parts
from models.space.pool_map import PoolMap, Recipe
from models.space.space import Space

BLOCK_WEIGHT = 0.5  # of an inner block, beside the pooled features of weight 1
PLAIN, MAP = "plain", "map"

Indices = npt.NDArray[np.int64]
Halves = npt.NDArray[np.float16]
Features = tuple[npt.NDArray[Any], npt.NDArray[Any], int | None]  # of the pool, held out; kernel


FitHead = Callable[[Halves, Indices, npt.NDArray[np.bool_]], Head]


def _logistic(features: Halves, labels: Indices, audits: npt.NDArray[np.bool_]) -> Head:
    return HEADS["logistic"](features, labels, audits=audits)


def _svm(features: Halves, labels: Indices, _audits: npt.NDArray[np.bool_]) -> Head:
    """A linear SVM, as Label Sleuth fits it; its margins stand for logits."""
    classes = np.unique(labels)
    fitted = LinearSVC().fit(features.astype(np.float32), labels)
    weight, bias = fitted.coef_, fitted.intercept_
    if len(classes) == 2:  # it has one line for both
        weight, bias = np.concatenate([-weight, weight]), np.concatenate([-bias, bias])
    return LinearHead(classes, weight.astype(np.float32), bias.astype(np.float32), 1.0, 0)


@dataclass(eq=False)
class View:
    """Features of the pool (N, D) and of the held out rows (M, D), and what a head says on them."""

    features: Halves
    held: Halves
    kernel: int | None
    fit_head: FitHead
    head: Head | None = None
    scores: Scores | None = None

    def __post_init__(self) -> None:
        """Prepare to score the pool again and again."""
        self.scorer = Scorer(self.features)

    def fit(self, rows: list[int], labels: Indices, audits: npt.NDArray[np.bool_]) -> None:
        """Fit the head on the labels of some rows."""
        self.head = self.fit_head(self.features[rows], labels, audits)

    def losses(self, rows: list[int], labels: Indices) -> npt.NDArray[np.float64]:
        """The left-out losses of the labels."""
        assert self.head is not None
        return left_out_losses(self.head, self.features[rows], labels)

    def score(self) -> None:
        """Score the pool."""
        assert self.head is not None
        self.scores = Scores.empty(len(self.features))
        self.scorer.score(self.head, self.scores)


def _plain(images: EmbeddedSet, pool: Indices, held: Indices) -> Features:
    """The features before there was a map."""
    space = Space.fit(images.embeddings, pool)
    return space.transform(images.embeddings, pool), space.transform(images.embeddings, held), None


def _joined(images: EmbeddedSet) -> npt.NDArray[np.float16]:
    return np.concatenate([images.embeddings, images.blocks], axis=1)


def _weights(images: EmbeddedSet) -> tuple[list[int], list[float]]:
    widths = [images.embeddings.shape[1], *images.widths]
    return widths, [1.0, *(BLOCK_WEIGHT for _ in images.widths)]


def _parts(images: EmbeddedSet, pool: Indices, held: Indices) -> Features:
    """The pooled features and those of inner blocks, each in its own space, without a map."""
    rows = _joined(images)
    parts = Parts.fit(rows, *_weights(images), pool)
    return parts.transform(rows, pool), parts.transform(rows, held), None


def _mapped(recipe: Recipe, *, with_blocks: bool) -> Callable[..., Features]:
    """The features of a map, of the pooled features alone or with those of inner blocks."""

    def view(images: EmbeddedSet, pool: Indices, held: Indices) -> Features:
        rows = _joined(images) if with_blocks else images.embeddings
        widths, weights = _weights(images) if with_blocks else (None, None)
        pool_map = PoolMap.fit(rows, pool, widths=widths, weights=weights, recipe=recipe)
        return (
            pool_map.transform(rows, pool, own=True),
            pool_map.transform(rows, held),
            pool_map.kernel,
        )

    return view


def _words(images: EmbeddedSet, pool: Indices, held: Indices) -> Features:
    """The words of texts, which need no pretrained model."""
    return images.words[pool], images.words[held], None


VIEWS: dict[str, Callable[[EmbeddedSet, Indices, Indices], Features]] = {
    PLAIN: _plain,
    MAP: _mapped(Recipe(), with_blocks=True),
    "pooled-map": _mapped(Recipe(), with_blocks=False),
    "parts": _parts,
    "whitening": _mapped(Recipe(steps=0), with_blocks=False),
    "diffusion": _mapped(Recipe(whitenings=0), with_blocks=False),
    "words": _words,
    "svm": _plain,
}
FITS: dict[str, FitHead] = {"svm": _svm}  # all others have Hone's head
ARMS: dict[str, tuple[str, ...]] = {name: (name,) for name in VIEWS} | {
    "map-if-better": (PLAIN, MAP),
    "map-unless-worse": (MAP, PLAIN),
}


def make_view(name: str, images: EmbeddedSet, pool: Indices, held: Indices) -> View:
    """A view of a set's images without a label yet."""
    features, others, kernel = VIEWS[name](images, pool, held)
    fit = FITS.get(name, _logistic)
    return View(features.astype(np.float16), others.astype(np.float16), kernel, fit)
