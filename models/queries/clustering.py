"""Clustering: k-means on rows of a Space."""

import numpy as np

from models.pool import Floats, Indices
from models.queries.distances import squared_distances

ITERATIONS = 10
SEED_ROWS = 5  # rows per cluster among which the first centres are drawn


def k_means(rows: Floats, k: int, rng: np.random.Generator) -> tuple[Floats, Indices]:
    """Lloyd's k-means, started by k-means++ on a random part of the rows.

    Parameters
    ----------
    rows : (m, D) float32, m ≥ 1.
    k : the number of clusters, at least 1; at most m are made.

    Returns
    -------
    centers : (k', D) float32, k' = min(k, m). A centre without rows does not move.
    assigned : (m,) int64 in [0, k'), the nearest centre of each row.

    At most 10 sweeps of m·k·D. Arthur, Vassilvitskii, "k-means++: The Advantages of Careful
    Seeding", SODA 2007.
    """
    k = min(k, len(rows))
    part = rng.choice(len(rows), min(len(rows), max(SEED_ROWS * k, 256)), replace=False)
    centers = _seeds(rows[part], k, rng)
    assigned = _nearest(rows, centers)
    for _ in range(ITERATIONS):
        order = np.argsort(assigned, kind="stable")
        full, begins = np.unique(assigned[order], return_index=True)
        counts = np.diff(np.append(begins, len(rows)))
        centers[full] = np.add.reduceat(rows[order], begins, axis=0) / counts[:, None]
        previous, assigned = assigned, _nearest(rows, centers)
        if np.array_equal(previous, assigned):
            break
    return centers, assigned


def _nearest(rows: Floats, centers: Floats) -> Indices:
    """The nearest centre (m,) of each row."""
    found: Indices = squared_distances(rows, centers).argmin(axis=1).astype(np.int64)
    return found


def _seeds(rows: Floats, k: int, rng: np.random.Generator) -> Floats:
    """k distinct rows, each drawn by its squared distance to the previous ones."""
    chosen = [int(rng.integers(len(rows)))]
    distances = squared_distances(rows, rows[chosen])[:, 0]
    free = np.ones(len(rows), dtype=bool)
    while len(chosen) < k:
        free[chosen[-1]] = False
        chosen.append(draw_by(np.where(free, distances, 0.0), free, rng))
        np.minimum(distances, squared_distances(rows, rows[chosen[-1:]])[:, 0], out=distances)
    return rows[chosen]


def draw_by(weights: Floats, free: np.ndarray, rng: np.random.Generator) -> int:
    """A position drawn by `weights` (m,) ≥ 0; among the `free` ones (m,) bool if all are 0."""
    sums = np.cumsum(weights, dtype=np.float64)
    if sums[-1] <= 0:
        return int(rng.choice(np.flatnonzero(free)))
    # Side "right" passes over weights of 0, also where the number drawn is 0.
    return int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))
