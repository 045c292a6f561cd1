"""Figures on the head's quality, each with its uncertainty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, stdtrit


@dataclass(frozen=True)
class Interval:
    """A range of plausible values, ends included."""

    low: float
    high: float


class MeanInterval(NamedTuple):
    """A mean and the ends of its interval; the ends are NaN for a single value."""

    mean: float
    low: float
    high: float


def clopper_pearson(successes: float, trials: float, level: float = 0.95) -> Interval:
    """Interval of a success rate that contains it at least that often; (0, 1) without trials.

    For independent, uniform draws: audit picks, not actively chosen labels. The numbers need not be
    whole, so that weighted draws can count by what they are worth. Clopper, Pearson, "The use of
    confidence or fiducial limits illustrated in the case of the binomial", Biometrika 1934. Shorter
    ones, such as Wilson's, hold in 95 % on average over all rates, but in 84 % near 0 and 1.
    """
    _check_level(level)
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials are impossible")
    tail, failures = (1 - level) / 2, trials - successes
    low = 0.0 if successes == 0 else float(betaincinv(successes, failures + 1, tail))
    high = 1.0 if failures == 0 else float(betaincinv(successes + 1, failures, 1 - tail))
    return Interval(low, high)


def agreement(matches: Sequence[bool], window: int) -> npt.NDArray[np.float64]:
    """Rolling share of matches between pre-label and answer.

    matches : n bool values, oldest first.
    ----------
    matches : n truth values, oldest first.
    window : how many of the latest to average, ≥ 1.

    Returns
    -------
    (n,) float64 in [0, 1]
        Entry i is the mean of the last `window` matches up to i, or of fewer at the start. On
        actively chosen samples this is far below the accuracy on the pool, by design.
    """
    if window < 1:
        raise ValueError(f"a window holds at least one match, not {window}")
    total = np.concatenate([[0], np.cumsum(np.asarray(matches, dtype=np.int64))])
    end = np.arange(1, len(total))
    begin = np.maximum(end - window, 0)
    share: npt.NDArray[np.float64] = (total[end] - total[begin]) / (end - begin)
    return share


def learning_curve_area(labels: npt.NDArray[Any], accuracy: npt.NDArray[Any]) -> float:
    """Area under a learning curve, divided by its width: the mean accuracy along the way.

    Parameters
    ----------
    labels : (m,) numbers of labels, rising, m ≥ 1.
    accuracy : (m,) the accuracy at each; the result has the same unit (share or points).

    Raises
    ------
    ValueError
        The curve is empty, its labels do not rise, or a value is not finite.
    """
    x, y = np.asarray(labels, dtype=np.float64), np.asarray(accuracy, dtype=np.float64)
    if x.ndim != 1 or len(x) == 0 or x.shape != y.shape:
        raise ValueError(f"a curve needs (m,) labels and accuracies, not {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a learning curve holds NaN or infinity")
    if (np.diff(x) <= 0).any():
        raise ValueError("the numbers of labels along a learning curve must rise")
    return float(y[0]) if len(x) == 1 else float(np.trapezoid(y, x) / (x[-1] - x[0]))


def mean_interval(values: npt.NDArray[Any], level: float = 0.95) -> MeanInterval:
    """Mean of S independent values (seeds) with Student's t-interval; NaN ends for S = 1."""
    _check_level(level)
    runs = np.asarray(values, dtype=np.float64)
    if runs.ndim != 1 or len(runs) == 0 or not np.isfinite(runs).all():
        raise ValueError("a mean needs at least one value, all finite")
    mean = float(runs.mean())
    if len(runs) == 1:
        return MeanInterval(mean, np.nan, np.nan)
    quantile = float(stdtrit(len(runs) - 1, 0.5 + level / 2))
    half = quantile * float(runs.std(ddof=1)) / float(np.sqrt(len(runs)))
    return MeanInterval(mean, mean - half, mean + half)


def _check_level(level: float) -> None:
    """Raise unless a confidence level lies between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not {level}")
