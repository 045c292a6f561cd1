"""Ranking: rows by preference, ties in random order, near-duplicates of a better row last."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from models.pool import Floats, Indices, Picks, Pool
from models.queries.distances import DUPLICATE_DISTANCE, near, squared_distances

WINDOW = 128  # the fewest rows ranked at once, and the most compared at once
GROWTH = 4  # each further window is this many times as long as all before it

Proposals = Iterable[tuple[Indices, Floats]]  # rows, best first, with their scores


def size(pool: Pool, n: int) -> int:
    """The number of picks for a request of n."""
    if n < 0:
        raise ValueError(f"a query picks n ≥ 0 samples, not {n}")
    return min(n, len(pool.available))


def largest(scores: npt.NDArray[Any], n: int, rng: np.random.Generator) -> Indices:
    """Positions of the n largest of `scores` (M,), largest first; equal ones in random order.

    One partition of M values; only the ties at the end are shuffled.
    """
    n = min(n, len(scores))
    if n == 0:
        return np.empty(0, dtype=np.int64)
    if n < len(scores):
        least = np.partition(scores, len(scores) - n)[len(scores) - n]
        above = np.flatnonzero(scores > least)
        ties = np.flatnonzero(scores == least)
        chosen = np.concatenate([above, rng.choice(ties, n - len(above), replace=False)])
    else:
        chosen = np.arange(len(scores))
    order = np.lexsort((rng.random(n), -scores[chosen]))
    result: Indices = chosen[order].astype(np.int64)
    return result


def descending(
    rows: Indices, scores: npt.NDArray[np.floating], n: int, rng: np.random.Generator
) -> Proposals:
    """Yield `rows` (M,) by falling score in windows, the first for a batch of n."""
    left, done, length = scores, 0, max(WINDOW, 2 * n)
    while done < len(rows):
        top = largest(left, min(length, len(rows) - done), rng)
        yield rows[top], scores[top].astype(np.float32)
        if done == 0:
            left = scores.copy()  # made only if the first window is not enough
        left[top] = -np.inf
        done += len(top)
        length = GROWTH * done


def shuffled(rows: Indices, rng: np.random.Generator) -> Proposals:
    """Yield `rows` (M,) in random order with score 0."""
    order = rng.permutation(rows)
    yield order, np.zeros(len(order), dtype=np.float32)


def unscored(proposals: Proposals) -> Proposals:
    """Yield the same rows with score 0, to fill up when a query has no more of its own."""
    for rows, scores in proposals:
        yield rows, np.zeros_like(scores)


def distinct(pool: Pool, n: int, proposals: Proposals) -> tuple[Indices, Floats]:
    """The first n proposed rows, but near-duplicates (cosine > 0.98) of earlier ones at the end.

    `proposals` are read as far as needed, so a near-duplicate shares a batch with its
    original only if there is nothing else. Proposing a row again does no harm. Returns rows
    (m,) int64 and scores (m,) that never rise, m ≤ n: the score of a row that was delayed, or that
    was proposed with a larger score than an earlier one, becomes that of the earlier one.
    """
    kept = _Kept(pool, n)
    for rows, scores in proposals:
        kept.extend(rows, scores)
        if kept.full:
            break
    rows = np.array(kept.rows + kept.deferred, dtype=np.int64)[:n]
    scores = np.array(kept.scores + kept.deferred_scores, dtype=np.float32)[:n]
    return rows, np.minimum.accumulate(scores) if len(scores) else scores


def picks_of(pool: Pool, n: int, proposals: Proposals) -> Picks:
    """The picks of a query whose draws have no probability."""
    rows, scores = distinct(pool, n, proposals)
    return Picks(rows, scores, np.full(len(rows), np.nan, dtype=np.float32))


class _Kept:
    """The rows that `distinct` has taken so far, and those that it has delayed."""

    def __init__(self, pool: Pool, n: int) -> None:
        self.pool, self.n = pool, n
        self.rows: list[int] = []
        self.scores: list[float] = []
        self.deferred: list[int] = []
        self.deferred_scores: list[float] = []
        self.points = np.empty((n, pool.kernel or pool.features.shape[1]), dtype=np.float32)
        self._seen: set[int] = set()

    @property
    def full(self) -> bool:
        """Whether n rows are taken."""
        return len(self.rows) == self.n

    def extend(self, rows: Indices, scores: Floats) -> None:
        """Take proposals in their order until n are taken."""
        for begin in range(0, len(rows), WINDOW):
            if self.full:
                return
            self._extend(rows[begin : begin + WINDOW], scores[begin : begin + WINDOW])

    def _extend(self, rows: Indices, scores: Floats) -> None:
        points = self.pool.points(rows)
        blocked = near(points, self.points[: len(self.rows)])
        twins = squared_distances(points, points) < DUPLICATE_DISTANCE
        for place, row in enumerate(rows.tolist()):
            if self.full:
                return
            if row in self._seen:
                continue
            self._seen.add(row)
            if blocked[place]:
                self.deferred.append(row)
                self.deferred_scores.append(float(scores[place]))
                continue
            self.points[len(self.rows)] = points[place]
            self.rows.append(row)
            self.scores.append(float(scores[place]))
            blocked |= twins[place]


def chained(*parts: Proposals) -> Iterator[tuple[Indices, Floats]]:
    """Yield all proposals of the first part, then of the next."""
    for part in parts:
        yield from part
