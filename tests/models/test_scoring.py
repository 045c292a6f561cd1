"""Scoring: every row against a softmax by hand, and which rows come next."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from models import scoring
from models.finite import NotFiniteError
from models.head.linear import LinearHead
from models.scoring import Rotation, Scorer, Scores, most_uncertain, top_two, top_two_on_device

WIDTH = 12
PLACES = ["host", "resident", "cuda"]


def features(rows: int, dtype: type = np.float16, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(rows, WIDTH))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(dtype)


def head(k: int, temperature: float = 1.5) -> LinearHead:
    rng = np.random.default_rng(k)
    return LinearHead(
        classes=np.arange(k) * 3 + 5,
        weight=(6 * rng.normal(size=(k, WIDTH))).astype(np.float32),
        bias=rng.normal(size=k).astype(np.float32),
        strength=1.0,
        iterations=1,
        temperature=temperature,
    )


def by_hand(fitted: LinearHead, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Best class id and the two largest probabilities, in float64 and by sorting."""
    logits = rows.astype(np.float64) @ fitted.weight.T.astype(np.float64) + fitted.bias
    proba = np.exp(logits / fitted.temperature)
    proba /= proba.sum(axis=1, keepdims=True)
    ordered = np.sort(proba, axis=1)
    return fitted.classes[proba.argmax(axis=1)], ordered[:, -1], ordered[:, -2]


def scorer(rows: np.ndarray, place: str) -> Scorer:
    if place == "cuda":
        if not torch.cuda.is_available():
            pytest.skip("no CUDA device here")
        return Scorer(rows, "cuda")
    return Scorer(rows, resident=place == "resident")


