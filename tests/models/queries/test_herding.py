"""Herding: the greedy optimum of its objective, however it is computed."""

from dataclasses import replace

import numpy as np
import pytest

from models.pool import Pool
from models.queries import coverage, herding
from models.queries.herding import Herd
from tests.pools import NOTHING, ask, headless, pool_of, proba_of, unlabeled

HERDING = pytest.mark.parametrize("name", ["max_herding", "uncertainty_herding"])


def gains_of(pool: Pool, picks: np.ndarray, weights: np.ndarray) -> list[tuple[float, float]]:
    """What each pick added to the objective, written out, and the most that any row could add.

    Every available row is a reference and a candidate.
    """
    x = pool.features.astype(np.float64)
    reference = list(zip(x[pool.available], weights[pool.available], strict=True))

    def covered(by: list[int]) -> float:
        total = 0.0
        for row, weight in reference:
            total += weight * max((np.exp(-((row - x[j]) ** 2).sum()) for j in by), default=0.0)
        return total / len(reference)

    chosen, gains = pool.labeled.tolist(), []
    for pick in picks.tolist():
        before = covered(chosen)
        gain = {i: covered([*chosen, i]) - before for i in pool.available.tolist()}
        gains.append((gain[pick], max(gain.values())))
        chosen.append(pick)
    return gains


@HERDING
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("bounds", [1, 32])
def test_herding_is_the_greedy_optimum_of_its_objective(
    name: str, seed: int, bounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herding, "BOUNDS", bounds)
    pool = pool_of(rows=45, width=6, k=3, labels=12, seed=seed)
    ordered = np.sort(proba_of(pool), axis=1)
    margins = 1.0 - (ordered[:, -1] - ordered[:, -2])
    weights = np.ones(45) if name == "max_herding" else margins
    picks = ask(name, pool, 5)
    gains, best = zip(*gains_of(pool, picks.indices, weights), strict=True)
    np.testing.assert_allclose(gains, best, rtol=1e-5)
    np.testing.assert_allclose(picks.scores, gains, rtol=1e-3)


@HERDING
def test_from_no_label_the_most_central_row_comes_first(name: str) -> None:
    pool = unlabeled(pool_of(rows=45, width=6, labels=12))
    picks = ask(name, pool, 3)
    gains, best = zip(*gains_of(pool, picks.indices, np.ones(45)), strict=True)
    np.testing.assert_allclose(gains, best, rtol=1e-5)
    np.testing.assert_allclose(picks.scores, gains, rtol=1e-3)


def test_lazy_picks_are_those_of_weighing_every_candidate_each_time() -> None:
    pool = headless(pool_of(rows=400, width=10, labels=30))
    weights = np.random.default_rng(1).random(400).astype(np.float32)
    herd = Herd(pool, np.arange(400), weights)
    herd.cover(pool.labeled)
    herd.pick(pool.available, 60, distinct=False)
    x = pool.features.astype(np.float64)
    kernel = np.exp(-((x[:, None] - x[None]) ** 2).sum(axis=2))
    cover = kernel[pool.labeled].max(axis=0)
    for row, gain in zip(herd.picked, herd.gains, strict=True):
        gains = np.maximum(kernel[pool.available] - cover, 0) @ weights
        assert gain == pytest.approx(gains.max(), rel=1e-3)
        cover = np.maximum(cover, kernel[row])


@pytest.mark.parametrize("block", [1, 7, 1024])
def test_coverage_is_the_kernel_of_the_nearest_row(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herding, "BLOCK_ROWS", block)
    pool = pool_of(rows=90, labels=30)
    features = pool.features.copy()
    features[pool.labeled[3]] = 0  # a row on the centre has no direction
    pool = replace(pool, features=features)
    herd = Herd(pool, np.arange(90), np.ones(90, dtype=np.float32))
    herd.cover(pool.labeled[:20])
    herd.cover(NOTHING)
    herd.cover(pool.labeled[20:])
    x = features.astype(np.float64)
    expected = [max(np.exp(-((a - b) ** 2).sum()) for b in x[pool.labeled]) for a in x]
    np.testing.assert_allclose(herd.coverage, expected, rtol=1e-3)


def test_picks_beyond_the_herd_are_ordered_by_margin() -> None:
    pool = pool_of(rows=900, labels=50)
    assert pool.scores is not None
    beyond = ask("uncertainty_herding", pool, 600).indices[coverage.SHORTLIST :]
    assert len(beyond) == 200
    assert (np.diff(pool.scores.margin(beyond)) <= 0).all()


def test_half_of_the_candidates_are_the_most_uncertain(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = pool_of(rows=2000, labels=40)
    assert pool.scores is not None
    least = np.sort(pool.scores.margin(pool.available))[-200]
    for large in (False, True):
        if large:
            monkeypatch.setattr(coverage, "LARGE_POOL", 1000)
        rng = np.random.default_rng(0)
        rows = coverage.shortlist(pool, pool.available, True, rng)
        assert len(set(rows.tolist())) == len(rows) <= 400
        top = np.count_nonzero(pool.scores.margin(rows[:200]) >= least)
        assert (top == 200) != large
        assert np.count_nonzero(pool.scores.margin(rows[200:]) >= least) < 60


def test_many_labels_are_compared_with_fewer_references(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = pool_of(rows=1605, labels=100)
    sizes = []

    class Watched(Herd):
        def cover(self, rows: np.ndarray) -> None:
            sizes.append(len(self.reference))
            super().cover(rows)

    monkeypatch.setattr(coverage, "Herd", Watched)
    ask("uncertainty_herding", pool, 3)
    monkeypatch.setattr(coverage, "COVERING", 70_000)
    ask("uncertainty_herding", pool, 3)
    monkeypatch.setattr(coverage, "COVERING", 10)
    ask("uncertainty_herding", pool, 3)
    assert sizes == [1500, 700, 400]


def clusters(seed: int, per_cluster: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    which = np.repeat(np.arange(8), per_cluster)
    raw = 3.0 * np.eye(8, 20)[which] + 0.35 * rng.normal(size=(len(which), 20))
    centred = raw - raw.mean(axis=0)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return unit.astype(np.float32), which


def test_herding_from_no_labels_finds_every_cluster_where_random_does_not() -> None:
    found: dict[str, list[int]] = {"uncertainty_herding": [], "random": []}
    for seed in range(10):
        features, which = clusters(seed)
        pool = Pool(features, NOTHING, NOTHING, np.arange(len(features)))
        for name, counts in found.items():
            counts.append(len(set(which[ask(name, pool, 9, seed).indices])))
    assert found["uncertainty_herding"] == [8] * 10
    assert np.mean(found["random"]) < 7
