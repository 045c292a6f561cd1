"""Accuracy on the rest of the pool, from uniform audits and the head's own confidence."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from models.evidence.metrics import Interval, MeanInterval, wilson

FEWEST = 10  # audits; with fewer, the interval is useless
PRIOR = 4.0  # pseudo-audits in the variance, so that lucky hits do not look certain
LEAST_SPREAD = 1e-3
LARGEST_GAIN = 3.0  # confidence may multiply the value of the audits by at most this

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Accuracy:
    """An accuracy in [0, 1] with the ends of its interval.

    It was measured on `measured` rows, which are worth `effective` uniform audits. `method`
    is "audits" or "weighted".
    """

    value: float
    low: float
    high: float
    measured: int
    effective: float
    method: str


@dataclass(frozen=True, eq=False)
class Later:
    """The labels after each audit: they are known, and no longer part of the rest.

    An audit is drawn from all rows without a label at its time. Later a query takes hard rows away,
    so the rest is easier than the rows that the audit represents. But the taken rows have labels:
    the estimated sum over the pool of that time, minus their residuals, is the sum over the rest.
    This holds for every query, however it chooses.

    Attributes
    ----------
    pools : (n,) rows without a label when each audit was drawn, including the audit.
    taken : (n,) sum of hit - confidence over the labels since each audit, including the audit.
    left : rows without a label now, at least 1.
    """

    pools: npt.NDArray[np.int64]
    taken: Floats
    left: int

    @classmethod
    def of(
        cls,
        hits: npt.NDArray[Any],
        confidence: npt.NDArray[Any],
        audits: npt.NDArray[np.bool_],
        left: int,
    ) -> "Later":
        """From leave-one-out on all labels (m,) in the order of their answers, and the audits."""
        residual = np.asarray(hits, dtype=np.float64) - np.asarray(confidence, dtype=np.float64)
        since = np.cumsum(residual[::-1])[::-1]
        places = np.flatnonzero(audits)
        return cls(left + len(residual) - places, since[places], left)

    def taken_off(self, residual: Floats) -> Floats:
        """Each audit's estimate (n,) of the mean over the rest, from its residual."""
        found: Floats = (self.pools * residual - self.taken) / self.left
        return found

    @property
    def growth(self) -> float:
        """The factor on the variance of a residual."""
        return float(((self.pools / self.left) ** 2).mean())


def audited(
    hits: npt.NDArray[Any],
    confidence: npt.NDArray[Any],
    pool_confidence: float,
    *,
    later: "Later | None" = None,
    groups: npt.NDArray[np.int64] | None = None,
    level: float = 0.95,
) -> Accuracy | None:
    """Accuracy of the head on the pool, from its leave-one-out predictions on uniform audits.

    The mean confidence over the pool, corrected by how far confidence and hits differ on the
    audits: c̄ + mean(hit - c), prediction-powered inference (Angelopoulos, Bates, Fannjiang,
    Jordan, Zrnic, Science 2023, arXiv 2301.09633). It holds whether or not the confidence is
    calibrated; better confidence gives a narrower interval. The interval is Wilson's at the
    equivalent number of plain audits; it stays inside [0, 1] and is honest if all were hits.

    Parameters
    ----------
    hits : (n,) bool, whether the left-out prediction was the label.
    confidence : (n,) its probability.
    pool_confidence : mean of the head's largest probability over rows without a label.
    later : the labels since each audit; None if the audits are from the rest itself.
    groups : (n,) near-duplicates share one and count as one observation. None: each is its own.
    level : of the interval, in (0, 1).

    Returns
    -------
    None below 10 audits (groups of them).
    """
    residual = np.asarray(hits, dtype=np.float64) - np.asarray(confidence, dtype=np.float64)
    facts = _by_group(residual, groups)
    if len(facts) < FEWEST:
        return None
    on_the_rest = residual if later is None else later.taken_off(residual)
    value = float(np.clip(pool_confidence + on_the_rest.mean(), 0.0, 1.0))
    sure = np.asarray(confidence, dtype=np.float64)
    spread = max(_spread(facts, value), float((sure * (1 - sure)).mean()))
    grown = 1.0 if later is None else later.growth
    return _interval(value, grown * spread / len(facts), len(facts), "audits", level)


