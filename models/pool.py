"""The part of a pool that a query may see, and the picks of a query."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from models.finite import require_finite

if TYPE_CHECKING:  # a query does not need torch before the first head
    from models.head import Head
    from models.scoring import Scores

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pool:
    """Everything that a query may use: never the label of an unanswered row.

    Attributes
    ----------
    features : (N, D) float16 or float32, rows of a Space (length one, or zero).
    labeled : (L,) int64 indices of rows that have a label.
    labels : (L,) int64 their class ids.
    available : (M,) int64 distinct indices that the query may pick.
    head : the newest head; None before two classes have a label.
    scores : its predictions for each row; None without a head. Every row of `available` is scored;
        in a large pool, scores of other rows may be stale.
    kernel : distances are measured on so many first columns of the features; None: on all.
    """

    features: npt.NDArray[Any]
    labeled: Indices
    labels: Indices
    available: Indices
    head: "Head | None" = None
    scores: "Scores | None" = None
    kernel: int | None = None

    def __post_init__(self) -> None:
        """Check that the parts fit together; every query relies on it."""
        if self.features.ndim != 2:
            raise ValueError(f"features must be (N, D), not {self.features.shape}")
        rows = len(self.features)
        if self.kernel is not None and not 1 <= self.kernel <= self.features.shape[1]:
            raise ValueError(
                f"a kernel on {self.kernel} columns does not fit features {self.features.shape}"
            )
        for name, indices in (("labeled", self.labeled), ("available", self.available)):
            if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
                raise ValueError(f"{name} must be a row of indices, not {indices.dtype}")
            if len(indices) and not (indices.min() >= 0 and indices.max() < rows):
                raise ValueError(f"{name} names a row outside 0 … {rows - 1}")
        if self.labels.shape != self.labeled.shape:
            raise ValueError(f"{len(self.labels)} labels do not fit {len(self.labeled)} rows")
        if (self.head is None) != (self.scores is None):
            raise ValueError("a head and its scores come together")
        if self.scores is not None and len(self.scores.first) != rows:
            raise ValueError(f"scores of {len(self.scores.first)} rows do not fit {rows} features")
        if self.scores is not None and np.isnan((self.scores.first + self.scores.second).sum()):
            require_finite("scores", self.scores.first + self.scores.second)
        seen = np.zeros(rows, dtype=bool)
        seen[self.available] = True
        if np.count_nonzero(seen) != len(self.available):
            raise ValueError("available names a row twice")

    def without(self, rows: Indices) -> Self:
        """The same pool without `rows` among the available ones, in the same order."""
        kept = np.ones(len(self.features), dtype=bool)
        kept[rows] = False
        return replace(self, available=self.available[kept[self.available]])

    def rows(self, indices: Indices) -> Floats:
        """Features (m, D) of some rows as float32, a copy."""
        taken: Floats = self.features[indices].astype(np.float32, copy=False)
        return taken

    def points(self, indices: Indices) -> Floats:
        """Rows (m, k) float32 to measure distances on, a copy: of length one, or zero."""
        if self.kernel is None:
            return self.rows(indices)
        taken: Floats = self.features[indices, : self.kernel].astype(np.float32)
        lengths = np.linalg.norm(taken, axis=1, keepdims=True)
        taken /= np.where(lengths > 0, lengths, 1.0)
        return taken


@dataclass(frozen=True, eq=False)
class Picks:
    """Rows to ask, best first.

    Attributes
    ----------
    indices : (n,) int64, distinct, a subset of the pool's available rows.
    scores : (n,) float32, never rising; higher = ask sooner. Comparable within one query only.
    acquisition_probability : (n,) float32 in (0, 1]: the chance that draw i picks entry i from
        the rows available after the earlier draws; NaN if the query has no probability for
        an estimator.
    """

    indices: Indices
    scores: Floats
    acquisition_probability: Floats
