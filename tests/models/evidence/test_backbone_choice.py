"""Selection: paired intervals, beliefs while labels are few, and the order they give."""

import numpy as np
import pytest

from models.evidence.backbone_choice import DOUBT, STEP, compare, left_out_hits


def hits(rng: np.random.Generator, n: int, accuracy: float) -> np.ndarray:
    return rng.random(n) < accuracy


def test_the_interval_is_that_of_the_difference_on_the_same_labels() -> None:
    rng = np.random.default_rng(0)
    base = hits(rng, 200, 0.6)
    better = base | hits(rng, 200, 0.3)  # right wherever the other is, so that all doubt is paired
    found = {one.name: one for one in compare({"a": base, "b": better}, "a", {}, rng)}
    gain = float(better.mean() - base.mean())
    assert found["b"].gain == pytest.approx(gain) and found["b"].labels == 200
    assert 0 < found["b"].low < gain < found["b"].high
    # Two unpaired samples of this size would leave ± 9 points.
    assert found["b"].high - found["b"].low < 0.13
    assert (found["a"].gain, found["a"].low, found["a"].high) == (0, 0, 0)


def test_the_interval_covers_the_truth() -> None:
    inside, rng = 0, np.random.default_rng(1)
    for _ in range(120):
        base, other = hits(rng, 120, 0.6), hits(rng, 120, 0.7)
        one = next(s for s in compare({"a": base, "b": other}, "a", {}, rng) if s.name == "b")
        inside += one.low <= 0.1 <= one.high
    assert inside >= 108  # of 120, at 95 %


def test_few_labels_leave_the_order_to_what_is_believed_and_many_do_not() -> None:
    rng = np.random.default_rng(2)
    places = {"weak": 0, "strong": 5}
    few = {"weak": np.ones(3, bool), "strong": np.array([True, True, False])}
    assert [one.name for one in compare(few, "weak", places, rng)] == ["strong", "weak"]
    many = {"weak": hits(rng, 400, 0.8), "strong": hits(rng, 400, 0.6)}
    standings = compare(many, "weak", places, rng)
    assert [one.name for one in standings] == ["weak", "strong"]
    assert standings[1].expected == pytest.approx(standings[1].gain, abs=0.1)


def test_without_any_label_of_weight_the_belief_is_the_catalogues() -> None:
    rng = np.random.default_rng(3)
    one = {"weak": np.ones(1, bool), "strong": np.ones(1, bool), "unknown": np.ones(1, bool)}
    found = {s.name: s for s in compare(one, "weak", {"weak": 0, "strong": 3}, rng)}
    assert 0 < found["strong"].expected < 3 * STEP < DOUBT
    assert found["unknown"].expected == 0 == found["weak"].expected


def test_left_out_hits_tell_a_good_embedding_from_noise() -> None:
    rng = np.random.default_rng(4)
    labels = np.repeat([7, 9], 30)
    noise = rng.normal(size=(100, 16)).astype(np.float16)
    good = noise.copy()
    good[:60, 0] += np.where(labels == 7, 4, -4).astype(np.float16)
    rows = np.arange(60)
    assert left_out_hits(good, rows, labels).mean() > 0.95
    assert 0.2 < left_out_hits(noise, rows, labels).mean() < 0.8
