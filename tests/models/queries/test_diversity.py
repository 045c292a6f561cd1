"""Diversity: batches against the papers' formulas written out."""

from dataclasses import replace

import numpy as np
import pytest

from models.pool import Pool
from models.queries import diversity
from tests.pools import ask, pool_of, pool_saying, proba_of, unlabeled


@pytest.mark.parametrize("seed", range(3))
def test_core_set_is_the_farthest_row_each_time(seed: int) -> None:
    pool = pool_of(rows=80, labels=15, seed=seed)
    x = pool.features.astype(np.float64)
    covered, expected, radii = list(pool.labeled), [], []
    for _ in range(8):
        distance = {
            int(i): min(np.linalg.norm(x[i] - x[j]) for j in covered) for i in pool.available
        }
        best = max(distance, key=distance.__getitem__)
        covered.append(best)
        expected.append(best)
        radii.append(distance[best])
    picks = ask("core_set", pool, 8)
    assert picks.indices.tolist() == expected
    np.testing.assert_allclose(picks.scores, radii, rtol=1e-3)


def test_core_set_begins_anywhere_where_nothing_is_labeled() -> None:
    pool = unlabeled(pool_of())
    firsts = {int(ask("core_set", pool, 2, seed).indices[0]) for seed in range(20)}
    assert len(firsts) > 10


def gradients(pool: Pool) -> np.ndarray:
    """The gradients (N, K·D) of the loss if the head were right."""
    proba = proba_of(pool).astype(np.float64)
    errors = proba - np.eye(proba.shape[1])[proba.argmax(axis=1)]
    rows = pool.features.astype(np.float64)
    return (errors[:, :, None] * rows[:, None, :]).reshape(len(rows), -1)


def test_badge_draws_by_the_distance_of_gradients() -> None:
    pool = pool_of(rows=40, width=6, k=3, labels=22)  # 13 available rows
    pool = replace(pool, available=np.sort(pool.available))
    g = gradients(pool)
    norms = (g[pool.available] ** 2).sum(axis=1)
    first = pool.available[norms.argmax()]
    squared = ((g[pool.available] - g[first]) ** 2).sum(axis=1)
    draws = [ask("badge", pool, 3, seed) for seed in range(1500)]
    assert {int(d.indices[0]) for d in draws} == {int(first)}
    assert draws[0].scores[0] == pytest.approx(norms.max(), rel=1e-3)
    seconds = [np.flatnonzero(pool.available == d.indices[1])[0] for d in draws]
    often = np.bincount(seconds, minlength=len(squared)) / 1500
    np.testing.assert_allclose(often, squared / squared.sum(), atol=0.045)
    assert squared.max() / squared.sum() > 0.09  # the draw is not flat
    for d in draws[:50]:
        after = ((g[d.indices[2]] - g[d.indices[:2]]) ** 2).sum(axis=1).min()
        before = squared[pool.available == d.indices[1]][0]
        capped = min(norms.max(), before, after)
        assert d.scores[2] == pytest.approx(capped, rel=1e-2, abs=1e-6)


def test_badge_in_a_large_pool_weighs_a_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diversity, "CANDIDATES", 60)
    pool = pool_of(rows=600, labels=30)
    rows = diversity.uncertain_half(pool, np.random.default_rng(0))
    assert len(set(rows.tolist())) == len(rows) and 50 <= len(rows) <= 60
    assert pool.scores is not None
    margins = pool.scores.margin(pool.available)
    assert pool.scores.margin(rows[:30]).mean() > margins.mean() + 0.1
    assert abs(pool.scores.margin(rows[30:]).mean() - margins.mean()) < 0.15


def dropout_changes(pool: Pool, seed: int) -> np.ndarray:
    """How many passes of the query with this seed change the prediction of each row looked at."""
    assert pool.head is not None
    generator = np.random.default_rng(seed)
    looked = generator.choice(pool.available, len(pool.available), replace=False)
    full = proba_of(pool).argmax(axis=1)
    changes = np.zeros(len(pool.features), dtype=int)
    for _ in range(3):
        keep = generator.random((len(looked), pool.features.shape[1]), dtype=np.float32) >= 0.75
        rows = pool.rows(looked) * keep * 4
        changes[looked] += pool.head.predict_proba(rows).argmax(axis=1) != full[looked]
    return changes


@pytest.mark.parametrize("seed", range(3))
def test_dropquery_picks_what_most_passes_of_dropout_change(seed: int) -> None:
    pool = pool_of(rows=400, width=40, k=3, labels=30)
    changes = dropout_changes(pool, seed)
    candidates = np.flatnonzero(changes >= 2)
    assert 20 < len(candidates) < 340
    picks = ask("dropquery", pool, 8, seed)
    assert set(picks.indices.tolist()) <= set(candidates.tolist())
    assert picks.scores.sum() == pytest.approx(1, abs=0.05)  # the shares of all clusters


def test_dropquery_takes_the_row_nearest_to_each_centre(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = pool_of(rows=400, width=40, k=3, labels=30)
    seen: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    plain = diversity.k_means

    def watched(rows: np.ndarray, k: int, rng: np.random.Generator) -> object:
        centers, assigned = plain(rows, k, rng)
        seen.append((rows, centers, assigned))
        return centers, assigned

    monkeypatch.setattr(diversity, "k_means", watched)
    picks = ask("dropquery", pool, 6)
    ((rows, centers, assigned),) = seen
    assert len(centers) == 6
    distances = ((rows[:, None] - centers[None]) ** 2).sum(axis=2)
    nearest = [
        min(np.flatnonzero(assigned == cluster), key=lambda row: distances[row, cluster])
        for cluster in range(6)
    ]
    expected = {tuple(rows[row]) for row in nearest}
    assert {tuple(row) for row in pool.rows(picks.indices)} == expected
    sizes = np.bincount(assigned)
    np.testing.assert_allclose(picks.scores, np.sort(sizes)[::-1] / len(rows), rtol=1e-5)


def test_where_dropout_changes_too_little_the_most_uncertain_follow() -> None:
    pool = pool_saying([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.7, 0.3]])
    assert pool.head is not None
    # Rows are one-hot: with its feature dropped a row is read as row 0, which is of the same class.
    picks = ask("dropquery", pool, 3)
    assert picks.indices.tolist() == [1, 3, 2]
    assert picks.scores.tolist() == [0, 0, 0]
