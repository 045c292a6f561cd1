"""Whether confidence can be believed: hits against confidence, in bins."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.metrics import Interval, wilson

BINS = 8
FEWEST = 5  # rows in a bin


@dataclass(frozen=True)
class Bin:
    """Rows of like confidence: their mean confidence, and the share of hits with its interval."""

    confidence: float
    rate: float
    interval: Interval
    count: int


@dataclass(frozen=True)
class Reliability:
    """Bins by rising confidence, and the expected calibration error over them, in [0, 1]."""

    bins: tuple[Bin, ...]
    error: float


def reliability(
    confidence: npt.NDArray[Any], hits: npt.NDArray[Any], level: float = 0.95
) -> Reliability:
    """Hits against confidence on left-out predictions.

    Bins hold equally many rows, at least 5 each and 8 bins at most, as bins of equal width would
    be empty where a head is mostly sure (Nguyen and O'Connor, EMNLP 2015). The error is the mean
    gap between confidence and hits, each bin by its rows; with n rows some 0.4/√(n/bins) of it is
    noise, so it is a figure to watch, not one to compare on a few rows.

    Parameters
    ----------
    confidence : (n,) probability of the predicted class, n ≥ 1.
    hits : (n,) truth values.
    level : of each bin's Wilson interval.
    """
    if len(confidence) == 0 or len(confidence) != len(hits):
        raise ValueError(f"{len(confidence)} confidences do not fit {len(hits)} hits")
    order = np.argsort(confidence, kind="stable")
    count = max(1, min(BINS, len(order) // FEWEST))
    bins, gap = [], 0.0
    for rows in np.array_split(order, count):
        right, sure = int(np.asarray(hits)[rows].sum()), float(np.mean(confidence[rows]))
        bins.append(Bin(sure, right / len(rows), wilson(right, len(rows), level), len(rows)))
        gap += len(rows) * abs(right / len(rows) - sure)
    return Reliability(tuple(bins), gap / len(order))
