"""Accuracy on the rest of the pool, from uniform audits and the head's own confidence."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from models.evidence.metrics import Interval, MeanInterval, clopper_pearson

FEWEST = 10  # audits; with fewer, the interval is useless
PRIOR = 8.0  # misses (or hits, if they are fewer) at which a variance is believed by half
SHARED = 1.75  # left-out predictions share most labels, so the hits of all labels vary together

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Accuracy:
    """An accuracy in [0, 1] with the ends of its interval.

    It was measured on `measured` rows, which are worth `effective` uniform audits of the rest.
    `method` is "audits" or "weighted".
    """

    value: float
    low: float
    high: float
    measured: int
    effective: float
    method: str


@dataclass(frozen=True)
class Drawn:
    """The rows that the measured ones were drawn from: `rows`, of which `left` have no label now.

    The head is right on `right` of the others (left out). So the accuracies on all of them and
    on the rest follow from each other. Where nearly all are right, a draw tells of the rows at its
    time: few misses among them are few among the rest, too.
    """

    rows: float
    right: float
    left: float

    def whole(self, rest: float) -> float:
        """The accuracy on all rows, from that on the rest."""
        return min((self.left * rest + self.right) / self.rows, 1.0)

    def rest(self, whole: float) -> float:
        """The accuracy on the rest, from that on all rows."""
        return min(max((self.rows * whole - self.right) / self.left, 0.0), 1.0)


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
    right : (n,) number of hits among the labels since each audit, including the audit.
    taken : (n,) sum of hit - confidence over the same labels.
    left : rows without a label now, at least 1.
    """

    pools: npt.NDArray[np.int64]
    right: Floats
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
        right = np.asarray(hits, dtype=np.float64)
        residual = right - np.asarray(confidence, dtype=np.float64)
        places = np.flatnonzero(audits)
        pools = left + len(residual) - places
        return cls(pools, _since(right)[places], _since(residual)[places], left)

    @classmethod
    def nothing(cls, audits: int) -> "Later":
        """No label since: the audits were drawn from the rest itself."""
        zeros = np.zeros(audits)
        return cls(np.ones(audits, dtype=np.int64), zeros, zeros, 1)

    def taken_off(self, residual: Floats) -> Floats:
        """Each audit's estimate (n,) of the mean over the rest, from its residual."""
        found: Floats = (self.pools * residual - self.taken) / self.left
        return found

    @property
    def drawn(self) -> Drawn:
        """The rows that an audit was drawn from, on average."""
        return Drawn(float(self.pools.mean()), float(self.right.mean()), self.left)


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
    calibrated; better confidence gives a narrower interval. For the interval, see `_told`.

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
    right = np.asarray(hits, dtype=np.float64)
    residual = right - np.asarray(confidence, dtype=np.float64)
    facts = _by_group(residual, groups)
    if len(facts) < FEWEST:
        return None
    later = later or Later.nothing(len(residual))
    value = float(np.clip(pool_confidence + later.taken_off(residual).mean(), 0.0, 1.0))
    alone = len(facts) / len(residual)
    worth = _worth(later.pools) * alone
    rarer = float(min(right.sum(), (1 - right).sum())) * alone
    seen = float(facts.var(ddof=1)) / worth
    return _told(value, later.drawn, _Noise(seen, worth, rarer), len(facts), "audits", level)


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
    right, m = np.asarray(hits, dtype=np.float64), len(hits)
    residual = right - np.asarray(confidence, dtype=np.float64)
    value = float(pool_confidence + weighted_residuals(residual, chance, left).mean())
    value = min(max(value, 0.0), 1.0)
    weights, pool = lure_weights(np.asarray(chance, dtype=np.float64), left + m), left + m
    # A row that was sure to be drawn stands for itself alone, and adds no noise. The others are not
    # independent (Bengio, Grandvalet, JMLR 2004): on hard pools their mean varied 1.2 to 1.7 times
    # as much (`benchmarks.intervals`). Audits are too few of the labels for that to matter.
    noisy = float((weights * np.maximum(weights - m / pool, 1e-9)).sum() / (weights**2).sum())
    noise = _Noise(
        SHARED * noisy * float((weights * residual).var(ddof=1)) / m,
        _worth(weights) / noisy,
        min(_worth(weights * right), _worth(weights * (1 - right))),
    )
    return _told(value, Drawn(pool, float(right.sum()), left), noise, m, "weighted", level)


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
    """Hits, audits and the interval of the share found, for each class among the labels."""
    found: dict[int, tuple[int, int, Interval]] = {}
    for class_id in np.unique(labels).tolist():
        mine = np.asarray(hits)[labels == class_id]
        right = int(mine.sum())
        found[int(class_id)] = (right, len(mine), clopper_pearson(right, len(mine), level))
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


def _since(values: Floats) -> Floats:
    """The sum (m,) of each value and those after it."""
    found: Floats = np.cumsum(values[::-1])[::-1]
    return found


def _by_group(residual: Floats, groups: npt.NDArray[np.int64] | None) -> Floats:
    """One residual for each group, with the mean and scatter of all rows."""
    if groups is None:
        return residual
    _, place, counts = np.unique(groups, return_inverse=True, return_counts=True)
    sums = np.bincount(place, weights=residual)
    means: Floats = sums * len(counts) / counts.sum()
    return means


def _worth(weights: npt.NDArray[Any]) -> float:
    """The number of equal weights whose mean is as noisy: Kish's effective sample size."""
    squares = float((np.asarray(weights, dtype=np.float64) ** 2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


@dataclass(frozen=True)
class _Noise:
    """How far an estimate may stray: the variance seen, from rows worth so many plain draws.

    `rarer` is the number of misses among them, or of hits if these are fewer.
    """

    seen: float
    worth: float
    rarer: float


def _told(
    value: float, drawn: Drawn, noise: _Noise, measured: int, method: str, level: float
) -> Accuracy:
    """The accuracy on the rest with its interval.

    Clopper-Pearson at the equivalent number of plain draws, an exact binomial interval as in Korn,
    Graubard, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24, 1998. It is that of the rows that were drawn
    from, less the labels that are known by now.

    The variance that was seen says little while misses are few, above all if the next one could
    weigh much. Then it is mostly that of a plain hit or miss, with one of each added.
    """
    share = drawn.whole(value)
    smooth = (share * noise.worth + 1.0) / (noise.worth + 2.0)
    plain = smooth * (1.0 - smooth)
    trust = noise.rarer / (noise.rarer + PRIOR)
    variance = trust * noise.seen + (1.0 - trust) * plain / noise.worth
    effective = max(plain / variance, 1.0)
    ends = clopper_pearson(share * effective, effective, level)
    low, high = drawn.rest(ends.low), drawn.rest(ends.high)
    worth = effective * (drawn.left / drawn.rows) ** 2
    return Accuracy(value, min(low, value), max(high, value), measured, worth, method)
