"""Interim: the scoring helper replaces this."""

import numpy as np
import numpy.typing as npt

from models.scoring import Scores

Indices = npt.NDArray[np.int64]


class Rotation:
    """Rows in turn."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self._order = rng.permutation(n)
        self._at = 0

    def take(self, count: int) -> Indices:
        """The next rows."""
        rows = np.take(self._order, np.arange(self._at, self._at + count), mode="wrap")
        self._at += count
        return np.sort(rows)


def most_uncertain(scores: Scores, rows: Indices | None, count: int) -> Indices:
    """Rows of largest margin score."""
    margin = scores.margin(np.arange(len(scores.first)) if rows is None else rows)
    best: Indices = np.argpartition(-margin, count)[:count]
    return best