def weighted(
    hits: npt.NDArray[Any],
    confidence: npt.NDArray[Any],
    pool_confidence: float,
    chance: npt.NDArray[Any],
    left: int,
    *,
    level: float = 0.95,
) -> Accuracy | None:
    """The same from all labels of a query whose draws have probabilities.

    Each residual is weighted by LURE, vₘ = 1 + (N - M)/(N - m)·(1/((N - m + 1)·qₘ) - 1), which
    corrects for unsure rows being asked more often (Farquhar, Gal, Rainforth, ICLR 2021, arXiv
    2101.11665; Kossen, Farquhar, Gal, Rainforth, ICML 2021, arXiv 2103.05331).

    Parameters
    ----------
    hits, confidence : (M,) leave-one-out on the labels in the order in which they were drawn.
    pool_confidence : as above.
    chance : (M,) qₘ in (0, 1] of each draw, at the time of the draw.
    left : N - M, rows without a label now; at least 1.
    level : of the interval, in (0, 1).

    Returns
    -------
    None below 10 draws.
    """
    if len(hits) < FEWEST:
        return None
    sure = np.asarray(confidence, dtype=np.float64)
    residual, m = np.asarray(hits, dtype=np.float64) - sure, len(hits)
    parts = weighted_residuals(residual, chance, left)
    weights = weighted_residuals(np.ones(m), chance, left)
    value = float(np.clip(pool_confidence + parts.mean(), 0.0, 1.0))
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    plain = max(value * (1 - value), LEAST_SPREAD)
    seen = float(((parts - parts.mean()) ** 2).sum()) / (m - 1) / m
    # Rare draws of large weight may have had no misses yet: also use the predicted misses.
    expected = float((weights**2 * sure * (1 - sure)).sum()) / m**2
    variance = max(seen, expected) + PRIOR * plain / effective**2
    # The rest is itself a random draw: if few rows are left, their mean differs from its
    # expectation.
    lure = lure_weights(np.asarray(chance, dtype=np.float64), left + m)
    scatter = max(float(lure @ residual**2), float(lure @ (sure * (1 - sure)))) / float(lure.sum())
    return _interval(value, variance + scatter / left, m, "weighted", level)


def weighted_residuals(residual: Floats, chance: npt.NDArray[Any], left: int) -> Floats:
    """Each drawn residual's estimate (M,) of the mean over the remaining rows.

    LURE's mean is over all rows at the first draw; the drawn rows are known and are subtracted.
    """
    m = len(residual)
    lure = lure_weights(np.asarray(chance, dtype=np.float64), left + m)
    weights: Floats = ((left + m) * lure - m) / left
    return weights * residual


def lure_weights(chance: Floats, pool: int) -> Floats:
    """LURE's weights (M,) of draws with chances (M,) from a pool of N ≥ M rows."""
    m = len(chance)
    if m > pool:
        raise ValueError(f"{m} draws cannot come from a pool of {pool}")
    if m and not (chance.min() > 0 and chance.max() <= 1):
        raise ValueError("a chance lies in (0, 1]")
    left = pool - np.arange(1, m + 1)  # N - m
    factor = np.divide(pool - m, left, out=np.zeros(m), where=left > 0)
    weights: Floats = 1.0 + factor * (1.0 / ((left + 1) * chance) - 1.0)
    return weights


def class_recall(
    hits: npt.NDArray[Any], labels: npt.NDArray[Any], level: float = 0.95
) -> dict[int, tuple[int, int, Interval]]:
    """Hits, audits and Wilson's interval of the share found, for each class among the labels."""
    found: dict[int, tuple[int, int, Interval]] = {}
    for class_id in np.unique(labels).tolist():
        mine = np.asarray(hits)[labels == class_id]
        right = int(mine.sum())
        found[int(class_id)] = (right, len(mine), wilson(right, len(mine), level))
    return found


def macro_recall(
    hits: npt.NDArray[Any], labels: npt.NDArray[Any], level: float = 0.95
) -> MeanInterval | None:
    """Mean over classes of the share found, with an interval; None while a class has one audit.

    The variance of each class includes a pseudo-hit and a pseudo-miss, so that a
    class without a miss does not count as perfect.
    """
    classes = class_recall(hits, labels, level)
    if not classes or min(total for _, total, _ in classes.values()) < 2:
        return None
    shares = [right / total for right, total, _ in classes.values()]
    variances = []
    for right, total, _ in classes.values():
        share = (right + 1) / (total + 2)
        variances.append(share * (1 - share) / (total + 2))
    half = float(ndtri(0.5 + level / 2) * np.sqrt(np.sum(variances)) / len(shares))
    mean = float(np.mean(shares))
    return MeanInterval(mean, max(0.0, mean - half), min(1.0, mean + half))


def _by_group(residual: Floats, groups: npt.NDArray[np.int64] | None) -> Floats:
    """One residual for each group, with the mean and scatter of all rows."""
    if groups is None:
        return residual
    _, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    sums = np.bincount(place, weights=residual)
    means: Floats = sums * len(counts) / counts.sum()
    return means


def _spread(facts: Floats, value: float) -> float:
    """Variance of a residual, shrunk towards a plain hit's by PRIOR pseudo-audits."""
    n = len(facts)
    plain = max(value * (1 - value), LEAST_SPREAD)
    seen = float(((facts - facts.mean()) ** 2).sum())
    spread = (seen + PRIOR * plain) / (n - 1 + PRIOR)
    return max(spread, plain / LARGEST_GAIN)


def _interval(value: float, variance: float, measured: int, method: str, level: float) -> Accuracy:
    """Wilson's interval at the effective number of audits."""
    plain = value * (1 - value)
    # Values of 0 or 1 have no scatter to compare, so the rows count as they are.
    effective = plain / variance if plain > 0 and variance > 0 else float(measured)
    effective = min(max(effective, 1.0), LARGEST_GAIN * measured)
    z2 = float(ndtri(0.5 + level / 2)) ** 2
    middle = (value + z2 / (2 * effective)) / (1 + z2 / effective)
    half = np.sqrt(z2 * (plain / effective + z2 / (4 * effective**2))) / (1 + z2 / effective)
    low, high = float(max(0.0, middle - half)), float(min(1.0, middle + half))
    return Accuracy(value, min(low, value), max(high, value), measured, effective, method)
