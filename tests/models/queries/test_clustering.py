"""Clustering: rows that lie together get together."""

import numpy as np
import pytest

from models.queries.clustering import draw_by, k_means


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def blobs(k: int = 6, each: int = 50) -> tuple[np.ndarray, np.ndarray]:
    which = np.repeat(np.arange(k), each)
    rows = 5.0 * np.eye(k, 10)[which] + 0.3 * rng().normal(size=(len(which), 10))
    return rows.astype(np.float32), which


def test_clusters_that_lie_apart_are_found() -> None:
    rows, which = blobs()
    centers, assigned = k_means(rows, 6, rng())
    assert all(len(set(assigned[which == blob])) == 1 for blob in range(6))
    assert len(set(assigned)) == 6
    for cluster in range(6):
        np.testing.assert_allclose(centers[cluster], rows[assigned == cluster].mean(0), atol=1e-4)


def test_every_row_belongs_to_its_nearest_centre() -> None:
    rows = rng(1).normal(size=(300, 5)).astype(np.float32)
    centers, assigned = k_means(rows, 12, rng())
    distances = ((rows[:, None] - centers[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(distances[np.arange(300), assigned], distances.min(1), rtol=1e-4)


def test_clusters_are_tighter_than_random_ones() -> None:
    rows = rng(2).normal(size=(400, 4)).astype(np.float32)
    centers, assigned = k_means(rows, 20, rng())
    drawn = rows[rng().choice(400, 20, replace=False)]
    by_chance = ((rows[:, None] - drawn[None]) ** 2).sum(axis=2).min(axis=1).mean()
    assert ((rows - centers[assigned]) ** 2).sum(axis=1).mean() < 0.8 * by_chance


@pytest.mark.parametrize(("count", "k"), [(1, 1), (3, 8), (50, 50), (50, 10)])
def test_few_or_equal_rows_are_no_obstacle(count: int, k: int) -> None:
    centers, assigned = k_means(np.ones((count, 3), dtype=np.float32), k, rng())
    assert centers.shape == (min(count, k), 3) and assigned.shape == (count,)
    np.testing.assert_array_equal(centers, 1)


def test_the_same_seed_gives_the_same_clusters() -> None:
    rows, _ = blobs()
    first, second = k_means(rows, 9, rng(3)), k_means(rows, 9, rng(3))
    np.testing.assert_array_equal(first[1], second[1])


def test_draws_follow_the_weights_and_spare_none_but_the_taken() -> None:
    weights = np.array([0, 3, 0, 1], dtype=np.float32)
    free = np.array([True, True, False, True])
    generator = rng()
    drawn = np.bincount([draw_by(weights, free, generator) for _ in range(2000)], minlength=4)
    assert drawn[[0, 2]].tolist() == [0, 0]
    assert 1420 < drawn[1] < 1580  # 1500 expected, deviation 19
    nothing = {draw_by(np.zeros(4, dtype=np.float32), free, generator) for _ in range(100)}
    assert nothing == {0, 1, 3}
