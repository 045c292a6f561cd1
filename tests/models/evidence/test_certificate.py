"""Certificates: that they hold at every look, against exact counting and simulation."""

from itertools import permutations

import numpy as np
import pytest

from models.evidence.certificate import Bet, bounds, log_wealth, needed, probable_length, proven_at


def test_wealth_does_not_grow_over_all_orders_of_a_small_set() -> None:
    size, good = 6, 4
    orders = np.array(sorted(set(permutations([1] * good + [0] * (size - good)))), dtype=float)
    s = orders.cumsum(axis=1)
    f = np.arange(1, size + 1) - s
    for bet in (Bet(), Bet.around(0.9)):
        wealth = np.exp(log_wealth(size, good, s, f, bet))
        mean = wealth.mean(axis=0)
        assert mean[:2] == pytest.approx(1.0)  # later the bet allows what cannot be
        assert (np.diff(mean) <= 1e-12).all()


@pytest.mark.parametrize("size, share", [(300, 0.6), (500, 0.9), (400, 0.98)])
def test_a_false_claim_is_proven_at_any_look_in_five_of_a_hundred_at_most(
    size: int, share: float
) -> None:
    rng = np.random.default_rng(0)
    truth = np.arange(size) < needed(share, size) - 1  # one success short of true
    runs = [proven_at(rng.permutation(truth), size, share, Bet.around(0.99)) for _ in range(1000)]
    assert np.mean([found is not None for found in runs]) <= 0.05 + 0.014  # two standard errors


def test_bounds_hold_the_truth_and_close_when_all_is_drawn() -> None:
    rng = np.random.default_rng(1)
    truth = np.arange(200) < 170
    missed = 0
    for _ in range(100):
        drawn = rng.permutation(truth)
        found = bounds(drawn[:60], 200, Bet.around(0.7))
        missed += not found.low <= 170 <= found.high
    assert missed <= 5
    whole = bounds(drawn, 200)
    assert (whole.low, whole.high) == (170, 170)


def test_bounds_without_draws_say_nothing() -> None:
    found = bounds(np.empty(0, dtype=bool), 50)
    assert (found.low, found.high) == (0, 50)


def test_a_good_guess_proves_sooner_than_a_bad_one_and_a_bad_one_proves_too() -> None:
    hits = np.ones(400, dtype=bool)
    good = proven_at(hits, 5000, 0.95, Bet.around(0.99))
    bad = proven_at(hits, 5000, 0.95, Bet.around(0.5))
    assert good is not None and bad is not None
    assert 58 <= good < bad < 200  # log 20 / -log 0.95 = 58 for whoever bets on no miss at all


def test_the_forecast_of_the_length_tells_the_length() -> None:
    rng = np.random.default_rng(2)
    told = probable_length(9500, 500, 3000, 0.9, rng)
    truth = np.arange(3000) < 2850
    lengths = [
        proven_at(rng.permutation(truth)[:1000], 3000, 0.9, Bet.around(0.95)) for _ in range(100)
    ]
    real = np.median([length or 1000 for length in lengths])
    assert told.middle is not None and told.low is not None
    assert told.middle == pytest.approx(real, rel=0.3)
    assert told.low < told.middle
    assert told.chance > 0.9


def test_what_is_not_so_will_probably_not_be_proven() -> None:
    told = probable_length(800, 200, 3000, 0.9, np.random.default_rng(3))
    assert told.middle is None
    assert told.chance < 0.1


def test_more_draws_than_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="3 draws cannot come from a set of 2"):
        bounds(np.ones(3, dtype=bool), 2)
