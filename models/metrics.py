"""Figures that say how well the head does, each with the doubt that belongs to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from models.space import require_finite

RIDGES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # for features of length one


@dataclass(frozen=True)
class Interval:
    """A range of plausible values, ends included."""

    low: float
    high: float


class MeanInterval(NamedTuple):
    """A mean and the ends of its interval; NaN ends where one value tells nothing."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """What a ridge says of each label when fitted on all the others.

    Attributes
    ----------
    accuracy : share of labels predicted right, in [0, 1].
    balanced_accuracy : mean over classes of that share, in [0, 1].
    ridge : the penalty taken from RIDGES.
    predicted : (n,) int64, the class id predicted for each row.
    """

    accuracy: float
    balanced_accuracy: float
    ridge: float
    predicted: npt.NDArray[np.int64]


def wilson(successes: int, trials: int, level: float = 0.95) -> Interval:
    """Interval of a success rate; (0, 1) without trials.

    For independent, uniform draws: audit picks, not actively chosen labels. Wilson, "Probable
    inference, the law of succession, and statistical inference", JASA 1927.
    """
    _check_level(level)
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials cannot be")
    if trials == 0:
        return Interval(0.0, 1.0)
    z2 = float(ndtri(0.5 + level / 2)) ** 2
    rate = successes / trials
    middle = (rate + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = rate * (1 - rate) / trials + z2 / (4 * trials**2)
    half = float(np.sqrt(z2 * spread)) / (1 + z2 / trials)
    # The ends are exact at all or none; rounding must not leave [0, 1].
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == trials else middle + half
    return Interval(low, high)


def agreement(matches: Sequence[bool], window: int) -> npt.NDArray[np.float64]:
    """Rolling share of matches between pre-label and answer.

    Parameters
    ----------
    matches : n truth values, oldest first.
    window : how many of the latest to average, ≥ 1.

    Returns
    -------
    (n,) float64 in [0, 1]
        Entry i is the mean of the last `window` matches up to i, of fewer at the beginning. On
        actively chosen samples this is far below the accuracy on the pool, by design.
    """
    if window < 1:
        raise ValueError(f"a window holds at least one match, not {window}")
    total = np.concatenate([[0], np.cumsum(np.asarray(matches, dtype=np.int64))])
    end = np.arange(1, len(total))
    begin = np.maximum(end - window, 0)
    share: npt.NDArray[np.float64] = (total[end] - total[begin]) / (end - begin)
    return share


def learning_curve_area(labels: npt.NDArray[Any], accuracy: npt.NDArray[Any]) -> float:
    """Area under a learning curve, divided by its width: the mean accuracy along the way.

    Parameters
    ----------
    labels : (m,) numbers of labels, rising, m ≥ 1.
    accuracy : (m,) the accuracy at each; the unit (share or points) is that of the result.

    Raises
    ------
    ValueError
        The curve is empty, its labels do not rise, or a value is not finite.
    """
    x, y = np.asarray(labels, dtype=np.float64), np.asarray(accuracy, dtype=np.float64)
    if x.ndim != 1 or len(x) == 0 or x.shape != y.shape:
        raise ValueError(f"a curve needs (m,) labels and accuracies, not {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a learning curve holds NaN or infinity")
    if (np.diff(x) <= 0).any():
        raise ValueError("the numbers of labels along a learning curve must rise")
    return float(y[0]) if len(x) == 1 else float(np.trapezoid(y, x) / (x[-1] - x[0]))


def mean_interval(values: npt.NDArray[Any], level: float = 0.95) -> MeanInterval:
    """Mean of S independent values (seeds) with Student's t-interval; NaN ends for S = 1."""
    _check_level(level)
    runs = np.asarray(values, dtype=np.float64)
    if runs.ndim != 1 or len(runs) == 0 or not np.isfinite(runs).all():
        raise ValueError("a mean needs at least one value, all finite")
    mean = float(runs.mean())
    if len(runs) == 1:
        return MeanInterval(mean, np.nan, np.nan)
    quantile = float(stdtrit(len(runs) - 1, 0.5 + level / 2))
    half = quantile * float(runs.std(ddof=1)) / float(np.sqrt(len(runs)))
    return MeanInterval(mean, mean - half, mean + half)


def leave_one_out_accuracy(
    features: npt.NDArray[Any], labels: npt.NDArray[Any], ridges: Sequence[float] = RIDGES
) -> LeaveOneOut:
    """Accuracy on every label by a ridge fitted on all the others, in closed form.

    The ridge maps features and a constant to one-hot targets. With G their Gram matrix and
    A = (G + λI)⁻¹, the prediction without row i is yᵢ - (A y)ᵢ / Aᵢᵢ; one
    eigendecomposition serves every λ, and the λ of least squared leave-one-out error is taken.

    Honest use: this measures the labels it is given. On random labels it is a little low (one
    label fewer, and a class's only label is never predicted right). On actively chosen labels it
    is pessimistic, by some 20 points on hard pools, because those were chosen for being hard:
    show it on audit picks, or as a lower mark. Near-duplicates across labels make it optimistic.

    Parameters
    ----------
    features : (n, D) array of any float type, rows of a Space.
    labels : (n,) integers, class ids; at least two distinct.
    ridges : penalties λ > 0 to choose from.

    Raises
    ------
    NotFiniteError
        Names the rows whose features are NaN or infinite.
    ValueError
        Shapes do not fit, a λ is not positive, or fewer than two classes are labeled.
    """
    if features.ndim != 2 or labels.shape != (len(features),):
        raise ValueError(
            f"features (n, D) and labels (n,) are needed, not {features.shape} and {labels.shape}"
        )
    if not ridges or min(ridges) <= 0:
        raise ValueError(f"ridges must be positive, not {tuple(ridges)}")
    require_finite("features", features)
    classes, targets = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError("leave-one-out needs labels of at least two classes")
    onehot = np.eye(len(classes))[targets]
    predictions = _without_each(features, onehot, ridges)
    errors = [float(((onehot - left_out) ** 2).sum()) for left_out in predictions]
    best = int(np.argmin(errors))
    hit = predictions[best].argmax(axis=1) == targets
    recalls = np.bincount(targets, weights=hit) / np.bincount(targets)
    return LeaveOneOut(
        accuracy=float(hit.mean()),
        balanced_accuracy=float(recalls.mean()),
        ridge=float(ridges[best]),
        predicted=classes[predictions[best].argmax(axis=1)].astype(np.int64),
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


def _check_level(level: float) -> None:
    """Raise unless a confidence level lies between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not {level}")
