"""Made features for tests of heads."""

import numpy as np

from models.space.space import Space


def clusters(
    n: int, width: int, k: int, *, seed: int = 0, noise: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, width) of k overlapping clusters, and their labels; every class occurs."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(k, width)) / np.sqrt(width)
    labels = np.concatenate([np.arange(k), rng.integers(k, size=n - k)])
    rows = centers[labels] + noise * rng.normal(size=(n, width))
    return Space.fit(rows).transform(rows), labels
