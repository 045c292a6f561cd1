"""Queries: the contract of each, and what the herding ones are for."""

from dataclasses import fields, replace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from models import herding
from models.head import fit_logistic
from models.queries import DEFAULT_QUERY, QUERIES, Picks, Pool
from models.space import NotFiniteError, Space

EVERY_QUERY = pytest.mark.parametrize("name", QUERIES)
HERDING = pytest.mark.parametrize("name", ["max_herding", "uncertainty_herding"])


def pool_of(rows: int = 120, width: int = 16, k: int = 4, labels: int = 20, seed: int = 0) -> Pool:
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(rows, width))
    proba = rng.dirichlet(np.ones(k), size=rows).astype(np.float32)
    order = rng.permutation(rows)
    return Pool(
        features=Space.fit(raw).transform(raw),
        proba=proba,
        labeled=order[:labels],
        available=order[labels : rows - 5],
    )


def ask(name: str, pool: Pool, n: int, seed: int = 0) -> Picks:
    return QUERIES[name](pool, n, np.random.default_rng(seed))


def check(picks: Picks, pool: Pool, n: int) -> None:
    assert picks.indices.shape == picks.scores.shape == picks.acquisition_probability.shape == (n,)
    assert picks.indices.dtype == np.int64
    assert picks.scores.dtype == picks.acquisition_probability.dtype == np.float32
    assert len(set(picks.indices.tolist())) == n
    assert set(picks.indices.tolist()) <= set(pool.available.tolist())
    assert np.isfinite(picks.scores).all() and (np.diff(picks.scores) <= 0).all()
    known = picks.acquisition_probability[~np.isnan(picks.acquisition_probability)]
    assert ((known > 0) & (known <= 1)).all()


def test_the_default_is_registered() -> None:
    assert DEFAULT_QUERY in QUERIES


def test_a_pool_cannot_hold_the_labels_themselves() -> None:
    assert {f.name for f in fields(Pool)} == {"features", "proba", "labeled", "available"}


@EVERY_QUERY
@pytest.mark.parametrize("n", [0, 1, 10, 95, 96, 5000])
def test_picks_are_distinct_available_rows_best_first(name: str, n: int) -> None:
    pool = pool_of()
    check(ask(name, pool, n), pool, min(n, len(pool.available)))


@EVERY_QUERY
@pytest.mark.parametrize("n", [10, 450, 600])
def test_pools_beyond_every_sample_size_work(name: str, n: int) -> None:
    pool = pool_of(rows=2600, width=8)
    check(ask(name, pool, n), pool, n)
    cold = replace(pool, proba=None, labeled=pool.labeled[:0])
    check(ask(name, cold, n), cold, n)


@EVERY_QUERY
def test_the_same_seed_gives_the_same_picks(name: str) -> None:
    pool = pool_of(rows=700)
    first, second = ask(name, pool, 12, seed=4), ask(name, pool, 12, seed=4)
    np.testing.assert_array_equal(first.indices, second.indices)
    np.testing.assert_array_equal(first.scores, second.scores)


@EVERY_QUERY
def test_the_pool_is_left_alone(name: str) -> None:
    pool = pool_of()
    before = [np.copy(getattr(pool, f.name)) for f in fields(Pool)]
    for field in fields(Pool):
        getattr(pool, field.name).setflags(write=False)
    ask(name, pool, 10)
    for field, content in zip(fields(Pool), before, strict=True):
        np.testing.assert_array_equal(getattr(pool, field.name), content)


@EVERY_QUERY
def test_ties_are_broken_by_the_generator(name: str) -> None:
    rows = 60
    features = np.zeros((rows, 3), dtype=np.float32)
    pool = Pool(
        features=features,
        proba=np.full((rows, 3), 1 / 3, dtype=np.float32),
        labeled=np.arange(20),
        available=np.arange(20, rows),
    )
    firsts = set()
    for seed in range(12):
        picks = ask(name, pool, 5, seed)
        check(picks, pool, 5)
        firsts.add(int(picks.indices[0]))
    assert len(firsts) > 4


@EVERY_QUERY
def test_certain_predictions_are_no_obstacle(name: str) -> None:
    pool = pool_of()
    certain = np.eye(4, dtype=np.float32)[np.arange(120) % 4]
    check(ask(name, replace(pool, proba=certain), 10), pool, 10)


@EVERY_QUERY
def test_nothing_available_gives_empty_picks(name: str) -> None:
    pool = replace(pool_of(), available=np.empty(0, dtype=np.int64))
    check(ask(name, pool, 10), pool, 0)


@EVERY_QUERY
def test_an_empty_pool_gives_empty_picks(name: str) -> None:
    none = np.empty(0, dtype=np.int64)
    pool = Pool(np.empty((0, 4), dtype=np.float32), None, none, none)
    check(ask(name, pool, 3), pool, 0)


