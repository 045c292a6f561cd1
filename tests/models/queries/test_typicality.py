"""Typicality: dense rows of parts without labels."""

from dataclasses import replace

import numpy as np
import pytest

from models.pool import Pool
from models.queries import typicality
from tests.pools import NOTHING, ask, pool_of


@pytest.mark.parametrize("count", [2, 12, 60])
@pytest.mark.parametrize("block", [5, 1024])
def test_typicality_is_the_inverse_of_the_mean_distance_to_neighbours(
    count: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typicality, "BLOCK_ROWS", block)
    rows = np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)
    k = min(20, count // 2)
    distances = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    expected = [1 / np.sort(np.delete(distances[i], i))[:k].mean() for i in range(count)]
    np.testing.assert_allclose(typicality.typicality(rows), expected, rtol=1e-3)


def test_one_row_and_equal_rows_have_a_typicality() -> None:
    assert np.isfinite(typicality.typicality(np.ones((1, 3), dtype=np.float32))).all()
    assert np.isfinite(typicality.typicality(np.ones((9, 3), dtype=np.float32))).all()


def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Four blobs of 60, 40, 30 and 20 rows, and 3 outliers."""
    rng = np.random.default_rng(0)
    which = np.repeat(np.arange(5), [60, 40, 30, 20, 3])
    raw = np.eye(5, 40)[which] + 0.08 * rng.normal(size=(len(which), 40))
    unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    return unit.astype(np.float32), which


def test_every_part_without_labels_gets_one() -> None:
    features, which = blobs()
    pool = Pool(features, NOTHING, NOTHING, np.arange(len(which)))
    parts = [set(which[ask("typiclust", pool, 4, seed).indices].tolist()) for seed in range(10)]
    assert parts.count({0, 1, 2, 3}) >= 7  # k-means may split one


@pytest.fixture
def known_clusters(monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """The blobs, and k-means that finds them."""
    features, which = blobs()

    def find(rows: np.ndarray, k: int, rng: np.random.Generator) -> tuple[None, np.ndarray]:
        return None, np.array([which[(features == row).all(axis=1).argmax()] for row in rows])

    monkeypatch.setattr(typicality, "k_means", find)
    return features, which


def test_few_labels_come_before_many_and_large_clusters_before_small(
    known_clusters: tuple[np.ndarray, np.ndarray],
) -> None:
    features, which = known_clusters
    everything = np.arange(len(which))
    pool = Pool(features, NOTHING, NOTHING, everything)
    assert which[ask("typiclust", pool, 6).indices].tolist() == [0, 1, 2, 3, 0, 1]
    labeled = np.array([5, 6, 70])  # two of the largest blob, one of the next
    pool = Pool(features, labeled, np.array([0, 0, 1]), np.setdiff1d(everything, labeled))
    assert which[ask("typiclust", pool, 4).indices].tolist() == [2, 3, 1, 0]
    outliers = replace(pool, available=np.flatnonzero(which == 4))
    assert set(ask("typiclust", outliers, 3).indices) == set(outliers.available)


def test_of_each_cluster_the_densest_rows_are_picked(
    known_clusters: tuple[np.ndarray, np.ndarray],
) -> None:
    features, which = known_clusters
    pool = Pool(features, NOTHING, NOTHING, np.arange(len(which)))
    picks = ask("typiclust", pool, 8).indices
    for blob in range(4):
        members = np.flatnonzero(which == blob)
        rows = features[members].astype(np.float64)
        distances = np.sort(np.linalg.norm(rows[:, None] - rows[None], axis=2), axis=1)
        mean = distances[:, 1 : 1 + min(20, len(members) // 2)].mean(axis=1)
        assert picks[[blob, blob + 4]].tolist() == members[np.argsort(mean)[:2]].tolist()


def test_clusters_too_few_give_their_next_rows() -> None:
    features, which = blobs()
    pool = Pool(features, NOTHING, NOTHING, np.flatnonzero(which == 0))
    rows = ask("typiclust", pool, 50).indices
    assert len(set(rows.tolist())) == 50


def test_a_large_pool_is_clustered_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typicality, "CANDIDATES", 50)
    pool = pool_of(rows=300, labels=80)
    picks = ask("typiclust", replace(pool), 10)
    assert len(set(picks.indices.tolist())) == 10
    np.testing.assert_allclose(picks.scores, 1 - np.arange(10) / 20, rtol=1e-5)
