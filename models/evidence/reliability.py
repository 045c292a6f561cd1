"""Whether confidence is reliable: hits against confidence, in bins."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.evidence.metrics import Interval, clopper_pearson

BINS = 8
FEWEST = 5  # rows in a bin


@dataclass(frozen=True)
class Bin:
    """Rows of similar confidence: their mean confidence, and the share of hits, with interval."""

    confidence: float
    rate: float
    interval: Interval
    count: int


@dataclass(frozen=True)
class Reliability:
    """Bins by rising confidence, and the expected calibration error over them, in [0, 1].

    `chance` is the expected error for as many rows with perfect confidence.
    """

    bins: tuple[Bin, ...]
    error: float
    chance: float


def reliability(
    confidence: npt.NDArray[Any], hits: npt.NDArray[Any], level: float = 0.95
) -> Reliability:
    """Hits against confidence on left-out predictions.

    Bins hold equally many rows, at least 5 each and 8 bins at most, because bins of equal width
    would be empty if a head is mostly sure (Nguyen and O'Connor, EMNLP 2015). The error is the mean
    gap between confidence and hits, weighted by rows. With few rows the two differ by chance:
    by √(2/π) standard errors on average for a bin with perfect confidence.

    Parameters
    ----------
    confidence : (n,) probability of the predicted class, n ≥ 1.
    hits : (n,) bool.
    level : of each bin's interval.
    """
    if len(confidence) == 0 or len(confidence) != len(hits):
        raise ValueError(f"{len(confidence)} confidences do not fit {len(hits)} hits")
    order = np.argsort(confidence, kind="stable")
    count = max(1, min(BINS, len(order) // FEWEST))
    bins, gap, chance = [], 0.0, 0.0
    for rows in np.array_split(order, count):
        right, sure = int(np.asarray(hits)[rows].sum()), float(np.mean(confidence[rows]))
        bins.append(
            Bin(sure, right / len(rows), clopper_pearson(right, len(rows), level), len(rows))
        )
        gap += len(rows) * abs(right / len(rows) - sure)
        spread = np.asarray(confidence, dtype=np.float64)[rows]
        chance += float(np.sqrt(2 / np.pi * (spread * (1 - spread)).sum()))
    return Reliability(tuple(bins), gap / len(order), chance / len(order))
