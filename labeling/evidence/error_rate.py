"""How often the guesses of one class are wrong, counted on blind checks."""

from collections.abc import Collection
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from labeling.evidence.gathering import CHECKS, Evidence

NARROW = 0.2  # a wider cut says too little about one guess in it


@dataclass(frozen=True)
class Cut:
    """Guesses of a certain confidence: `least` or more, but less than `below`."""

    least: float = 0.0
    below: float = inf

    def holds(self, confidence: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Which of (n,) confidences lie in the cut, (n,)."""
        held: npt.NDArray[np.bool_] = (confidence >= self.least) & (confidence < self.below)
        return held

    @property
    def is_narrow(self) -> bool:
        """Whether all its guesses are about equally sure."""
        return min(self.below, 1.0) - self.least <= NARROW


EVERY_GUESS = Cut()


@dataclass(frozen=True)
class ErrorRate:
    """Blind checks that the model called one class, and how many of them were wrong.

    `low` and `high` are the ends of the 95 % interval of the share that is wrong; None with fewer
    than `needed` checks. `backs_confidence` is whether the cut is narrow and the checks agree
    with the model's own confidence in them.
    """

    checks: int
    wrong: int
    needed: int = CHECKS
    low: float | None = None
    high: float | None = None
    backs_confidence: bool = False


def error_rate(evidence: Evidence, class_ids: Collection[int], cut: Cut = EVERY_GUESS) -> ErrorRate:
    """The error rate of the guesses of one class, out of fold.

    Only blind checks count: other labels were chosen for being hard, or given by a person who saw
    the guess. For the interval, see `models.evidence.metrics.clopper_pearson`.

    Parameters
    ----------
    evidence : n labels beside predictions made without them.
    class_ids : the class, and the classes that were merged into it.
    cut : the confidence of the guesses to count.
    """
    from models.evidence.metrics import clopper_pearson

    left_out, ids = evidence.left_out, list(class_ids)
    counted = evidence.uniform & np.isin(left_out.predicted, ids) & cut.holds(left_out.confidence)
    checks = int(counted.sum())
    wrong = int((~np.isin(evidence.labels[counted], ids)).sum())
    if checks < CHECKS:
        return ErrorRate(checks, wrong)
    interval = clopper_pearson(wrong, checks)
    doubt = 1.0 - float(left_out.confidence[counted].mean())
    backs = cut.is_narrow and interval.low <= doubt <= interval.high
    return ErrorRate(checks, wrong, CHECKS, interval.low, interval.high, backs)
