"""Anchoring: whether a person agrees more with a guess because it was shown."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtri

FEWEST_SHOWN, FEWEST_HIDDEN = 30, 10
PRIOR_SPREAD = 2.5  # of each coefficient, in logits: no effect is infinite
MAX_STEPS = 50

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Anchoring:
    """The effect of showing the guess on agreement, with the interval's ends.

    `shown` and `hidden` are the plain rates of agreement, of `shown_count` and `hidden_count`
    answers; do not compare the two, since shown images were chosen as hard ones.
    """

    effect: float
    low: float
    high: float
    shown: float
    hidden: float
    shown_count: int
    hidden_count: int

    @property
    def detected(self) -> bool:
        """Whether agreement is higher for guesses that were shown, beyond chance."""
        return self.low > 0


def anchoring(
    agreed: npt.NDArray[Any],
    confidence: npt.NDArray[Any],
    shown: npt.NDArray[Any],
    level: float = 0.95,
) -> Anchoring | None:
    """Agreement with shown against hidden guesses, at equal confidence of the guess.

    Blind checks are uniform and shown images are not, so their rates differ even without anchoring.
    Agreement is therefore modelled as logistic in the guess's logit and in whether it was shown.
    The effect is the mean gain in agreement by showing, over the shown guesses, with a normal
    approximation to the posterior (prior: standard deviation 2.5).

    Parameters
    ----------
    agreed : (n,) bool, whether the label was the guess.
    confidence : (n,) of the guess at the time of the answer.
    shown : (n,) bool, whether the person saw the guess.
    level : of the interval.

    Returns
    -------
    None below 30 shown and 10 hidden guesses.
    """
    y = np.asarray(agreed, dtype=np.float64)
    seen = np.asarray(shown, dtype=bool)
    counts = int(seen.sum()), int((~seen).sum())
    if counts[0] < FEWEST_SHOWN or counts[1] < FEWEST_HIDDEN:
        return None
    sure = logit(np.clip(np.asarray(confidence, dtype=np.float64), 0.02, 0.98))
    x = np.column_stack([np.ones(len(y)), sure, seen])
    beta, covariance = _posterior(x, y)
    rows = x[seen]
    without = rows.copy()
    without[:, 2] = 0.0
    with_it, bare = expit(rows @ beta), expit(without @ beta)
    effect = float((with_it - bare).mean())
    # Delta method: the derivative of the mean difference by each coefficient.
    slope = (with_it * (1 - with_it)) @ rows - (bare * (1 - bare)) @ without
    slope = slope / len(rows)
    half = float(ndtri(0.5 + level / 2) * np.sqrt(slope @ covariance @ slope))
    return Anchoring(
        effect, effect - half, effect + half, float(y[seen].mean()), float(y[~seen].mean()), *counts
    )


def _posterior(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Mode and covariance of logistic coefficients by Newton's method."""
    beta = np.zeros(x.shape[1])
    penalty = np.eye(x.shape[1]) / PRIOR_SPREAD**2
    for _ in range(MAX_STEPS):
        p = expit(x @ beta)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + penalty
        step = np.linalg.solve(hessian, x.T @ (y - p) - penalty @ beta)
        beta = beta + step
        if np.abs(step).max() < 1e-8:
            break
    covariance: Floats = np.linalg.inv(hessian)
    return beta, covariance
