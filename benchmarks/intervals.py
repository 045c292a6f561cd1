"""Whether the 95 % intervals of the accuracy hold: thousands of sessions on made pools.

    python -m benchmarks.intervals [--sessions 25] [--seed 0]

A made pool has no images: each row has a class, a chance that the head predicts it right, whether
it does, and a confidence. Sessions label it by power margin, with a tenth of blind checks, until
there are as many checks as wanted, and tell the accuracy on the rest by the app's own functions,
from the blind checks alone and from all labels by their weights. Pools have 2 to 20 classes, 1:1
to 100:1, and true accuracies of 30 to 99.5 %, and their confidence is calibrated or wrong in four
ways. Further sessions teach a small head on clusters of points (`benchmarks.interval_heads`).
Prints how often the interval contained the truth, the bias and the width.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from scipy.special import expit

from benchmarks.interval_heads import Clusters, sessions
from models.evidence.accuracy import Accuracy
from models.evidence.out_of_fold import OutOfFold

SHARE, COLD = 0.1, 10  # of blind checks, and labels before the first of them
CLASSES, RATIOS = (2, 5, 20), (1.0, 100.0)
ACCURACIES = (0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
CHECKS = (10, 20, 40, 60)
SIZES = (1.5, 3.0, 10.0)  # rows of the pool, in multiples of the labels
# Balanced and not, from hard ones to one where nearly all is right.
CLUSTERS = [
    Clusters(2, 100.0, 0.25),
    Clusters(5, 1.0, 0.25),
    Clusters(10, 30.0, 0.3),
    Clusters(10, 1.0, 0.4),
    Clusters(20, 100.0, 0.3),
    Clusters(10, 1.0, 0.8),
]
ENDS = (50, 100, 200)  # labels
MEASURED = {"audits": "blind checks", "weighted": "weighted labels"}

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rng = np.random.Generator


def blind_spots(logit: Floats, hits: Bools, rng: Rng) -> Floats:
    """Half of the wrong rows look as sure as the surest right ones."""
    spot = ~hits & (rng.random(len(hits)) < 0.5)
    return np.where(spot, rng.uniform(0.95, 0.999, len(hits)), expit(logit + 1.0))


# The head's confidence (N,), from the logit of the chance that it is right.
CONFIDENCES: dict[str, Callable[[Floats, Bools, Rng], Floats]] = {
    "calibrated": lambda logit, hits, rng: expit(logit),
    "too sure": lambda logit, hits, rng: expit(2.0 * logit + 1.0),
    "too unsure": lambda logit, hits, rng: expit(0.5 * logit - 0.3),
    "says nothing": lambda logit, hits, rng: rng.beta(8.0, 2.0, len(logit)),
    "blind spots": blind_spots,
}


@dataclass(frozen=True)
class Kind:
    """A kind of pool, and the number of checks at which a session ends."""

    classes: int
    ratio: float
    accuracy: float
    checks: int
    confidence: str


@dataclass(frozen=True)
class Told:
    """The accuracy that a session told, beside the true one."""

    kind: Kind | Clusters
    found: Accuracy
    truth: float

    @property
    def held(self) -> bool:
        """Whether the interval contains the truth."""
        return self.found.low - 1e-9 <= self.truth <= self.found.high + 1e-9


def logits(kind: Kind, size: int, rng: Rng) -> Floats:
    """The logit (size,) of each row's chance of being right; rare classes are harder."""
    shares = kind.ratio ** -np.linspace(0.0, 1.0, kind.classes)
    shares /= shares.sum()
    classes = rng.choice(kind.classes, size, p=shares)
    spread = 1.5 * rng.standard_normal(size) + np.log(shares[classes] * kind.classes)
    low, high = -30.0, 30.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        too_low = expit(spread + middle).mean() < kind.accuracy
        low, high = (middle, high) if too_low else (low, middle)
    return spread + low


def session(kind: Kind, rng: Rng) -> tuple[OutOfFold, float, float]:
    """A session's labels, its mean confidence on the rest, and the true accuracy there."""
    size = round(float(rng.choice(SIZES)) * (kind.checks / SHARE + COLD))
    logit = logits(kind, size, rng)
    hits = rng.random(size) < expit(logit)
    sure = np.clip(CONFIDENCES[kind.confidence](logit, hits, rng), 1 / kind.classes, 0.9999)
    weights = np.maximum(np.minimum(2.0 * (1.0 - sure), 1.0), 1e-6)
    rows, audits, chance = _labels(weights, kind.checks, rng)
    is_open = np.ones(size, dtype=bool)
    is_open[rows] = False
    left = int(is_open.sum())
    kept = OutOfFold(hits[rows], sure[rows], audits, chance, np.arange(len(rows)), left)
    return kept, float(sure[is_open].mean()), float(hits[is_open].mean())


