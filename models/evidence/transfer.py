"""Does the transfer help? The same labels with features, with pixels, and with random weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.evidence.metrics import MeanInterval, mean_interval
from models.evidence.ridge_loo import leave_one_out
from models.space.space import Space

FEWEST_LABELS, FEWEST_AUDITS = 30, 30


@dataclass(frozen=True)
class Gain:
    """Leave-one-out accuracy with two kinds of features of the same labels.

    `gain` is `ours` minus `theirs`, paired by label, with its 95 % interval. On `rows` labels;
    `uniform` says whether they are only blind checks.
    """

    ours: float
    theirs: float
    gain: MeanInterval
    rows: int
    uniform: bool

    @property
    def negative(self) -> bool:
        """Whether the other features are better, beyond chance."""
        return self.gain.high < 0

    @property
    def none(self) -> bool:
        """Whether the gain could be chance."""
        return self.gain.low <= 0 <= self.gain.high


def compare(
    ours: npt.NDArray[Any],
    theirs: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    uniform: npt.NDArray[np.bool_],
    groups: npt.NDArray[np.int64],
) -> Gain | None:
    """How much better one kind of features predicts labels than another.

    A ridge with closed-form leave-one-out judges both. With 30 or more blind checks, only these are
    compared. With fewer, all labels are; they were chosen as hard for `ours`, so the gain is a
    lower bound. Near-duplicates count as one.

    Parameters
    ----------
    ours, theirs : (n, D) and (n, E) features.
    labels : (n,) class ids of at least two classes.
    uniform : (n,) bool, which labels are blind checks.
    groups : (n,) near-duplicates.

    Returns
    -------
    None below 30 labels.
    """
    if len(labels) < FEWEST_LABELS:
        return None
    hits = [
        leave_one_out(Space.fit(part).transform(part), labels).predicted == labels
        for part in (ours, theirs)
    ]
    audits = int(uniform.sum()) >= FEWEST_AUDITS
    rows = np.flatnonzero(uniform) if audits else np.arange(len(labels))
    apart = hits[0][rows].astype(np.float64) - hits[1][rows]
    _, place, counts = np.unique(groups[rows], return_inverse=True, return_counts=True)
    facts = np.bincount(place, weights=apart) * len(counts) / len(rows)
    return Gain(
        float(hits[0][rows].mean()),
        float(hits[1][rows].mean()),
        mean_interval(facts),
        len(rows),
        audits,
    )
