"""Herding: picks that cover a pool under the kernel exp(-‖a - b‖²), the best first."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.pool import Floats, Indices, Pool
from models.queries.distances import near, squared_distances, squared_norms

BLOCK_ROWS = 1024  # labeled or available rows compared with others at once
BOUNDS = 32  # candidates whose gain is updated at once


class Herd:
    """Reference rows, their coverage so far, and the picks that cover them."""

    def __init__(self, pool: Pool, reference: Indices, weights: Floats) -> None:
        self.pool = pool
        self.reference = pool.points(reference)  # (R, D)
        self.weights = weights  # (R,)
        self.coverage = np.zeros(len(reference), dtype=np.float32)
        self.picked: list[int] = []
        self.gains: list[float] = []

    def cover(self, rows: Indices) -> None:
        """Raise the coverage by the nearest of `rows` (L,): one product of L·R·D, one pass over it.

        The nearest a of b has the largest a·b - ‖a‖²/2, so distances are never computed.
        """
        if len(rows) == 0:
            return
        closest = np.full(len(self.coverage), -np.inf, dtype=np.float32)
        product = np.empty((min(len(rows), BLOCK_ROWS), len(closest)), dtype=np.float32)
        for begin in range(0, len(rows), BLOCK_ROWS):
            block = self.pool.points(rows[begin : begin + BLOCK_ROWS])
            affinity = product[: len(block)]
            np.matmul(block, self.reference.T, out=affinity)
            affinity -= 0.5 * squared_norms(block)[:, None]
            np.maximum(closest, affinity.max(axis=0), out=closest)
        nearest = np.maximum(squared_norms(self.reference) - 2.0 * closest, 0.0)
        np.maximum(self.coverage, np.exp(-nearest), out=self.coverage)

    def pick(self, candidates: Indices, n: int, distinct: bool) -> None:
        """Pick up to n candidates greedily; `distinct` stops when only near-duplicates remain.

        Gains only fall as the coverage rises, so old gains are bounds: only the candidates with the
        largest bounds are computed again (lazy greedy: Minoux 1978), with the same picks. Likewise,
        a candidate is compared with the picks for duplicates only when it would be the next one.
        """
        rows = self.pool.points(candidates)
        kernel = squared_distances(rows, self.reference)  # (C, R)
        np.exp(np.negative(kernel, out=kernel), out=kernel)
        bounds = self._gains(kernel)
        taken = np.empty((min(n, len(rows)), rows.shape[1]), dtype=np.float32)
        count = 0
        while count < n:
            best = self._best(kernel, bounds)
            gain, bounds[best] = bounds[best], -np.inf
            if gain == -np.inf:
                return
            if distinct and near(rows[best : best + 1], taken[:count])[0]:
                continue
            taken[count] = rows[best]
            count += 1
            self.picked.append(int(candidates[best]))
            self.gains.append(float(gain))
            np.maximum(self.coverage, kernel[best], out=self.coverage)

    def _gains(self, kernel: Floats) -> Floats:
        """The gain of each candidate (C, R) in weighted coverage now."""
        surplus: Floats = kernel - self.coverage
        np.maximum(surplus, 0.0, out=surplus)
        gains: Floats = surplus @ self.weights
        return gains

    def _best(self, kernel: Floats, bounds: Floats) -> int:
        """The candidate with the largest gain, the first of equal ones; updates the bounds."""
        stale = bounds > -np.inf
        while True:
            best = int(bounds.argmax())
            if not stale[best]:
                return best
            # A bound below the largest updated gain cannot win.
            tried = np.flatnonzero(stale)
            if len(tried) > BOUNDS:
                tried = tried[np.argpartition(-bounds[tried], BOUNDS)[:BOUNDS]]
            # Rounding may raise a gain slightly; the old bound stays.
            bounds[tried] = np.minimum(bounds[tried], self._gains(kernel[tried]))
            stale[tried] = False

    def gather(self, n: int, shortlist: Callable[[Indices], Indices]) -> None:
        """Pick n rows, with a new shortlist whenever one holds only near-duplicates of the picks.

        `shortlist` gives candidates among available rows, in an order that breaks ties.
        """
        eligible, distinct = self.pool.available, True
        while True:
            chosen = shortlist(eligible)
            if distinct and self.picked:
                chosen = chosen[~self.near_picked(chosen)]
                if len(chosen) == 0:  # rare: only now, every row is compared
                    left = self.without_picked(eligible)
                    eligible = left[~self.near_picked(left)]
                    distinct = len(eligible) > 0
                    if not distinct:
                        eligible = self.without_picked(self.pool.available)
                    continue
            self.pick(chosen, n - len(self.picked), distinct)
            if len(self.picked) == n:
                return
            eligible = self.without_picked(eligible)

    def near_picked(self, rows: Indices) -> npt.NDArray[np.bool_]:
        """Which of `rows` (m,) are near-duplicates of a pick."""
        picks = self.pool.points(np.array(self.picked, dtype=np.int64))
        found = np.empty(len(rows), dtype=bool)
        for begin in range(0, len(rows), BLOCK_ROWS):
            block = self.pool.points(rows[begin : begin + BLOCK_ROWS])
            found[begin : begin + len(block)] = near(block, picks)
        return found

    def without_picked(self, rows: Indices) -> Indices:
        """The `rows` that are not picked, in their order."""
        kept = np.ones(len(self.pool.features), dtype=bool)
        kept[self.picked] = False
        left: Indices = rows[kept[rows]]
        return left