def _labels(weights: Floats, checks: int, rng: Rng) -> tuple[npt.NDArray[np.int64], Bools, Floats]:
    """Rows in the order of their labels, which are blind checks, and the chance of each draw.

    Two races fix the order in which checks and the query would draw all rows; each label is the
    next one without a label in one of them.
    """
    size = len(weights)
    races = [
        iter(rng.permutation(size).tolist()),
        iter(np.argsort(rng.standard_exponential(size) / weights).tolist()),
    ]
    rows, audits, chance = list[int](), list[bool](), list[float]()
    taken, total, missing = set[int](), float(weights.sum()), checks
    while missing and len(rows) < size - COLD:
        cold = len(rows) < COLD
        uniform = cold or rng.random() < SHARE
        row = next(one for one in races[0 if uniform else 1] if one not in taken)
        drawn = SHARE / (size - len(rows)) + (1 - SHARE) * weights[row] / total
        chance.append(np.nan if cold else min(1.0, drawn))
        audits.append(uniform and not cold)
        missing -= audits[-1]
        rows.append(row)
        taken.add(row)
        total -= weights[row]
    return np.array(rows), np.array(audits), np.array(chance)


def told(kind: Kind, times: int, rng: Rng) -> Iterator[Told]:
    """What some sessions tell, each from the blind checks alone and by weights."""
    for _ in range(times):
        yield from _both(kind, *session(kind, rng))


def told_by_heads(kind: Clusters, times: int, rng: Rng) -> Iterator[Told]:
    """The same of sessions that teach a small head."""
    for _ in range(times):
        for one in sessions(kind, ENDS, rng):
            yield from _both(kind, *one)


def _both(kind: Kind | Clusters, kept: OutOfFold, mean: float, truth: float) -> Iterator[Told]:
    unknown = replace(kept, chance=np.full(len(kept.chance), np.nan))
    for one in (unknown, kept):
        found = one.accuracy(mean)
        if found is not None:
            yield Told(kind, found, truth)


def kinds() -> list[Kind]:
    """Every kind of pool."""
    every = product(CLASSES, RATIOS, ACCURACIES, CHECKS, CONFIDENCES)
    return [Kind(*one) for one in every]


# -- tables --------------------------------------------------------------------------------------


Trait = Callable[[Any], str]


def table(every: list[Told], method: str) -> Table:
    """Coverage, bias and width by each trait of the pools, and the worst sorts of them."""
    mine = [one for one in every if one.found.method == method]
    found = _empty(f"{MEASURED[method]}, {len(mine)} sessions")
    traits: dict[str, Trait] = {
        "accuracy": lambda kind: f"{100 * kind.accuracy:g} %",
        "checks": lambda kind: str(kind.checks),
        "classes": lambda kind: f"{kind.classes}, {kind.ratio:g}:1",
        "confidence": lambda kind: kind.confidence,
    }
    for name, trait in traits.items():
        for value, ones in _split(mine, trait).items():
            found.add_row(f"{name} {value}", *_row(ones))
        found.add_section()
    sorts = _split(mine, lambda kind: f"{100 * kind.accuracy:g} %, {kind.checks} checks")
    worst = sorted(sorts, key=lambda name: np.mean([one.held for one in sorts[name]]))
    for name in worst[:5]:
        found.add_row(f"worst: {name}", *_row(sorts[name]))
    found.add_row("all", *_row(mine))
    return found


def heads_table(every: list[Told], method: str) -> Table:
    """The same for each kind of clusters."""
    mine = [one for one in every if one.found.method == method]
    found = _empty(f"{MEASURED[method]} of a small head, {len(mine)} figures")
    for name, ones in _split(mine, str).items():
        found.add_row(f"{name}, {np.mean([one.truth for one in ones]):.0%} right", *_row(ones))
    found.add_row("all", *_row(mine))
    return found


def _empty(title: str) -> Table:
    found = Table(title=title)
    for name in ("pools", "figures", "95 % held, %", "too low, %", "bias", "width"):
        found.add_column(name, justify="left" if name == "pools" else "right")
    return found


def _split(every: list[Told], trait: Trait) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = {}
    for one in every:
        found.setdefault(trait(one.kind), []).append(one)
    return found


def _row(ones: list[Told]) -> list[str]:
    held = float(np.mean([one.held for one in ones]))
    error = 1.96 * np.sqrt(held * (1 - held) / len(ones))
    below = np.mean([one.found.high + 1e-9 < one.truth for one in ones])
    bias = np.mean([one.found.value - one.truth for one in ones])
    width = np.mean([one.found.high - one.found.low for one in ones])
    return [
        str(len(ones)),
        f"{100 * held:.1f} ± {100 * error:.1f}",
        f"{100 * below:.1f}",
        f"{100 * bias:+.1f}",
        f"{100 * width:.1f}",
    ]


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description="Whether the intervals hold on made pools.")
    parser.add_argument("--sessions", type=int, default=25, help="of each kind of pool")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    every = [one for kind in kinds() for one in told(kind, given.sessions, rng)]
    heads = [one for kind in CLUSTERS for one in told_by_heads(kind, 4 * given.sessions, rng)]
    for method in MEASURED:
        Console(width=110).print(table(every, method))
        Console(width=110).print(heads_table(heads, method))


if __name__ == "__main__":
    main()
