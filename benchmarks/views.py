"""The features that a contest compares: what the head is fitted on, with its head and scores."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.image_sets import ImageSet
from models.evidence.guard import left_out_losses
from models.head import HEADS, Head
from models.scoring import Scorer, Scores
from models.space.parts import Parts
from models.space.pool_map import PoolMap, Recipe
from models.space.space import Space

BLOCK_WEIGHT = 0.5  # of an inner block, beside the pooled features of weight 1
PLAIN, MAP = "plain", "map"

Indices = npt.NDArray[np.int64]
Halves = npt.NDArray[np.float16]
Features = tuple[npt.NDArray[Any], npt.NDArray[Any], int | None]  # of the pool, held out; kernel


@dataclass(eq=False)
class View:
    """Features of the pool (N, D) and of the held out rows (M, D), and what a head says on them."""

    features: Halves
    held: Halves
    kernel: int | None
    head: Head | None = None
    scores: Scores | None = None

    def __post_init__(self) -> None:
        """Prepare to score the pool again and again."""
        self.scorer = Scorer(self.features)

    def fit(self, rows: list[int], labels: Indices, audits: npt.NDArray[np.bool_]) -> None:
        """Fit the head on the labels of some rows."""
        self.head = HEADS["logistic"](self.features[rows], labels, audits=audits)

    def losses(self, rows: list[int], labels: Indices) -> npt.NDArray[np.float64]:
        """The left-out losses of the labels."""
        assert self.head is not None
        return left_out_losses(self.head, self.features[rows], labels)

    def score(self) -> None:
        """Score the pool."""
        assert self.head is not None
        self.scores = Scores.empty(len(self.features))
        self.scorer.score(self.head, self.scores)


def _plain(images: ImageSet, pool: Indices, held: Indices) -> Features:
    """The features before there was a map."""
    space = Space.fit(images.embeddings, pool)
    return space.transform(images.embeddings, pool), space.transform(images.embeddings, held), None


def _joined(images: ImageSet) -> npt.NDArray[np.float16]:
    return np.concatenate([images.embeddings, images.blocks], axis=1)


def _weights(images: ImageSet) -> tuple[list[int], list[float]]:
    widths = [images.embeddings.shape[1], *images.widths]
    return widths, [1.0, *(BLOCK_WEIGHT for _ in images.widths)]


def _parts(images: ImageSet, pool: Indices, held: Indices) -> Features:
    """The pooled features and those of inner blocks, each in its own space, without a map."""
    rows = _joined(images)
    parts = Parts.fit(rows, *_weights(images), pool)
    return parts.transform(rows, pool), parts.transform(rows, held), None


def _mapped(recipe: Recipe, *, with_blocks: bool) -> Callable[..., Features]:
    """The features of a map, of the pooled features alone or with those of inner blocks."""

    def view(images: ImageSet, pool: Indices, held: Indices) -> Features:
        rows = _joined(images) if with_blocks else images.embeddings
        widths, weights = _weights(images) if with_blocks else (None, None)
        pool_map = PoolMap.fit(rows, pool, widths=widths, weights=weights, recipe=recipe)
        return (
            pool_map.transform(rows, pool, own=True),
            pool_map.transform(rows, held),
            pool_map.kernel,
        )

    return view


VIEWS: dict[str, Callable[[ImageSet, Indices, Indices], Features]] = {
    PLAIN: _plain,
    MAP: _mapped(Recipe(), with_blocks=True),
    "pooled-map": _mapped(Recipe(), with_blocks=False),
    "parts": _parts,
    "whitening": _mapped(Recipe(steps=0), with_blocks=False),
    "diffusion": _mapped(Recipe(whitenings=0), with_blocks=False),
}
ARMS: dict[str, tuple[str, ...]] = {name: (name,) for name in VIEWS} | {
    "map-if-better": (PLAIN, MAP),
    "map-unless-worse": (MAP, PLAIN),
}


def make_view(name: str, images: ImageSet, pool: Indices, held: Indices) -> View:
    """A view of a set's images without a label yet."""
    features, others, kernel = VIEWS[name](images, pool, held)
    return View(features.astype(np.float16), others.astype(np.float16), kernel)
