"""Agreement of people beyond chance, with bootstrap intervals over the items."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

REPEATS = 1000

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Coefficient:
    """1 is full agreement, 0 agreement by chance; NaN if chance explains everything.

    `low` and `high` are the ends of its bootstrap interval, `items` the number of items used.
    """

    value: float
    low: float
    high: float
    items: int


def cohen(
    first: Counts, second: Counts, rng: np.random.Generator, level: float = 0.95
) -> Coefficient:
    """Cohen's kappa of two people who have labeled the same items.

    Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 1960; the value is scikit-learn's.

    Parameters
    ----------
    first, second : (n,) classes given by either, of any numbers; n ≥ 1.
    rng, level : of the bootstrap, and of its interval in (0, 1).
    """
    from sklearn.metrics import cohen_kappa_score

    if first.shape != second.shape or first.ndim != 1 or len(first) == 0:
        raise ValueError(f"labels of shapes {first.shape} and {second.shape} cannot be compared")
    classes, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    ours, theirs = (np.eye(len(classes))[part] for part in np.split(codes, 2))
    match = (first == second).astype(np.float64)

    def kappa(weights: Floats) -> Floats:
        total = weights.sum(axis=1)
        chance = ((weights @ ours) * (weights @ theirs)).sum(axis=1) / total**2
        return _beyond(weights @ match / total, chance)

    value = float(cohen_kappa_score(first, second)) if len(classes) > 1 else float("nan")
    return Coefficient(value, *_interval(kappa, len(first), rng, level), len(first))


def fleiss(counts: Counts, rng: np.random.Generator, level: float = 0.95) -> Coefficient:
    """Fleiss' kappa of equally many people on each item, not always the same ones.

    Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 1971.

    Parameters
    ----------
    counts : (n, K), the number of people who chose each class; all rows have the same sum ≥ 2.
    rng, level : of the bootstrap, and of its interval in (0, 1).
    """
    people = _people(counts)
    if len(set(people.tolist())) != 1:
        raise ValueError("Fleiss' kappa needs equally many labels of each item")
    agreed = _agreed(counts, people)

    def kappa(weights: Floats) -> Floats:
        total = weights.sum(axis=1)
        shares = weights @ counts / (total * people[0])[:, None]
        return _beyond(weights @ agreed / total, (shares**2).sum(axis=1))

    value = float(kappa(np.ones((1, len(counts))))[0])
    return Coefficient(value, *_interval(kappa, len(counts), rng, level), len(counts))


def krippendorff(counts: Counts, rng: np.random.Generator, level: float = 0.95) -> Coefficient:
    """Krippendorff's alpha for classes, with any number of people on each item.

    Krippendorff, "Computing Krippendorff's alpha-reliability", 2011.

    Parameters
    ----------
    counts : (n, K), the number of people who chose each class; all rows sum to ≥ 2.
    rng, level : of the bootstrap, and of its interval in (0, 1).
    """
    people = _people(counts)
    agreed = _agreed(counts, people) * people

    def alpha(weights: Floats) -> Floats:
        given = weights @ counts
        total = given.sum(axis=1)
        chance = (given * (given - 1)).sum(axis=1) / (total * (total - 1))
        return _beyond(weights @ agreed / total, chance)

    value = float(alpha(np.ones((1, len(counts))))[0])
    return Coefficient(value, *_interval(alpha, len(counts), rng, level), len(counts))


def of_class(counts: Counts, place: int) -> Counts:
    """The counts (n, 2) of one class against all the others."""
    ours = counts[:, place]
    return np.stack([ours, counts.sum(axis=1) - ours], axis=1)


def _people(counts: Counts) -> Counts:
    people: Counts = counts.sum(axis=1) if counts.ndim == 2 else np.zeros(0, dtype=np.int64)
    if len(people) == 0 or people.min() < 2:
        raise ValueError("agreement needs items with at least two labels each")
    return people


def _agreed(counts: Counts, people: Counts) -> Floats:
    """The share of agreeing pairs among an item's labels, (n,)."""
    agreed: Floats = (counts * (counts - 1)).sum(axis=1) / (people * (people - 1))
    return agreed


def _beyond(observed: Floats, chance: Floats) -> Floats:
    """Agreement beyond chance; NaN if chance always agrees."""
    room = 1.0 - chance
    result = np.full(len(room), np.nan)
    np.divide(observed - chance, room, out=result, where=room > 1e-12)
    return result


def _interval(
    coefficient: Callable[[Floats], Floats], items: int, rng: np.random.Generator, level: float
) -> tuple[float, float]:
    """Percentile bootstrap over items: `coefficient` maps weights (B, n) to values (B,)."""
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not at {level}")
    weights = rng.multinomial(items, np.full(items, 1 / items), size=REPEATS).astype(np.float64)
    values = coefficient(weights)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)
