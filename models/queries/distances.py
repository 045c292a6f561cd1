"""Distances between rows of a Space, and the limit for near-duplicates."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

DUPLICATE_DISTANCE = 0.04  # squared distance of unit rows at cosine 0.98


def squared_distances(a: Floats, b: Floats) -> Floats:
    """‖a - b‖² (m, n) of rows (m, D) and (n, D), never below 0."""
    distances: Floats = a @ b.T
    distances *= -2.0
    distances += squared_norms(a)[:, None]
    distances += squared_norms(b)
    np.maximum(distances, 0.0, out=distances)
    return distances


def squared_norms(rows: Floats) -> Floats:
    """‖x‖² (m,) of rows (m, D)."""
    norms: Floats = np.einsum("md,md->m", rows, rows)
    return norms


def near(rows: Floats, others: Floats) -> npt.NDArray[np.bool_]:
    """Which rows (m, D) are near-duplicates of any of `others` (n, D); all False for n = 0."""
    if len(others) == 0:
        return np.zeros(len(rows), dtype=bool)
    found: npt.NDArray[np.bool_] = squared_distances(rows, others).min(axis=1) < DUPLICATE_DISTANCE
    return found
