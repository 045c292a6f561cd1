"""Search: more samples of the class that has few."""

from dataclasses import replace

import numpy as np
import pytest

from models.pool import Pool
from models.queries import search
from tests.pools import ask, fitted, headless, pool_of, proba_of


def rare_pool(rows: int = 600, rare: int = 30, seed: int = 0) -> tuple[Pool, np.ndarray]:
    """Three classes, one of them of 5 % of the rows with two labels."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1, 2], [rows // 2, rows - rows // 2 - rare, rare])
    raw = 1.3 * np.eye(3, 16)[truth] + 0.15 * rng.normal(size=(rows, 16))
    features = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    labeled = np.array([*range(8), *range(rows // 2, rows // 2 + 8), rows - 1, rows - 2])
    available = np.setdiff1d(np.arange(rows), labeled)
    return fitted(Pool(features, labeled, truth[labeled], available)), truth


@pytest.mark.parametrize("with_head", [True, False])
def test_a_search_finds_the_rare_class(with_head: bool) -> None:
    pool, truth = rare_pool()
    pool = pool if with_head else headless(pool)
    assert (truth[ask("rare_class", pool, 20).indices] == 2).mean() > 0.9


@pytest.mark.parametrize("block", [13, 4096])
def test_neighbours_are_the_nearest_of_each_positive(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "BLOCK_ROWS", block)
    monkeypatch.setattr(search, "NEIGHBOURS", 9)
    pool = pool_of(rows=300)
    positives = pool.labeled[:4]
    rows, cosines = search.neighbours(pool, positives, pool.available)
    x = pool.features.astype(np.float64)
    expected: dict[int, float] = {}
    for positive in positives:
        products = x[pool.available] @ x[positive]
        for place in np.argsort(-products)[:9]:
            row = int(pool.available[place])
            expected[row] = max(expected.get(row, 0.0), products[place])
    assert rows.tolist() == sorted(expected)
    np.testing.assert_allclose(cosines, [expected[row] for row in rows.tolist()], rtol=1e-3)


def test_with_a_head_neighbours_are_ranked_by_its_probability() -> None:
    pool, _ = rare_pool()
    picks = ask("rare_class", pool, 40)
    proba = proba_of(pool)
    np.testing.assert_allclose(picks.scores, proba[picks.indices, 2], rtol=1e-4)
    rows, _ = search.neighbours(pool, pool.labeled[-2:], pool.available)
    assert picks.scores[0] == pytest.approx(proba[rows, 2].max(), rel=1e-4)
    assert set(picks.indices.tolist()) <= set(rows.tolist())


def test_a_class_that_the_head_does_not_know_is_searched_by_likeness() -> None:
    pool, truth = rare_pool()
    assert pool.head is not None
    new = np.flatnonzero(truth == 2)[:1]
    labeled, labels = np.append(pool.labeled[:-2], new), np.append(pool.labels[:-2], 9)
    pool = replace(pool, labeled=labeled, labels=labels).without(new)
    picks = ask("rare_class", pool, 10)
    cosines = pool.features[pool.available] @ pool.features[new[0]]
    np.testing.assert_allclose(picks.scores, np.sort(cosines)[::-1][:10], rtol=1e-4)


def test_among_classes_with_equally_few_labels_chance_decides() -> None:
    pool, truth = rare_pool()
    kept = np.array([0, 1, 8, 9, 16, 17])
    pool = headless(replace(pool, labeled=pool.labeled[kept], labels=pool.labels[kept]))
    found = {int(truth[ask("rare_class", pool, 1, seed).indices[0]]) for seed in range(30)}
    assert found == {0, 1, 2}


def test_in_a_large_pool_what_the_head_takes_for_the_class_joins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "SEARCHED", 20)
    pool, truth = rare_pool()
    assert (truth[ask("rare_class", pool, 20).indices] == 2).mean() > 0.9
    monkeypatch.setattr(search, "LIKELY", 3)
    assert len(search.likely(pool, 2, np.random.default_rng(0))) == 3
    picks = ask("rare_class", headless(pool), 30)
    assert len(set(picks.indices.tolist())) == 30
