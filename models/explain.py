"""Why the head says what it says: the nearest labeled samples."""

from typing import Any

import numpy as np
import numpy.typing as npt


def nearest_labeled(
    features: npt.NDArray[Any],
    row: int,
    labeled: npt.NDArray[np.int64],
    count: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The labeled rows most similar to one row, most similar first.

    Parameters
    ----------
    features : (N, D) float16 or float32, rows of length one.
    row : index of the row to explain; it is never its own neighbour.
    labeled : (L,) indices of labeled rows.
    count : how many neighbours to return at most.

    Returns
    -------
    indices : (m,) int64, m ≤ count.
    similarity : (m,) float32 cosine in [-1, 1], falling.
    """
    others = labeled[labeled != row]
    similarity = features[others].astype(np.float32) @ features[row].astype(np.float32)
    order = np.argsort(-similarity, kind="stable")[:count]
    return others[order].astype(np.int64), similarity[order].astype(np.float32)