@EVERY_QUERY
def test_the_only_available_row_is_picked(name: str) -> None:
    pool = replace(pool_of(), available=np.array([7]))
    assert ask(name, pool, 3).indices.tolist() == [7]


@EVERY_QUERY
def test_no_head_is_no_obstacle(name: str) -> None:
    pool = replace(pool_of(), proba=None)
    check(ask(name, pool, 10), pool, 10)


@EVERY_QUERY
def test_a_negative_wish_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not -1"):
        ask(name, pool_of(), -1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"available": np.array([3, 3])}, "twice"),
        ({"available": np.array([120])}, "outside"),
        ({"labeled": np.array([-1])}, "outside"),
        ({"labeled": np.array([0.5])}, "indices"),
        ({"proba": np.ones((119, 4), dtype=np.float32)}, "does not fit"),
        ({"features": np.ones(120, dtype=np.float32)}, "must be"),
    ],
)
def test_a_pool_whose_parts_do_not_fit_is_refused(
    change: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        replace(pool_of(), **change)


@pytest.mark.parametrize("name", ["least_confidence", "margin", "entropy", "uncertainty_herding"])
def test_probabilities_that_are_not_finite_are_named(name: str) -> None:
    pool = pool_of()
    assert pool.proba is not None
    pool.proba[pool.available[3]] = np.nan
    with pytest.raises(NotFiniteError, match=f"row {pool.available[3]}"):
        ask(name, pool, 5)


def test_random_draws_are_uniform_and_say_so() -> None:
    pool = replace(pool_of(), available=np.arange(30, 40))
    picks = ask("random", pool, 4)
    np.testing.assert_allclose(picks.acquisition_probability, 0.1)
    firsts = [int(ask("random", pool, 4, seed).indices[0]) for seed in range(2000)]
    assert np.bincount(firsts, minlength=40)[30:].min() > 140  # 200 expected, deviation 13


@pytest.mark.parametrize("name", ["least_confidence", "margin", "entropy"])
def test_uncertainty_queries_without_a_head_are_random(name: str) -> None:
    pool = replace(pool_of(), proba=None)
    np.testing.assert_array_equal(ask(name, pool, 9).indices, ask("random", pool, 9).indices)


@pytest.mark.parametrize(
    ("name", "order", "scores"),
    [
        ("least_confidence", [2, 0, 1], [0.6, 0.5, 0.1]),
        ("margin", [0, 2, 1], [1.0, 0.9, 0.2]),
        ("entropy", [2, 0, 1], [1.0889, 0.6931, 0.3251]),
    ],
)
def test_uncertainty_scores_follow_their_formula(
    name: str, order: list[int], scores: list[float]
) -> None:
    proba = np.array([[0.5, 0.5, 0], [0.9, 0.1, 0], [0.3, 0.4, 0.3]], dtype=np.float32)
    nothing = np.empty(0, dtype=np.int64)
    pool = Pool(np.zeros((3, 2), dtype=np.float32), proba, nothing, np.arange(3))
    picks = ask(name, pool, 3)
    assert picks.indices.tolist() == order
    np.testing.assert_allclose(picks.scores, scores, atol=1e-4)
    assert np.isnan(picks.acquisition_probability).all()


@pytest.mark.parametrize("labels", [0, 9, 11])
def test_uncertainty_herding_with_few_labels_is_max_herding(labels: int) -> None:
    pool = pool_of(k=12, labels=20)
    pool = replace(pool, labeled=pool.labeled[:labels])
    expected = ask("max_herding", pool, 8).indices
    np.testing.assert_array_equal(ask("uncertainty_herding", pool, 8).indices, expected)
    warm = replace(pool, labeled=pool_of(k=12, labels=20).labeled[:12])
    assert ask("uncertainty_herding", warm, 8).indices.tolist() != expected.tolist()


def brute_force(pool: Pool, n: int, weights: np.ndarray) -> tuple[list[int], list[float]]:
    """The objective written out: every row a reference, every available row a candidate."""
    x = pool.features.astype(np.float64)

    def covered(by: list[int]) -> float:
        total = 0.0
        for row, weight in zip(x, weights, strict=True):
            total += weight * max((np.exp(-((row - x[j]) ** 2).sum()) for j in by), default=0.0)
        return total

    chosen, gains = list(pool.labeled), []
    for _ in range(n):
        before = covered(chosen)
        left = [i for i in pool.available if i not in chosen]
        gain = {i: covered([*chosen, i]) - before for i in left}
        best = max(left, key=gain.__getitem__)
        chosen.append(best)
        gains.append(gain[best] / len(x))
    return [int(i) for i in chosen[len(pool.labeled) :]], gains


@HERDING
@pytest.mark.parametrize("seed", range(3))
def test_herding_is_the_greedy_optimum_of_its_objective(name: str, seed: int) -> None:
    pool = pool_of(rows=45, width=6, k=3, labels=12, seed=seed)
    assert pool.proba is not None
    ordered = np.sort(pool.proba, axis=1)
    margins = 1.0 - (ordered[:, -1] - ordered[:, -2])
    weights = np.ones(45) if name == "max_herding" else margins
    expected, gains = brute_force(pool, 5, weights)
    picks = ask(name, pool, 5)
    assert picks.indices.tolist() == expected
    np.testing.assert_allclose(picks.scores, gains, rtol=1e-3)


def test_coverage_in_blocks_is_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = pool_of(rows=300, labels=100)
    whole = ask("uncertainty_herding", pool, 10)
    monkeypatch.setattr(herding, "BLOCK_ROWS", 7)
    blocks = ask("uncertainty_herding", pool, 10)
    np.testing.assert_array_equal(whole.indices, blocks.indices)


@HERDING
@pytest.mark.parametrize("copies", [30, 700])
def test_near_duplicates_wait_while_others_are_available(name: str, copies: int) -> None:
    rng = np.random.default_rng(2)
    originals = np.concatenate([rng.normal(size=(1, 32)).repeat(copies, 0), np.eye(32)[:8] * 6])
    raw = originals + 0.01 * rng.normal(size=originals.shape)
    features = raw.astype(np.float32) / np.linalg.norm(raw, axis=1, keepdims=True)
    features = features.astype(np.float32)
    rows = len(features)
    proba = np.tile(np.array([[0.9, 0.1]], dtype=np.float32), (rows, 1))
    proba[: copies - 12] = 0.5  # the copies fill the shortlist of the most uncertain
    pool = Pool(features, proba, np.arange(copies - 12, copies), _except(rows, copies - 12, 12))
    picks = ask(name, pool, 9).indices
    cosines = features[picks] @ features[picks].T - 2 * np.eye(9)
    assert cosines.max() <= 0.98
    check(ask(name, pool, 15), pool, 15)


@HERDING
def test_a_pool_of_nothing_but_near_duplicates_is_still_picked_from(name: str) -> None:
    features = np.zeros((700, 4), dtype=np.float32)
    features[:, 0] = 1.0
    proba = np.random.default_rng(0).dirichlet(np.ones(3), size=700).astype(np.float32)
    pool = Pool(features, proba, np.arange(10), np.arange(10, 700))
    check(ask(name, pool, 300), pool, 300)


def test_picks_beyond_the_herd_are_ordered_by_margin() -> None:
    pool = pool_of(rows=900, labels=50)
    beyond = ask("uncertainty_herding", pool, 600).indices[400:]
    margins = ask("margin", pool, 845)
    score = dict(zip(margins.indices.tolist(), margins.scores.tolist(), strict=True))
    assert (np.diff([score[i] for i in beyond.tolist()]) <= 0).all()


def _except(rows: int, begin: int, count: int) -> np.ndarray:
    return np.setdiff1d(np.arange(rows), np.arange(begin, begin + count))


def clusters(seed: int, per_cluster: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    which = np.repeat(np.arange(8), per_cluster)
    raw = 3.0 * np.eye(8, 20)[which] + 0.35 * rng.normal(size=(len(which), 20))
    return Space.fit(raw).transform(raw), which


def test_herding_from_no_labels_finds_every_cluster_where_random_does_not() -> None:
    nothing = np.empty(0, dtype=np.int64)
    found: dict[str, list[int]] = {"uncertainty_herding": [], "random": []}
    for seed in range(10):
        features, which = clusters(seed)
        pool = Pool(features, None, nothing, np.arange(len(features)))
        for name, counts in found.items():
            counts.append(len(set(which[ask(name, pool, 9, seed).indices])))
    assert found["uncertainty_herding"] == [8] * 10
    assert np.mean(found["random"]) < 7
    assert found["random"].count(8) <= 3


def accuracy_after(name: str, seed: int, features: np.ndarray, truth: np.ndarray) -> float:
    """Accuracy on the rest of the pool after 5 rounds of 10 labels, from none."""
    rng = np.random.default_rng(seed)
    labeled, proba = np.empty(0, dtype=np.int64), None
    for _ in range(5):
        rest = np.setdiff1d(np.arange(len(truth)), labeled)
        picks = QUERIES[name](Pool(features, proba, labeled, rest), 10, rng)
        labeled = np.concatenate([labeled, picks.indices])
        head = fit_logistic(features[labeled], truth[labeled])
        proba = head.predict_proba(features)
    rest = np.setdiff1d(np.arange(len(truth)), labeled)
    assert proba is not None
    return float((head.classes[proba[rest].argmax(axis=1)] == truth[rest]).mean())


def test_the_default_query_learns_digits_faster_than_random() -> None:
    pixels, truth = load_digits(return_X_y=True)
    features = Space.fit(pixels).transform(pixels)
    default, baseline = (
        np.array([accuracy_after(name, seed, features, truth) for seed in range(4)])
        for name in (DEFAULT_QUERY, "random")
    )
    assert default.mean() > baseline.mean() + 0.04
    assert default.min() > 0.85
