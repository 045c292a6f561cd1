"""Groups of near-duplicates: pictures that count as one in all figures."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from models.queries.distances import DUPLICATE_DISTANCE, squared_distances

ROWS_AT_ONCE = 1024


def near_duplicates(features: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The group (n,) of each row: rows chained by cosine above 0.98 share one.

    A burst of one scene is such a chain. A head fitted on one of its pictures has nearly seen the
    others, so they are left out together and count as one observation.

    Parameters
    ----------
    features : (n, D) array of any float type, rows of a Space. O(n²·D).
    """
    rows = np.asarray(features, dtype=np.float32)
    left: list[npt.NDArray[np.int64]] = []
    right: list[npt.NDArray[np.int64]] = []
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        close = squared_distances(rows[begin : begin + ROWS_AT_ONCE], rows) < DUPLICATE_DISTANCE
        # A row at the centre is all zeros and is near nothing.
        close &= (rows[begin : begin + ROWS_AT_ONCE] != 0.0).any(axis=1, keepdims=True)
        here, there = np.nonzero(close)
        left.append(here + begin)
        right.append(there)
    if not left:
        return np.empty(0, dtype=np.int64)
    pairs = (np.concatenate(left), np.concatenate(right))
    graph = coo_matrix((np.ones(len(pairs[0]), dtype=np.int8), pairs), shape=(len(rows),) * 2)
    _, groups = connected_components(graph, directed=False)
    numbered: npt.NDArray[np.int64] = groups.astype(np.int64)
    return numbered
