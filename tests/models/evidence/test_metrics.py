"""Metrics against their definitions: published values, simulation and refits."""

import numpy as np
import pytest

from models.evidence.metrics import (
    Interval,
    agreement,
    learning_curve_area,
    mean_interval,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_values(
    successes: int, trials: int, low: float, high: float
) -> None:
    interval = wilson(successes, trials)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_covers_the_truth_as_often_as_it_says() -> None:
    draws = np.random.default_rng(0).binomial(60, 0.83, size=4000)
    intervals = {int(s): wilson(int(s), 60, 0.9) for s in np.unique(draws)}
    hit = np.mean([intervals[int(s)].low <= 0.83 <= intervals[int(s)].high for s in draws])
    assert 0.87 < hit < 0.94


def test_wilson_is_symmetric_and_stays_within_bounds() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)
    for trials in (1, 3, 50):
        assert wilson(0, trials).low == 0.0
        assert wilson(trials, trials).high == 1.0
        assert wilson(0, trials).high == pytest.approx(1 - wilson(trials, trials).low)
    assert wilson(5, 10, 0.5).low > wilson(5, 10, 0.99).low


@pytest.mark.parametrize(("successes", "trials", "level"), [(3, 2, 0.9), (-1, 2, 0.9), (1, 2, 1)])
def test_wilson_refuses_what_cannot_be(successes: int, trials: int, level: float) -> None:
    with pytest.raises(ValueError, match=r"are impossible|between 0 and 1"):
        wilson(successes, trials, level)


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
