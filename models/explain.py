"""Why the head says what it says: the nearest labeled samples."""

from typing import Any

import numpy as np
import numpy.typing as npt


def nearest_labeled(
    features: npt.NDArray[Any],
    rows: npt.NDArray[np.int64],
    labeled: npt.NDArray[np.int64],
    count: int,
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]]:
    """The labeled rows most similar to each of some rows, most similar first.

    Parameters
    ----------
    features : (N, D) float16 or float32, rows of length one.
    rows : (R,) indices of the rows to explain; none is ever its own neighbour.
    labeled : (L,) indices of labeled rows. They are read once, however many `rows` there are.
    count : how many neighbours to return at most of each.

    Returns
    -------
    For each of `rows`:
    indices : (m,) int64, m ≤ count.
    similarity : (m,) float32 cosine in [-1, 1], falling.
    """
    known = features[labeled].astype(np.float32, copy=False)
    cosines = known @ features[rows].astype(np.float32, copy=False).T
    return [_nearest(labeled, cosines[:, at], labeled != row, count) for at, row in enumerate(rows)]


def _nearest(
    labeled: npt.NDArray[np.int64],
    similarity: npt.NDArray[np.float32],
    others: npt.NDArray[np.bool_],
    count: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    order = np.argsort(-similarity, kind="stable")
    order = order[others[order]][:count]
    return labeled[order].astype(np.int64), similarity[order]
