"""Draws: how often a row comes is what is said of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.pool import Pool
from models.queries import draw_probability
from models.queries.draws import drawn_by, drawn_probability, race
from models.scoring import Scores
from tests.pools import NOTHING, ask, pool_of, pool_saying

MARGINS = [0.8, 0.4, 0.2, 0.1, 0.5]


def torn_pool() -> Pool:
    """Rows of margin scores MARGINS, unlike each other."""
    return pool_saying([[1 - u / 2, u / 2] for u in MARGINS])


def test_random_draws_are_uniform_and_say_so() -> None:
    pool = replace(pool_of(), available=np.arange(30, 40))
    np.testing.assert_allclose(
        ask("random", pool, 4).acquisition_probability, [1 / 10, 1 / 9, 1 / 8, 1 / 7]
    )
    draws = np.array([ask("random", pool, 4, seed).indices for seed in range(2000)])
    for place in range(4):
        counts = np.bincount(draws[:, place], minlength=40)[30:]
        assert counts.min() > 145 and counts.max() < 255  # 200 expected, deviation 13


def test_random_draws_do_not_avoid_near_duplicates() -> None:
    features = np.tile(np.eye(1, 4, dtype=np.float32), (50, 1))
    features[49] = np.eye(4)[2]
    pool = Pool(features, NOTHING, NOTHING, np.arange(50))
    taken = [49 in ask("random", pool, 10, seed).indices for seed in range(500)]
    assert 60 < sum(taken) < 140  # 100 expected, deviation 9; all 500 if duplicates waited


def test_power_margin_draws_as_often_as_it_says() -> None:
    pool = torn_pool()
    weights = np.array(MARGINS)
    draws = [ask("power_margin", pool, 3, seed) for seed in range(4000)]
    firsts = np.bincount([d.indices[0] for d in draws], minlength=5) / 4000
    np.testing.assert_allclose(firsts, weights / 2.0, atol=0.03)
    after = [d.indices[1] for d in draws if d.indices[0] == 0]
    seconds = np.bincount(after, minlength=5) / len(after)
    np.testing.assert_allclose(seconds, [0, *(weights[1:] / 1.2)], atol=0.04)


@pytest.mark.parametrize("n", [1, 3, 5])
def test_power_margin_states_the_chance_of_each_draw_given_those_before(n: int) -> None:
    pool = torn_pool()
    for seed in range(20):
        picks = ask("power_margin", pool, n, seed)
        left = dict(enumerate(MARGINS))
        for row, chance in zip(picks.indices, picks.acquisition_probability, strict=True):
            assert chance == pytest.approx(left[int(row)] / sum(left.values()), rel=1e-4)
            del left[int(row)]


def test_a_draw_that_was_put_off_keeps_the_chance_of_its_turn() -> None:
    pool = torn_pool()
    pool.features[1] = pool.features[0]  # row 1 repeats row 0
    for seed in range(30):
        picks = ask("power_margin", pool, 5, seed)
        assert picks.indices[-1] in (0, 1)
        turn = np.argsort(-race(np.array(MARGINS), np.random.default_rng(seed)))
        left = 2.0
        for row in turn:
            place = picks.indices.tolist().index(row)
            assert picks.acquisition_probability[place] == pytest.approx(
                MARGINS[row] / left, rel=1e-3
            )
            left -= MARGINS[row]


def test_saturated_rows_can_still_be_drawn() -> None:
    pool = pool_saying([[1, 0], [1, 0], [0.5, 0.5]])
    chance = draw_probability("power_margin", pool, pool.available)
    assert chance is not None and (chance > 0).all()
    firsts = {int(ask("power_margin", pool, 1, seed).indices[0]) for seed in range(50)}
    assert firsts == {2}


def test_draw_probabilities_are_margins_over_their_sum() -> None:
    pool = torn_pool()
    rows = np.array([2, 0])
    np.testing.assert_allclose(draw_probability("power_margin", pool, rows), [0.1, 0.4], rtol=1e-5)
    np.testing.assert_allclose(draw_probability("random", pool, rows), [0.2, 0.2])
    fewer = replace(pool, available=np.array([0, 4]))
    np.testing.assert_allclose(
        draw_probability("power_margin", fewer, np.array([0, 1, 4])), [8 / 13, 0, 5 / 13], rtol=1e-5
    )


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=30), st.integers(0, 99))
def test_the_chances_of_a_whole_race_belong_to_one_order(weights: list[float], seed: int) -> None:
    values = np.array(weights)
    keys = race(values, np.random.default_rng(seed))
    order = np.argsort(-keys)
    chances = drawn_probability(values, keys, order)
    expected = [values[row] / values[order[i:]].sum() for i, row in enumerate(order)]
    np.testing.assert_allclose(chances, expected, rtol=1e-4)
    assert chances[-1] == pytest.approx(1)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_prizes_are_drawn_by_weight_without_repeats(n: int) -> None:
    weights = np.array(MARGINS)
    draws = [drawn_by(weights, n, np.random.default_rng(seed)) for seed in range(2000)]
    assert all(len(set(draw.tolist())) == n for draw in draws)
    if n:
        firsts = np.bincount([draw[0] for draw in draws], minlength=5) / 2000
        np.testing.assert_allclose(firsts, weights / 2.0, atol=0.04)


def test_prizes_are_drawn_though_one_row_has_all_the_weight() -> None:
    weights = np.full(1000, 1e-6)
    weights[7] = 1e6
    drawn = drawn_by(weights, 200, np.random.default_rng(0))
    assert drawn[0] == 7 and len(set(drawn.tolist())) == 200


def test_a_million_rows_have_no_ties() -> None:
    keys = race(np.ones(1_000_000), np.random.default_rng(0))
    top = np.sort(keys)[-1000:]
    assert len(np.unique(top)) == 1000 and np.isfinite(top).all()


def test_rows_without_a_score_have_the_least_weight() -> None:
    pool = torn_pool()
    pool = replace(pool, scores=Scores.empty(5))
    np.testing.assert_allclose(draw_probability("power_margin", pool, np.arange(5)), 0.2)