def assert_scored(scores: Scores, fitted: LinearHead, rows: np.ndarray) -> None:
    best, first, second = by_hand(fitted, rows)
    np.testing.assert_array_equal(scores.best, best)
    np.testing.assert_allclose(scores.first, first, atol=2e-6)
    np.testing.assert_allclose(scores.second, second, atol=2e-6)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven rows to a block, eleven on a device."""
    monkeypatch.setattr(scoring, "CPU_VALUES", 7 * WIDTH)
    monkeypatch.setattr(scoring, "DEVICE_VALUES", 11 * WIDTH + 3)


# Scores


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("k", [2, 3, 10, 100])
def test_scores_are_the_two_largest_probabilities(place: str, dtype: type, k: int) -> None:
    rows, fitted = features(500, dtype), head(k)
    scores = Scores.empty(500)
    assert scorer(rows, place).score(fitted, scores)
    assert_scored(scores, fitted, rows)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("count", [1, 6, 7, 8, 11, 77, 100])
def test_blocks_of_any_size_give_the_same_scores(place: str, count: int) -> None:
    rows, fitted = features(count), head(4)
    scores = Scores.empty(count)
    assert scorer(rows, place).score(fitted, scores)
    assert_scored(scores, fitted, rows)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("place", PLACES)
def test_scoring_some_rows_leaves_the_others_untouched(place: str) -> None:
    rows, fitted = features(60), head(5)
    scored, every = Scores.empty(60), Scores.empty(60)
    engine = scorer(rows, place)
    engine.score(fitted, every)
    chosen = np.array([59, 0, 7, 8, 30, 31, 32, 2, 14])  # in any order
    assert engine.score(fitted, scored, chosen)
    others = np.setdiff1d(np.arange(60), chosen)
    assert (scored.best[others] == -1).all()
    assert (scored.first[others] == 1).all() and (scored.second[others] == 0).all()
    np.testing.assert_array_equal(scored.best[chosen], every.best[chosen])
    np.testing.assert_allclose(scored.first[chosen], every.first[chosen], atol=1e-6)
    np.testing.assert_allclose(scored.second[chosen], every.second[chosen], atol=1e-6)


@pytest.mark.parametrize("place", PLACES)
def test_no_rows_are_scored_at_once(place: str) -> None:
    nothing = np.empty((0, WIDTH), dtype=np.float16)
    assert scorer(nothing, place).score(head(3), Scores.empty(0))
    scores = Scores.empty(4)
    assert scorer(features(4), place).score(head(3), scores, np.empty(0, dtype=np.int64))
    assert (scores.best == -1).all()


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("place", ["host", "resident"])
def test_a_stopped_sweep_says_so_and_what_it_has_scored_is_right(place: str) -> None:
    rows, fitted = features(40), head(3)
    whole, part = Scores.empty(40), Scores.empty(40)
    engine = scorer(rows, place)
    engine.score(fitted, whole)
    asked: Iterator[bool] = iter([False, False, True])
    assert not engine.score(fitted, part, stop=lambda: next(asked))
    done = 2 * (7 if place == "host" else 11)
    np.testing.assert_array_equal(part.best[:done], whole.best[:done])
    np.testing.assert_array_equal(part.first[:done], whole.first[:done])
    assert (part.best[done:] == -1).all()


def test_of_equal_probabilities_the_first_class_wins_and_the_margin_score_is_one() -> None:
    logits = np.array([[1.0, 1.0, 0.0], [2.0, 5.0, 5.0]], dtype=np.float32)
    for column, first, second in (
        top_two(np.ascontiguousarray(logits.T)),
        top_two_on_device(torch.from_numpy(logits)),
    ):
        assert column.tolist() == [0, 1]
        np.testing.assert_array_equal(first, second)
        scores = Scores(column, first, second)
        np.testing.assert_array_equal(scores.margin(np.array([0, 1])), [1.0, 1.0])


def test_far_apart_logits_neither_overflow_nor_warn() -> None:
    logits = np.array([[3e38, -3e38, 0.0], [0.0, -500.0, -1000.0]], dtype=np.float32)
    with np.errstate(over="ignore"):  # a distance of 6e38 is none that float32 knows
        column, first, second = top_two(np.ascontiguousarray(logits.T))
    assert column.tolist() == [0, 0]
    assert first.tolist() == [1.0, 1.0] and second.tolist() == [0.0, 0.0]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_rows_that_are_not_finite_are_named(place: str, value: float) -> None:
    rows = features(40)
    rows[[23, 27], 4] = value
    engine, scores = scorer(rows, place), Scores.empty(40)
    with pytest.raises(NotFiniteError, match="row 23, 27") as caught:
        engine.score(head(3), scores)
    assert caught.value.rows.tolist() == [23, 27]
    assert (scores.best[:21] >= 0).all() and scores.best[23] == -1
    with pytest.raises(NotFiniteError, match="features hold NaN or infinity in row 27:"):
        engine.score(head(3), scores, np.array([3, 27, 39]))


def test_what_does_not_fit_is_refused() -> None:
    engine = Scorer(features(6))
    with pytest.raises(ValueError, match="5 rows do not fit 6"):
        engine.score(head(2), Scores.empty(5))
    for row in (-1, 6):
        with pytest.raises(ValueError, match=r"outside 0 … 5"):
            engine.score(head(2), Scores.empty(6), np.array([0, row]))
    with pytest.raises(ValueError, match="width 12 does not fit features of width 7"):
        Scorer(np.zeros((6, 7), np.float16)).score(head(2), Scores.empty(6))


@pytest.mark.parametrize("place", ["host", "resident"])
def test_features_that_cannot_be_written_are_scored_too(place: str) -> None:
    rows = features(30)
    rows.setflags(write=False)
    scores = Scores.empty(30)
    scorer(rows, place).score(head(3), scores)
    assert_scored(scores, head(3), rows)


def test_a_copy_of_scores_is_apart_from_them() -> None:
    scores = Scores.empty(3)
    copy = scores.copy()
    scores.best[0], scores.first[0], scores.second[0] = 7, 0.5, 0.25
    assert (copy.best[0], copy.first[0], copy.second[0]) == (-1, 1.0, 0.0)


# Which rows come next


def drawn_scores(n: int, levels: int) -> Scores:
    """Scores with about n / levels rows to each margin."""
    rng = np.random.default_rng(2)
    gap = (rng.integers(0, levels, n) / levels).astype(np.float32)
    return Scores(np.zeros(n, dtype=np.int64), 0.5 + gap / 2, 0.5 - gap / 2)


@pytest.mark.parametrize("levels", [1, 3, 10_000])
@pytest.mark.parametrize("count", [0, 1, 17, 199, 200, 500])
def test_the_most_uncertain_rows_are_those_of_a_stable_sort(levels: int, count: int) -> None:
    scores = drawn_scores(200, levels)
    every = np.arange(200)
    for rows in (None, np.random.default_rng(0).permutation(200)[:90]):
        among = every if rows is None else rows
        order = np.argsort(-scores.margin(among), kind="stable")[:count]
        chosen = most_uncertain(scores, rows, count)
        assert chosen.dtype == np.int64
        np.testing.assert_array_equal(chosen, np.sort(among[order]))


def test_rows_without_a_score_are_not_uncertain() -> None:
    scores = Scores.empty(50)
    scores.first[[4, 40]], scores.second[[4, 40]] = 0.6, 0.4
    assert most_uncertain(scores, None, 2).tolist() == [4, 40]


@pytest.mark.parametrize(("n", "count"), [(100, 7), (100, 100), (5, 1), (1, 1), (64, 16)])
def test_a_rotation_hands_out_every_row_before_it_repeats_one(n: int, count: int) -> None:
    rotation = Rotation(n, np.random.default_rng(0))
    taken = [rotation.take(count) for _ in range(4 * (n // count + 1))]
    for rows in taken:
        assert rows.dtype == np.int64 and len(rows) == count
        assert (np.diff(rows) > 0).all()
    counts = np.zeros(n, dtype=np.int64)
    for rows in taken:
        counts[rows] += 1
        assert counts.max() - counts.min() <= 1  # nobody is two turns ahead


def test_a_rotation_never_gives_more_than_all_rows() -> None:
    rotation = Rotation(10, np.random.default_rng(0))
    rotation.take(4)
    assert rotation.take(25).tolist() == list(range(10))
    assert len(rotation.take(0)) == 0
    with pytest.raises(ValueError, match="needs rows"):
        Rotation(0, np.random.default_rng(0))


def test_a_rotation_is_random_but_the_same_for_the_same_generator() -> None:
    first, again, other = (
        Rotation(1000, np.random.default_rng(seed)).take(100).tolist() for seed in (1, 1, 2)
    )
    assert first == again != other
    assert first != list(range(100))
