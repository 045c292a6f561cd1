"""The learning curve so far, and the gain from more labels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labeling.evidence.gathering import Evidence
from models.head import HEADS

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.evidence.learning_curve import Beside, Point


POOL_SAMPLE = 3000  # unlabeled rows for a curve's mean confidence


@dataclass(frozen=True, eq=False)
class Curve:
    """The learning curve of a round's labels, and that of random picking."""

    round_id: int
    points: "list[Point]"
    beside: "list[Beside]"

    @property
    def loses(self) -> bool:
        """Whether active picking is behind random picking, beyond chance, at the last size."""
        return bool(self.beside) and self.beside[-1].gain.high < 0


def measure(round_: "Round", evidence: Evidence) -> Curve:
    """Fit heads along the labels of a round and judge them on its blind checks."""
    from models.evidence.learning_curve import Labels, beside_random, measured

    rng = np.random.default_rng(evidence.round_id)
    rows = evidence.open_rows
    if len(rows) > POOL_SAMPLE:
        rows = np.sort(rng.choice(rows, POOL_SAMPLE, replace=False))
    labels = Labels(
        features=round_.basis.features[evidence.rows],
        labels=evidence.labels,
        uniform=evidence.uniform,
        chance=evidence.chance,
        groups=evidence.groups,
        pool=round_.basis.features[rows],
        left=len(evidence.open_rows),
    )
    points = measured(labels, HEADS["logistic"]) if len(rows) else []
    return Curve(evidence.round_id, points, beside_random(labels, points, HEADS["logistic"], rng))
