"""Herding: picks that cover a pool under the kernel exp(-‖a - b‖²), the best next one first."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

DUPLICATE_DISTANCE = 0.04  # squared distance of unit rows at cosine 0.98
BLOCK_ROWS = 1024  # labeled or available rows compared with others at once


class Herd:
    """Reference rows, how well each is covered so far, and the picks that cover them."""

    def __init__(self, features: Floats, reference: Indices, weights: Floats) -> None:
        self.features = features
        self.reference = features[reference]  # (R, D)
        self.weights = weights  # (R,)
        self.coverage = np.zeros(len(reference), dtype=np.float32)
        self.picked: list[int] = []
        self.gains: list[float] = []

    def cover(self, rows: Indices) -> None:
        """Raise the coverage by the nearest of `rows`, block by block."""
        for begin in range(0, len(rows), BLOCK_ROWS):
            block = self.features[rows[begin : begin + BLOCK_ROWS]]
            nearest = _squared_distances(block, self.reference).min(axis=0)
            np.maximum(self.coverage, np.exp(-nearest), out=self.coverage)

    def pick(self, candidates: Indices, n: int, distinct: bool) -> None:
        """Pick up to n candidates greedily; `distinct` stops at the last that is no duplicate."""
        rows = self.features[candidates]
        kernel = np.exp(-_squared_distances(rows, self.reference))  # (C, R)
        free = np.ones(len(candidates), dtype=bool)
        surplus = np.empty_like(kernel)
        for _ in range(n):
            if not free.any():
                return
            np.subtract(kernel, self.coverage, out=surplus)
            np.maximum(surplus, 0.0, out=surplus)
            gains = np.where(free, surplus @ self.weights, -np.inf)
            best = int(gains.argmax())
            self.picked.append(int(candidates[best]))
            self.gains.append(float(gains[best]))
            np.maximum(self.coverage, kernel[best], out=self.coverage)
            free[best] = False
            if distinct:
                free &= _squared_distances(rows, rows[best : best + 1])[:, 0] >= DUPLICATE_DISTANCE

    def gather(self, available: Indices, n: int, shortlist: Callable[[Indices], Indices]) -> None:
        """Pick n rows, with a new shortlist whenever one holds only near-duplicates of the picks.

        `shortlist` gives candidates among rows, in an order that settles ties.
        """
        eligible, distinct = available, True
        while True:
            self.pick(shortlist(eligible), n - len(self.picked), distinct)
            if len(self.picked) == n:
                return
            left = without(available, self.picked)
            fresh = left[~self.near_picked(left)]
            distinct = len(fresh) > 0
            eligible = fresh if distinct else left

    def near_picked(self, rows: Indices) -> npt.NDArray[np.bool_]:
        """Which of `rows` (m,) are near-duplicates of a pick."""
        picks = self.features[self.picked]
        near = np.empty(len(rows), dtype=bool)
        for begin in range(0, len(rows), BLOCK_ROWS):
            block = self.features[rows[begin : begin + BLOCK_ROWS]]
            nearest = _squared_distances(block, picks).min(axis=1)
            near[begin : begin + len(block)] = nearest < DUPLICATE_DISTANCE
        return near


def without(rows: Indices, picked: list[int]) -> Indices:
    """The `rows` that are not picked, in their order."""
    kept: Indices = rows[~np.isin(rows, picked)]
    return kept


def _squared_distances(a: Floats, b: Floats) -> Floats:
    """‖a - b‖² (m, n) of rows (m, D) and (n, D), never below 0."""
    distances: Floats = a @ b.T
    distances *= -2.0
    distances += np.einsum("md,md->m", a, a)[:, None]
    distances += np.einsum("nd,nd->n", b, b)
    np.maximum(distances, 0.0, out=distances)
    return distances
