"""A ridge in addition to the head: it judges every label by all other labels, in closed form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from models.head.calibration import left_out_temperature
from models.head.fitting import check_audits, check_rows

RIDGES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # for features of length one
SHARPNESS = 10.0  # logits per unit of a ridge's output: near 1 / temperature on embeddings


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """A ridge's predictions for each label, fitted on all other labels.

    Attributes
    ----------
    accuracy : share of labels predicted right, in [0, 1].
    ridge : the penalty chosen from RIDGES.
    temperature : the divisor of the logits for `proba`.
    classes : (K,) int64, ascending; column k of `proba` is class classes[k].
    predicted : (n,) int64, the class id predicted for each row.
    proba : (n, K) float64, calibrated; rows sum to 1.
    self_confidence : (n,) float64, the probability of the given label; low = suspect.
    suspect : (n,) bool: another class is predicted, and the given one is less likely than
        on average for the rows with that label.
    """

    accuracy: float
    ridge: float
    temperature: float
    classes: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]
    proba: npt.NDArray[np.float64]
    self_confidence: npt.NDArray[np.float64]
    suspect: npt.NDArray[np.bool_]


def leave_one_out(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    *,
    ridges: Sequence[float] = RIDGES,
    audits: npt.NDArray[np.bool_] | None = None,
) -> LeaveOneOut:
    """Judge every label by a ridge fitted on all other labels.

    The ridge maps features and a constant to one-hot targets. With G their Gram matrix and
    A = (G + λI)⁻¹, the prediction without row i is yᵢ - (A y)ᵢ / Aᵢᵢ; one
    eigendecomposition serves every λ, and the λ with the least squared leave-one-out error is
    chosen. Suspects follow Northcutt, Jiang, Chuang, "Confident Learning", JAIR 2021.

    Use it with care: this measures the given labels. On random labels it is a little low (one
    label fewer, and a class's only label is never predicted right). On actively chosen labels it
    is pessimistic, by some 20 points on hard pools, because hard ones were chosen: show it
    on audit picks, or as a lower bound. Near-duplicates across labels make it optimistic.

    Parameters
    ----------
    features : (n, D) array of any float type, rows of a Space.
    labels : (n,) integers, class ids; at least two distinct.
    ridges : penalties λ > 0 to choose from.
    audits : (n,) bool, which rows are uniform audit picks: with 30 or more, only they
        set the temperature.

    Raises
    ------
    FewClassesError
        Fewer than two classes are labeled.
    NotFiniteError
        Names the rows whose features are NaN or infinite.
    ValueError
        Shapes or types do not fit, or a λ is not positive.
    """
    check_rows(features, labels)
    check_audits(audits, len(features))
    if not ridges or min(ridges) <= 0:
        raise ValueError(f"ridges must be positive, not {tuple(ridges)}")
    classes, targets, counts = np.unique(labels, return_inverse=True, return_counts=True)
    onehot = np.eye(len(classes))[targets]
    predictions = _without_each(features, onehot, ridges)
    errors = [float(((onehot - left_out) ** 2).sum()) for left_out in predictions]
    best = int(np.argmin(errors))
    logits = SHARPNESS * predictions[best]
    temperature = left_out_temperature(logits, targets, counts, audits)
    proba = softmax(logits / temperature, axis=1)
    column = logits.argmax(axis=1)
    given = proba[np.arange(len(proba)), targets]
    usual = np.bincount(targets, weights=given) / counts
    hit = column == targets
    return LeaveOneOut(
        accuracy=float(hit.mean()),
        ridge=float(ridges[best]),
        temperature=temperature,
        classes=classes.astype(np.int64),
        predicted=classes[column].astype(np.int64),
        proba=proba,
        self_confidence=given,
        suspect=~hit & (given < usual[targets]),
    )


def _without_each(
    features: npt.NDArray[Any], onehot: npt.NDArray[np.float64], ridges: Sequence[float]
) -> list[npt.NDArray[np.float64]]:
    """Leave-one-out predictions (n, K) for each λ."""
    x = np.column_stack([features, np.ones(len(features))]).astype(np.float64)
    vectors, values = _eigen(x)
    projected = vectors.T @ onehot
    squares = vectors**2
    results = []
    for ridge in ridges:
        # Outside the span of the vectors G is zero, so its inverse there is 1/λ.
        shrink = 1 / (values + ridge) - 1 / ridge
        solved = onehot / ridge + vectors @ (shrink[:, None] * projected)
        diagonal = 1 / ridge + squares @ shrink
        results.append(onehot - solved / diagonal[:, None])
    return results


def _eigen(
    x: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Eigenvectors (n, r) and eigenvalues (r,) of x xᵀ, from its smaller Gram matrix."""
    if len(x) <= x.shape[1]:
        values, vectors = np.linalg.eigh(x @ x.T)
        return vectors, np.maximum(values, 0.0)
    values, right = np.linalg.eigh(x.T @ x)
    kept = values > values[-1] * len(x) * np.finfo(np.float64).eps
    return x @ right[:, kept] / np.sqrt(values[kept]), values[kept]
