"""Distances between rows, and near-duplicates."""

import numpy as np
import pytest

from models.queries.distances import near, squared_distances, squared_norms


def test_distances_are_those_of_the_differences() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(n, 5)).astype(np.float32) for n in (7, 4))
    expected = ((a[:, None] - b[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared_distances(a, b), expected, rtol=1e-4)
    np.testing.assert_allclose(squared_norms(a), (a**2).sum(axis=1), rtol=1e-6)
    assert squared_distances(a, a).min() >= 0


@pytest.mark.parametrize(("cosine", "expected"), [(0.985, True), (0.975, False), (-1, False)])
def test_rows_of_cosine_above_098_are_near(cosine: float, expected: bool) -> None:
    row = np.array([[1, 0]], dtype=np.float32)
    other = np.array([[cosine, np.sqrt(1 - cosine**2)], [-1, 0]], dtype=np.float32)
    assert near(row, other).tolist() == [expected]


def test_nothing_is_near_to_no_rows() -> None:
    assert not near(np.ones((3, 2), np.float32), np.empty((0, 2), np.float32)).any()
