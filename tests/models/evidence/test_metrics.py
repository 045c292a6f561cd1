"""Metrics against their definitions: published values, simulation and refits."""

import numpy as np
import pytest
from scipy.stats import binom

from models.evidence.metrics import (
    Interval,
    agreement,
    clopper_pearson,
    learning_curve_area,
    mean_interval,
)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 5.
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_clopper_pearson_gives_the_published_values(
    successes: int, trials: int, low: float, high: float
) -> None:
    interval = clopper_pearson(successes, trials)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("trials", [10, 25, 60])
def test_clopper_pearson_contains_every_rate_at_least_as_often_as_it_says(trials: int) -> None:
    counts = np.arange(trials + 1)
    ends = [clopper_pearson(one, trials) for one in counts.tolist()]
    for rate in np.linspace(0.002, 0.998, 499):
        held = [one.low <= rate <= one.high for one in ends]
        assert binom.pmf(counts, trials, rate) @ held >= 0.95 - 1e-9


def test_clopper_pearson_counts_parts_of_trials_and_stays_within_bounds() -> None:
    assert clopper_pearson(0, 0) == Interval(0.0, 1.0)
    for trials in (0.5, 1, 3, 50):
        assert clopper_pearson(0, trials).low == 0.0
        assert clopper_pearson(trials, trials).high == 1.0
        mirrored = 1 - clopper_pearson(trials, trials).low
        assert clopper_pearson(0, trials).high == pytest.approx(mirrored)
    lows = [clopper_pearson(one, 10).low for one in (5, 5.5, 6)]
    assert lows == sorted(set(lows))
    assert clopper_pearson(5, 10, 0.5).low > clopper_pearson(5, 10, 0.99).low


@pytest.mark.parametrize(("successes", "trials", "level"), [(3, 2, 0.9), (-1, 2, 0.9), (1, 2, 1)])
def test_clopper_pearson_refuses_what_cannot_be(successes: int, trials: int, level: float) -> None:
    with pytest.raises(ValueError, match=r"are impossible|between 0 and 1"):
        clopper_pearson(successes, trials, level)


def test_agreement_averages_the_latest_matches() -> None:
    shares = agreement([True, False, True, True, False], window=2)
    assert shares.tolist() == [1.0, 0.5, 0.5, 1.0, 0.5]
    assert agreement([True, False, True], window=9).tolist() == pytest.approx([1, 0.5, 2 / 3])
    assert agreement([], window=3).shape == (0,)
    with pytest.raises(ValueError, match="at least one"):
        agreement([True], window=0)


def test_the_area_of_a_learning_curve_is_its_mean_height() -> None:
    assert learning_curve_area(np.array([10, 20, 50]), np.array([0.4, 0.4, 0.4])) == (
        pytest.approx(0.4)
    )
    assert learning_curve_area(np.array([0, 10, 40]), np.array([0.0, 0.4, 0.8])) == (
        pytest.approx((0.2 * 10 + 0.6 * 30) / 40)
    )
    assert learning_curve_area(np.array([10]), np.array([0.7])) == 0.7


@pytest.mark.parametrize(
    ("labels", "accuracy", "message"),
    [
        ([], [], "needs"),
        ([1, 2], [0.5], "needs"),
        ([1, 1], [0.5, 0.5], "rise"),
        ([1, 2], [0.5, np.nan], "NaN"),
    ],
)
def test_a_curve_that_is_none_is_refused(
    labels: list[float], accuracy: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        learning_curve_area(np.array(labels), np.array(accuracy))


def test_the_mean_interval_is_students() -> None:
    mean, low, high = mean_interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    half = 2.7764451 * np.sqrt(2.5 / 5)  # t(0.975, 4)
    assert (mean, low, high) == pytest.approx((3.0, 3.0 - half, 3.0 + half))


def test_one_seed_has_no_interval() -> None:
    mean, low, high = mean_interval(np.array([0.8]))
    assert mean == 0.8
    assert np.isnan(low) and np.isnan(high)
    for values in ([], [np.nan, 1.0]):
        with pytest.raises(ValueError, match="at least one value"):
            mean_interval(np.array(values))
