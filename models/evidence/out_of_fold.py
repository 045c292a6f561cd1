"""Predictions of labels by heads that have not seen them, and figures for the unlabeled rows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.evidence.accuracy import Accuracy, Later, audited, weighted, weighted_residuals

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """A session's labels in the order of its answers, each predicted without itself.

    Attributes
    ----------
    hits, confidence : (n,) whether the prediction was the label, and its probability.
    uniform : (n,) bool, which of them are blind uniform audits.
    chance : (n,) acquisition probability, NaN if unknown.
    groups : (n,) near-duplicates.
    left : the number of rows without a label now, at least 1; every figure is about these rows.
    """

    hits: Bools
    confidence: Floats
    uniform: Bools
    chance: Floats
    groups: npt.NDArray[np.int64]
    left: int

    @property
    def drawn(self) -> Bools:
        """The labels that were drawn with a known chance (n,)."""
        drawn: Bools = np.isfinite(self.chance) & (self.chance > 0)
        return drawn

    @property
    def weighs(self) -> bool:
        """Whether all labels with a chance are used, weighted by it; else only the audits."""
        return bool(self.drawn.sum() > 2 * self.uniform.sum())

    @property
    def residual(self) -> Floats:
        """Hit - confidence (n,)."""
        return self.hits - self.confidence

    def on_the_rest(self) -> Floats:
        """Each used label's estimate of the mean of hit - confidence over the rest."""
        if self.weighs:
            drawn = self.drawn
            return weighted_residuals(self.residual[drawn], self.chance[drawn], self.left)
        return self._later.taken_off(self.residual[self.uniform])

    def accuracy(self, confidence: float, level: float = 0.95) -> Accuracy | None:
        """Accuracy on the rest, over which the head's mean confidence is the one given."""
        if self.weighs:
            drawn = self.drawn
            hits, sure, chance = self.hits[drawn], self.confidence[drawn], self.chance[drawn]
            return weighted(hits, sure, confidence, chance, self.left, level=level)
        audits = self.uniform
        return audited(
            self.hits[audits],
            self.confidence[audits],
            confidence,
            later=self._later,
            groups=self.groups[audits],
            level=level,
        )

    @property
    def _later(self) -> Later:
        return Later.of(self.hits, self.confidence, self.uniform, self.left)
