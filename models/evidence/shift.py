"""Domain shift: whether new images differ from the pool, and how many are far from every label."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import rankdata

from models.evidence.ridge_loo import leave_one_out

FEWEST = 20  # images on each side
MOST = 600  # images of each side in the comparison
WARNING = 0.8  # AUC; a rule of thumb
OUTSIDE = 0.01  # this share of the known pool is farther from every label than the threshold


@dataclass(frozen=True)
class Shift:
    """How well new images can be separated from the pool's: AUC ½ not at all, 1 always.

    `outside` of the `added` new ones are farther from every labeled image than 99 % of the pool.
    """

    auc: float
    low: float
    high: float
    outside: int
    added: int

    @property
    def warned(self) -> bool:
        """Whether the new images are clearly of another kind."""
        return self.low > WARNING


def shift(
    pool: npt.NDArray[Any],
    added: npt.NDArray[Any],
    labeled: npt.NDArray[Any],
    rng: np.random.Generator,
) -> Shift | None:
    """Compare new images with the pool's by a domain classifier (ridge, leave-one-out).

    The interval is that of Hanley and McNeil, Radiology 1982.

    Parameters
    ----------
    pool, added : (N, D) and (M, D) features of one Space.
    labeled : (L, D) features of the labeled images, L ≥ 1; they may be among the pool's.
    rng : draws at most 600 of each for the classifier.

    Returns
    -------
    None below 20 images on either side.
    """
    if min(len(pool), len(added)) < FEWEST or len(labeled) == 0:
        return None
    old = pool[np.sort(rng.permutation(len(pool))[:MOST])].astype(np.float32)
    new = added[np.sort(rng.permutation(len(added))[:MOST])].astype(np.float32)
    features = np.vstack([old, new])
    side = np.repeat([0, 1], [len(old), len(new)])
    score = leave_one_out(features, side).proba[:, 1]
    auc = _auc(score, side)
    half = float(ndtri(0.975)) * _deviation(auc, len(new), len(old))
    marks = labeled.astype(np.float32)
    usual = np.quantile((old @ marks.T).max(axis=1), OUTSIDE)
    nearest = np.array([float((marks @ row).max()) for row in added.astype(np.float32)])
    return Shift(
        auc, max(0.0, auc - half), min(1.0, auc + half), int((nearest < usual).sum()), len(added)
    )


def _auc(score: npt.NDArray[np.float64], side: npt.NDArray[np.int64]) -> float:
    """The chance that a new image scores above one of the pool; ties count half."""
    ranks = rankdata(score)
    new = int(side.sum())
    return float((ranks[side == 1].sum() - new * (new + 1) / 2) / (new * (len(side) - new)))


def _deviation(auc: float, new: int, old: int) -> float:
    """Standard error of an AUC."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (new - 1) * (q1 - auc**2) + (old - 1) * (q2 - auc**2)
    return float(np.sqrt(max(0.0, variance) / (new * old)))
