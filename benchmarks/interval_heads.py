"""Sessions with a small head that really learns, for `benchmarks.intervals`.

Pools are clusters of points. The head is a ridge classifier, refitted after each ten labels, with
exact leave-one-out and a temperature from it. It shows what fixed chances cannot: left-out
predictions share most of their labels, so that their hits vary together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

from models.evidence.out_of_fold import OutOfFold

WIDTH, ROWS = 48, 1500
SHARE, COLD, BATCH = 0.1, 10, 10
RIDGE = 0.3
TEMPERATURES = (2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 15.0, 20.0)

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """A kind of pool: one cluster of points for each class, whose centres are so far apart."""

    classes: int
    ratio: float
    apart: float

    def __str__(self) -> str:
        return f"{self.classes} classes, {self.ratio:g}:1, {self.apart} apart"

    def draw(self, rng: np.random.Generator) -> tuple[Floats, Indices]:
        """Points (N, D + 1) of length 1 beside a constant, and their classes (N,)."""
        shares = self.ratio ** -np.linspace(0.0, 1.0, self.classes)
        truth = rng.choice(self.classes, ROWS, p=shares / shares.sum())
        centres = self.apart * rng.standard_normal((self.classes, WIDTH))
        points = centres[truth] + rng.standard_normal((ROWS, WIDTH))
        points -= points.mean(axis=0)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        return np.column_stack([points, np.ones(ROWS)]), truth


class Ridge:
    """A ridge classifier; `left_out` (n, K) are probabilities of its rows without themselves."""

    def __init__(self, points: Floats, labels: Indices) -> None:
        self.classes = np.unique(labels)
        one_hot = (labels[:, None] == self.classes).astype(np.float64)
        gram = points.T @ points + RIDGE * np.eye(points.shape[1])
        inverse = np.linalg.solve(gram, points.T)
        self._weights = inverse @ one_hot
        leverage = (points * inverse.T).sum(axis=1)[:, None]
        scores = (points @ self._weights - leverage * one_hot) / (1 - leverage)
        places = np.searchsorted(self.classes, labels)[:, None]

        def loss(heat: float) -> float:
            return -float(np.take_along_axis(log_softmax(heat * scores, 1), places, 1).mean())

        self._heat = min(TEMPERATURES, key=loss)
        self.left_out = softmax(self._heat * scores, axis=1)

    def predict(self, points: Floats) -> Floats:
        """Probabilities (m, K)."""
        found: Floats = softmax(self._heat * (points @ self._weights), axis=1)
        return found


def sessions(
    kind: Clusters, ends: tuple[int, ...], rng: np.random.Generator
) -> Iterator[tuple[OutOfFold, float, float]]:
    """A session by power margin at some numbers of labels, as `benchmarks.intervals.session`."""
    points, truth = kind.draw(rng)
    rows = rng.permutation(ROWS)[:COLD].tolist()
    audits, chance, is_open = [False] * COLD, [np.nan] * COLD, np.ones(ROWS, dtype=bool)
    is_open[rows] = False
    while len(rows) < max(ends):
        proba = np.sort(Ridge(points[rows], truth[rows]).predict(points), axis=1)
        margin = proba[:, -1] - proba[:, :-1].max(axis=1, initial=0.0)
        for _ in range(BATCH):
            weights = np.where(is_open, np.maximum(1.0 - margin, 1e-6), 0.0)
            shares = SHARE * is_open / is_open.sum() + (1 - SHARE) * weights / weights.sum()
            audits.append(bool(rng.random() < SHARE))
            odds = is_open / is_open.sum() if audits[-1] else weights / weights.sum()
            rows.append(int(rng.choice(ROWS, p=odds)))
            chance.append(float(shares[rows[-1]]))
            is_open[rows[-1]] = False
        if len(rows) in ends:
            head = Ridge(points[rows], truth[rows])
            proba, left_out = head.predict(points[is_open]), head.left_out
            kept = OutOfFold(
                head.classes[left_out.argmax(axis=1)] == truth[rows],
                left_out.max(axis=1),
                np.array(audits),
                np.array(chance),
                np.arange(len(rows)),
                int(is_open.sum()),
            )
            right = head.classes[proba.argmax(axis=1)] == truth[is_open]
            yield kept, float(proba.max(axis=1).mean()), float(right.mean())
