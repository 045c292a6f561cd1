"""Learning curves and forecasts from a session's own labels."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from models.evidence.accuracy import Accuracy
from models.evidence.forecast import forecast
from models.evidence.learning_curve import Labels, Point, beside_random, measured, sizes
from models.evidence.left_out import leave_out
from models.evidence.out_of_fold import OutOfFold
from models.head import HEADS
from models.space.space import Space


def session(n: int, strength: float, seed: int = 0, classes: int = 3) -> tuple[Labels, np.ndarray]:
    """Labels drawn at random from overlapping clusters, all audits, and the pool’s truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(classes, size=n + 800)
    raw = rng.normal(size=(n + 800, 16)) + strength * np.eye(classes, 16)[truth]
    features = Space.fit(raw).transform(raw)
    labels = Labels(
        features=features[:n],
        labels=truth[:n],
        uniform=np.ones(n, dtype=bool),
        chance=np.full(n, np.nan),
        groups=np.arange(n),
        pool=features[n:],
        left=800,
    )
    return labels, truth[n:]


def test_sizes_grow_and_end_with_all_labels() -> None:
    assert sizes(40) == [10, 14, 18, 25, 33, 40]
    assert sizes(5) == [5]


def test_the_curve_rises_to_the_accuracy_on_the_pool() -> None:
    labels, truth = session(120, 2.5, classes=6)
    points = measured(labels, HEADS["logistic"])
    assert points[-1].labels == 120 and len(points) >= 7
    head = HEADS["logistic"](labels.features, labels.labels)
    real = (head.classes[head.predict_proba(labels.pool).argmax(axis=1)] == truth).mean()
    assert points[-1].accuracy.low <= real <= points[-1].accuracy.high
    assert points[0].accuracy.value < points[-1].accuracy.value


@pytest.mark.parametrize("kind", ["audits", "weighted"])
def test_the_last_point_is_the_accuracy_that_is_told_of_the_newest_head(kind: str) -> None:
    labels, _ = session(90, 2.5)
    uniform = np.arange(90) % 3 == 0
    chance = 1.0 / (890 - np.arange(90)) if kind == "weighted" else labels.chance
    labels = replace(labels, uniform=uniform, chance=chance)
    last = measured(labels, HEADS["logistic"])[-1]
    head = HEADS["logistic"](labels.features, labels.labels, audits=uniform)
    left = leave_out(
        labels.features,
        labels.labels,
        np.arange(90),
        strength=head.strength,
        temperature=head.temperature,
    )
    hits = left.predicted == labels.labels
    told = OutOfFold(hits, left.confidence, uniform, chance, labels.groups, labels.left)
    sure = float(head.predict_proba(labels.pool).max(axis=1).mean())
    assert last.accuracy == told.accuracy(sure) and last.accuracy.method == kind
    assert last.accuracy.value == pytest.approx(last.confidence + last.residual.mean())
    assert last.picked == hits[~uniform].mean()


def test_without_ten_audits_there_is_no_curve() -> None:
    labels, _ = session(40, 2.0)
    few = replace(labels, uniform=np.arange(40) < 9)
    assert measured(few, HEADS["logistic"]) == []


def test_random_labels_are_level_with_random_picking_and_useless_ones_behind() -> None:
    labels, _ = session(60, 2.5)
    rng = np.random.default_rng(0)
    fit = partial(HEADS["logistic"], strength=1.0)
    level = beside_random(labels, measured(labels, fit), fit, rng)
    assert [one.labels for one in level] == [10, 14, 18, 25, 33, 45]
    assert level[2].gain.low < 0 < level[2].gain.high
    # The first labels are all but one of the same class: worse than any random picking.
    many, _ = session(120, 3.0)
    same, other = (np.flatnonzero(many.labels == one) for one in (0, 1))
    order = np.concatenate([same[:24], other[:1]])
    order = np.concatenate([order, np.setdiff1d(np.arange(120), order)])
    skewed = replace(many, features=many.features[order], labels=many.labels[order])
    behind = beside_random(skewed, measured(skewed, fit)[:1], fit, rng)
    assert behind[0].labels == 25 and behind[0].gain.high < 0


LEFT = 5000  # rows without a label


def curve(
    ceiling: float, b: float = 1.2, power: float = 0.7, audits: int = 60, gap: float = 0.0
) -> list[Point]:
    """Points on a power law, judged by audits that are calibrated; picks are harder by `gap`."""
    rng = np.random.default_rng(0)
    hits = rng.random(audits) < 0.8
    residual = hits - 0.8
    residual = residual - residual.mean()
    found = []
    for n in sizes(120):
        value = ceiling - b * n**-power
        accuracy = Accuracy(value, value - 0.1, value + 0.1, audits, audits, "audits")
        found.append(Point(n, accuracy, hits, residual, value, value - gap))
    return found


def test_a_target_on_the_way_has_a_range_around_the_truth() -> None:
    points = curve(0.97, audits=2000)
    target = 0.97 - 1.2 * 200**-0.7
    found = forecast(points, 3, LEFT, target, np.random.default_rng(0))
    assert found is not None and found.reachable and not found.reached
    assert found.low is not None and found.low <= 80
    assert found.middle is not None and 40 <= found.middle <= 160
    assert found.high is None or found.high >= 80
    assert found.ceiling[0] < 0.97 < found.ceiling[1] + 0.03


def test_a_target_above_the_ceiling_is_not_reachable() -> None:
    found = forecast(curve(0.6), 3, LEFT, 0.95, np.random.default_rng(0))
    assert found is not None
    assert not found.reachable and found.ceiling[1] < 0.95


def test_where_hard_rows_are_taken_out_of_few_the_rest_is_right_sooner() -> None:
    few, many = (
        forecast(curve(0.9, audits=2000, gap=0.2), 3, left, 0.89, np.random.default_rng(0))
        for left in (300, 100_000)
    )
    assert few is not None and many is not None
    assert few.high is not None and few.high <= few.limit == 240
    assert many.limit == 1200 and (many.middle is None or many.middle > few.high)
    # Labels are no harder than the rest where they are drawn at random: nothing is promised then.
    same = forecast(curve(0.6), 3, 300, 0.95, np.random.default_rng(0))
    assert same is not None and not same.reachable


def test_what_is_there_already_is_said_to_be() -> None:
    found = forecast(curve(0.97), 3, LEFT, 0.7, np.random.default_rng(0))
    assert found is not None and found.reached


@pytest.mark.parametrize("hide", ["audits", "labels", "points"])
def test_a_forecast_is_hidden_before_it_can_be_meant(hide: str) -> None:
    points = curve(0.9, audits=14 if hide == "audits" else 60)
    classes = 30 if hide == "labels" else 3
    points = points[:4] if hide == "points" else points
    assert forecast(points, classes, LEFT, 0.9, np.random.default_rng(0)) is None
