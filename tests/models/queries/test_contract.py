"""Queries: the contract that each keeps, and who picks before there is a head."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from models.pool import Pool
from models.queries import DEFAULT_QUERY, QUERIES, acting_query, draw_probability
from models.space.space import Space
from tests.pools import (
    NOTHING,
    ask,
    check,
    fitted,
    headless,
    pool_of,
    pool_saying,
    unlabeled,
)

EVERY_QUERY = pytest.mark.parametrize("name", QUERIES)
UNCERTAIN = ["least_confidence", "margin", "entropy", "power_margin", "badge", "dropquery"]
UNIFORM = {"random"}  # what is measured on it is true of the pool only if nothing is put off


def test_the_default_is_registered() -> None:
    assert DEFAULT_QUERY in QUERIES


@EVERY_QUERY
def test_a_query_says_what_it_does_and_names_its_paper(name: str) -> None:
    text = QUERIES[name].pick.__doc__ or ""
    assert "O(" in text
    assert "arXiv" in text or name in {"random", "least_confidence", "margin", "entropy"}


@EVERY_QUERY
def test_a_query_is_described_in_words(name: str) -> None:
    query = QUERIES[name]
    assert query.title and query.title[0].isupper()
    assert query.words.endswith(".") and query.words[0].isupper()
    assert " " in query.reason and query.reason[0].islower() and not query.reason.endswith(".")
    assert query.title != query.words != query.reason


@EVERY_QUERY
@pytest.mark.parametrize("classes", [0, 1, 2, 10])
def test_a_score_in_words_is_one_line_for_any_number_of_classes(name: str, classes: int) -> None:
    words = QUERIES[name].measure(0.25, classes)
    assert words == words.strip() and "\n" not in words and not words.endswith(".")


@EVERY_QUERY
@pytest.mark.parametrize("n", [0, 1, 10, 95, 96, 5000])
def test_picks_are_distinct_available_rows_best_first(name: str, n: int) -> None:
    pool = pool_of()
    check(ask(name, pool, n), pool, min(n, len(pool.available)))


@EVERY_QUERY
@pytest.mark.parametrize("n", [10, 450])
def test_pools_beyond_every_sample_size_work(name: str, n: int) -> None:
    pool = pool_of(rows=4200, width=6)
    check(ask(name, pool, n), pool, n)
    cold = unlabeled(pool)
    check(ask(name, cold, n), cold, n)


@EVERY_QUERY
@settings(deadline=None, max_examples=8)
@given(
    rows=st.integers(8, 60),
    labels=st.integers(3, 60),
    k=st.integers(2, 4),
    n=st.integers(0, 70),
    seed=st.integers(0, 99),
    cold=st.booleans(),
)
def test_the_contract_holds_for_any_pool(
    name: str, rows: int, labels: int, k: int, n: int, seed: int, cold: bool
) -> None:
    pool = pool_of(rows, 6, k, max(k, min(labels, rows - 5)), seed)
    pool = headless(pool) if cold else pool
    check(ask(name, pool, n, seed), pool, min(n, len(pool.available)))


@EVERY_QUERY
def test_the_same_seed_gives_the_same_picks(name: str) -> None:
    pool = pool_of(rows=700)
    first, second = ask(name, pool, 12, seed=4), ask(name, pool, 12, seed=4)
    np.testing.assert_array_equal(first.indices, second.indices)
    np.testing.assert_array_equal(first.scores, second.scores)


@EVERY_QUERY
def test_the_pool_is_left_alone(name: str) -> None:
    pool = pool_of()
    assert pool.scores is not None
    others = ("head", "scores", "kernel")
    arrays = [getattr(pool, f.name) for f in fields(Pool) if f.name not in others]
    arrays += [getattr(pool.scores, f.name) for f in fields(pool.scores)]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.setflags(write=False)
    ask(name, pool, 10)
    for array, content in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, content)


@EVERY_QUERY
def test_ties_are_broken_by_the_generator(name: str) -> None:
    rows, labels = 60, np.arange(20) % 3
    pool = fitted(Pool(np.zeros((rows, 3), np.float32), np.arange(20), labels, np.arange(20, rows)))
    firsts = set()
    for seed in range(12):
        picks = ask(name, pool, 5, seed)
        check(picks, pool, 5)
        firsts.add(int(picks.indices[0]))
    assert len(firsts) > 4


@EVERY_QUERY
def test_certain_predictions_are_no_obstacle(name: str) -> None:
    pool = pool_of()
    assert pool.scores is not None
    certain = replace(pool.scores, first=np.ones(120, np.float32), second=np.zeros(120, np.float32))
    check(ask(name, replace(pool, scores=certain), 10), pool, 10)


@EVERY_QUERY
def test_nothing_available_gives_empty_picks(name: str) -> None:
    pool = replace(pool_of(), available=NOTHING)
    check(ask(name, pool, 10), pool, 0)


@EVERY_QUERY
def test_an_empty_pool_gives_empty_picks(name: str) -> None:
    pool = Pool(np.empty((0, 4), dtype=np.float32), NOTHING, NOTHING, NOTHING)
    check(ask(name, pool, 3), pool, 0)


@EVERY_QUERY
def test_the_only_available_row_is_picked(name: str) -> None:
    pool = replace(pool_of(), available=np.array([7]))
    assert ask(name, pool, 3).indices.tolist() == [7]


@EVERY_QUERY
def test_labels_of_one_class_and_no_head_are_no_obstacle(name: str) -> None:
    pool = headless(pool_of())
    pool = replace(pool, labels=np.full(20, 3))
    check(ask(name, pool, 10), pool, 10)


@EVERY_QUERY
def test_a_negative_wish_is_refused(name: str) -> None:
    for pool in (pool_of(), unlabeled(pool_of())):
        with pytest.raises(ValueError, match="not -1"):
            ask(name, pool, -1)


@EVERY_QUERY
def test_half_precision_features_are_picked_from_as_single_ones_are(name: str) -> None:
    pool = pool_of()
    assert pool.features.dtype == np.float16
    single = replace(pool, features=pool.features.astype(np.float32))
    np.testing.assert_array_equal(ask(name, single, 12).indices, ask(name, pool, 12).indices)


@EVERY_QUERY
def test_a_head_on_more_columns_than_the_kernel_is_no_obstacle(name: str) -> None:
    pool = replace(pool_of(), kernel=9)
    check(ask(name, pool, 20), pool, 20)
    check(ask(name, headless(pool), 20), headless(pool), 20)


@pytest.mark.parametrize("name", ["max_herding", "core_set", "typiclust"])
def test_distances_are_measured_on_the_kernel_alone(name: str) -> None:
    """The columns behind it belong to the head; those of the kernel count as rows of length one."""
    pool = headless(pool_of())
    points = pool.features.astype(np.float32)
    noise = np.random.default_rng(0).normal(size=points.shape).astype(np.float32)
    wide = replace(pool, features=np.concatenate([0.25 * points, noise], axis=1), kernel=16)
    alone = replace(pool, features=points)
    np.testing.assert_array_equal(ask(name, wide, 12).indices, ask(name, alone, 12).indices)


@EVERY_QUERY
def test_labels_act_through_the_head_and_the_search_for_a_class_alone(name: str) -> None:
    pool = pool_of()
    renamed = replace(pool, labels=np.roll(pool.labels, 1) % 2)
    same = ask(name, pool, 10).indices.tolist() == ask(name, renamed, 10).indices.tolist()
    assert same == (name != "rare_class")


@EVERY_QUERY
def test_rows_that_may_not_be_asked_are_no_different_for_their_scores(name: str) -> None:
    """A stale score of a row that is not available must not steer what is picked of the rest."""
    pool = pool_of()
    assert pool.scores is not None
    gone = np.setdiff1d(np.arange(120), pool.available)
    stale = replace(pool.scores, first=pool.scores.first.copy())
    stale.first[gone] = 0.1
    picks = ask(name, replace(pool, scores=stale), 10).indices
    np.testing.assert_array_equal(picks, ask(name, pool, 10).indices)


def clumped(copies: int, others: int = 12) -> Pool:
    """Copies of one picture with the largest margin scores, others unlike it and each other."""
    rng = np.random.default_rng(2)
    width = 2 * others
    raw = np.concatenate([np.tile(3 * np.eye(1, width), (copies, 1)), 3 * np.eye(others, width, 1)])
    raw += 0.02 * rng.normal(size=raw.shape)
    features = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float16)
    labeled = np.array([copies + others - 1, copies + others - 2, *range(10)])
    labels = np.array([1, 0, *([0, 1] * 5)])  # of the copies half each: the head is torn
    return fitted(Pool(features, labeled, labels, np.arange(10, copies + others - 2)))


@pytest.mark.parametrize("name", sorted(set(QUERIES) - UNIFORM))
@pytest.mark.parametrize("copies", [30, 900])
@pytest.mark.parametrize("cold", [False, True])
def test_near_duplicates_wait_while_others_are_available(
    name: str, copies: int, cold: bool
) -> None:
    pool = clumped(copies)
    pool = headless(pool) if cold else pool
    picks = ask(name, pool, 9)
    check(picks, pool, 9)
    rows = pool.rows(picks.indices)
    assert (rows @ rows.T - 2 * np.eye(9)).max() <= 0.98
    everything = ask(name, pool, len(pool.available))
    check(everything, pool, len(pool.available))
    assert (np.sort(everything.indices) == pool.available).all()
    assert set(everything.indices[:11].tolist()) >= set(range(copies, copies + 10))


@EVERY_QUERY
def test_a_pool_of_nothing_but_near_duplicates_is_still_picked_from(name: str) -> None:
    features = np.zeros((700, 4), dtype=np.float32)
    features[:, 0] = 1.0
    pool = fitted(Pool(features, np.arange(12), np.arange(12) % 3, np.arange(12, 700)))
    check(ask(name, pool, 300), pool, 300)


@pytest.mark.parametrize("name", UNCERTAIN)
def test_before_a_head_max_herding_stands_in(name: str) -> None:
    pool = headless(pool_of())
    assert acting_query(name, pool) == "max_herding"
    assert acting_query(name, pool_of()) == name
    np.testing.assert_array_equal(ask(name, pool, 9).indices, ask("max_herding", pool, 9).indices)


@pytest.mark.parametrize("name", ["random", "max_herding", "core_set", "typiclust"])
def test_queries_that_need_no_head_act_themselves(name: str) -> None:
    assert acting_query(name, unlabeled(pool_of())) == name


def test_a_search_needs_a_label() -> None:
    assert acting_query("rare_class", unlabeled(pool_of())) == "max_herding"
    assert acting_query("rare_class", headless(pool_of())) == "rare_class"


@pytest.mark.parametrize("labels", [10, 11, 12, 13])
def test_uncertainty_counts_from_ten_labels_and_one_per_class(labels: int) -> None:
    pool = pool_of(k=12, labels=20)
    pool = replace(pool, labeled=pool.labeled[:labels], labels=pool.labels[:labels])
    same = (
        ask("uncertainty_herding", pool, 8).indices.tolist()
        == ask("max_herding", pool, 8).indices.tolist()
    )
    assert acting_query("uncertainty_herding", pool) == (
        "max_herding" if labels < 12 else "uncertainty_herding"
    )
    assert same == (labels < 12)


@EVERY_QUERY
def test_draw_probabilities_are_known_where_draws_are_by_chance(name: str) -> None:
    pool = pool_of()
    chance = draw_probability(name, pool, pool.available)
    assert (chance is not None) == (name in {"random", "power_margin"})
    probability = ask(name, pool, 5).acquisition_probability
    assert np.isnan(probability).all() == (chance is None)
    if chance is not None:
        assert chance.dtype == np.float32
        assert chance.sum() == pytest.approx(1, abs=1e-5)
        assert (draw_probability(name, pool, pool.labeled) == 0).all()


@pytest.mark.parametrize("name", ["random", "power_margin"])
def test_the_first_pick_has_the_draw_probability(name: str) -> None:
    pool = pool_of()
    for seed in range(5):
        picks = ask(name, pool, 4, seed)
        chance = draw_probability(name, pool, picks.indices)
        assert chance is not None
        assert picks.acquisition_probability[0] == pytest.approx(float(chance[0]), rel=1e-5)


def test_power_margin_without_a_head_has_no_draw_probability() -> None:
    pool = headless(pool_of())
    assert draw_probability("power_margin", pool, pool.available) is None


@pytest.mark.parametrize("name", ["least_confidence", "margin", "entropy", "uncertainty_herding"])
def test_scores_that_are_not_finite_are_refused(name: str) -> None:
    pool = pool_of()
    assert pool.scores is not None
    first = pool.scores.first.copy()
    first[3] = np.nan
    with pytest.raises(ValueError, match="row 3"):
        ask(name, replace(pool, scores=replace(pool.scores, first=first)), 5)


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
    picks = ask(name, pool_saying([[0.5, 0.5, 0], [0.9, 0.1, 0], [0.3, 0.4, 0.3]]), 3)
    assert picks.indices.tolist() == order
    np.testing.assert_allclose(picks.scores, scores, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("least_confidence", lambda p: 1 - p[-1]),
        ("margin", lambda p: 1 - (p[-1] - p[-2])),
        ("entropy", lambda p: -sum(v * math.log(v) for v in p if v > 0)),
    ],
)
def test_uncertainty_queries_rank_the_pool_by_their_score(name: str, score: object) -> None:
    pool = pool_of(rows=500)
    assert pool.head is not None and callable(score)
    proba = np.sort(pool.head.predict_proba(pool.features), axis=1).astype(np.float64)
    picks = ask(name, pool, 300)
    expected = sorted((score(proba[i]) for i in pool.available), reverse=True)[:300]
    np.testing.assert_allclose(picks.scores, expected, atol=1e-4)
    np.testing.assert_allclose(picks.scores, [score(proba[i]) for i in picks.indices], atol=1e-4)


def test_entropy_predicts_only_what_can_be_among_the_best() -> None:
    pool = pool_of(rows=3000, k=3)  # with three classes the bound is the entropy
    head, asked = pool.head, []
    assert head is not None

    class Counting:
        classes = head.classes

        def predict_proba(self, features: np.ndarray) -> np.ndarray:
            asked.append(len(features))
            return head.predict_proba(features)

    counting = replace(pool, head=Counting())  # type: ignore[arg-type]
    np.testing.assert_array_equal(
        ask("entropy", counting, 20).indices, ask("entropy", pool, 20).indices
    )
    assert sum(asked) < 1000


def accuracy_after(name: str, seed: int, features: np.ndarray, truth: np.ndarray) -> float:
    """Accuracy on the rest of the pool after 5 rounds of 10 labels, from none."""
    rng = np.random.default_rng(seed)
    pool = Pool(features, NOTHING, NOTHING, np.arange(len(truth)))
    for _ in range(5):
        picks = QUERIES[name](pool, 10, rng)
        labeled = np.concatenate([pool.labeled, picks.indices])
        pool = replace(pool, labeled=labeled, labels=truth[labeled]).without(picks.indices)
        pool = fitted(pool)
    assert pool.scores is not None
    rest = pool.available
    return float((pool.scores.best[rest] == truth[rest]).mean())


def test_the_default_query_learns_digits_faster_than_random() -> None:
    pixels, truth = load_digits(return_X_y=True)
    features = Space.fit(pixels).transform(pixels)
    default, baseline = (
        np.array([accuracy_after(name, seed, features, truth) for seed in range(2)])
        for name in (DEFAULT_QUERY, "random")
    )
    assert default.mean() > baseline.mean() + 0.04
    assert default.min() > 0.85
