"""Ranking: the largest first, ties by chance, near-duplicates after all others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.pool import Pool
from models.queries import ranking
from models.queries.ranking import chained, descending, distinct, largest, shuffled, size, unscored
from tests.pools import NOTHING, pool_of


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(
    scores=st.lists(st.integers(-3, 3), max_size=40), n=st.integers(0, 50), seed=st.integers(0, 9)
)
def test_the_largest_are_those_a_sort_finds(scores: list[int], n: int, seed: int) -> None:
    values = np.array(scores, dtype=np.float32)
    found = largest(values, n, rng(seed))
    assert len(set(found.tolist())) == len(found) == min(n, len(scores))
    assert values[found].tolist() == sorted(scores, reverse=True)[:n]


def test_which_of_equals_is_taken_is_left_to_chance() -> None:
    scores = np.array([1, 0, 0, 0, 0, 2], dtype=np.float32)
    taken = [largest(scores, 4, rng(seed)) for seed in range(400)]
    assert all(found[:2].tolist() == [5, 0] for found in taken)
    counts = np.bincount(np.concatenate([found[2:] for found in taken]), minlength=6)[1:5]
    assert counts.min() > 160  # 200 expected, deviation 10
    orders = np.array([largest(np.zeros(4), 4, rng(seed))[0] for seed in range(400)])
    assert np.bincount(orders).min() > 70  # 100 expected, deviation 9


def test_windows_hold_every_row_once_by_falling_score() -> None:
    rows = np.arange(100, 2100)
    scores = rng().integers(0, 50, 2000).astype(np.float32)
    windows = list(descending(rows, scores, 5, rng()))
    assert len(windows[0][0]) == ranking.WINDOW
    assert len(windows) > 2
    order = np.concatenate([window for window, _ in windows])
    given_scores = np.concatenate([values for _, values in windows])
    assert sorted(order.tolist()) == rows.tolist()
    np.testing.assert_array_equal(given_scores, scores[order - 100])
    assert (np.diff(given_scores) <= 0).all()


def test_windows_leave_the_scores_alone() -> None:
    scores = rng().random(900).astype(np.float32)
    before = scores.copy()
    list(descending(np.arange(900), scores, 5, rng()))
    np.testing.assert_array_equal(scores, before)


def brute_force(features: np.ndarray, proposed: list[int], n: int) -> list[int]:
    kept: list[int] = []
    waiting: list[int] = []
    for row in dict.fromkeys(proposed):
        if len(kept) == n:
            break
        twin = any(((features[row] - features[other]) ** 2).sum() < 0.04 for other in kept)
        (waiting if twin else kept).append(row)
    return (kept + waiting)[:n]


@pytest.mark.parametrize("window", [1, 7, 128])
@pytest.mark.parametrize("n", [1, 10, 25, 60, 200])
def test_near_duplicates_follow_all_others(
    window: int, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "WINDOW", window)
    centers = rng(1).normal(size=(25, 12))[rng(2).integers(0, 25, 200)]
    raw = centers + 0.05 * rng(3).normal(size=(200, 12))
    features = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    pool = Pool(features, NOTHING, NOTHING, np.arange(200))
    order = rng(4).permutation(200)
    proposals = [(part, -part.astype(np.float32)) for part in np.split(order, [3, 90])]
    rows, scores = distinct(pool, n, chained(proposals, shuffled(order, rng())))
    expected = brute_force(features.astype(np.float64), order.tolist(), n)
    assert rows.tolist() == expected
    np.testing.assert_array_equal(scores, np.minimum.accumulate(-np.array(expected)))


def test_proposals_are_read_no_further_than_needed() -> None:
    pool = pool_of()

    def endless() -> ranking.Proposals:
        yield pool.available[:30], np.zeros(30, dtype=np.float32)
        raise AssertionError("read on")

    assert len(distinct(pool, 10, endless())[0]) == 10


def test_fillings_have_no_score() -> None:
    filled = list(unscored([(np.arange(3), np.ones(3, dtype=np.float32))]))
    assert filled[0][1].tolist() == [0, 0, 0]


def test_a_wish_is_cut_to_what_there_is() -> None:
    pool = pool_of()
    assert (size(pool, 3), size(pool, 1000)) == (3, 95)
