"""The choice of the features: the labels decide, in the same way at any pace."""

import numpy as np
import pytest

from labeling.answers.sample_index import SampleIndex
from labeling.learning import feature_choice, head_choice
from labeling.learning.basis import Basis
from labeling.learning.feature_choice import FIRST, FeatureChoice
from labeling.learning.snapshot import Snapshot
from labeling.learning.table import make_table

COUNT = 120


def calm() -> bool:
    return False


def features(clear: float, seed: int) -> np.ndarray:
    """Rows whose class, odd or even, is more or less clear."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(COUNT, 8)).astype(np.float32)
    rows[:, 0] += clear * np.where(np.arange(COUNT) % 2, 1, -1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def given(count: int, own: float) -> Snapshot:
    """The first labels of a pool whose own features show the classes so clearly."""
    ids = [f"{row:064x}" for row in range(COUNT)]
    table = make_table(SampleIndex.of(ids), np.arange(COUNT), features(own, 1))
    rows = np.arange(count)
    return Snapshot(table, rows, 10 + rows % 2, np.zeros(count, dtype=bool), rows, count)


CLEAR, VAGUE = 3.0, 0.3


@pytest.mark.parametrize(("own", "mapped", "chosen"), [(VAGUE, CLEAR, True), (CLEAR, VAGUE, False)])
@pytest.mark.parametrize("on_map", [True, False])
def test_the_features_that_foresee_the_labels_are_chosen(
    own: float, mapped: float, chosen: bool, on_map: bool
) -> None:
    choice = FeatureChoice(on_map=on_map)
    choice.compare(given(60, own), Basis(features(mapped, 2)), "cpu", calm)
    assert choice.on_map is chosen


def test_equal_features_change_nothing() -> None:
    for on_map in (True, False):
        choice, snapshot = FeatureChoice(on_map=on_map), given(100, CLEAR)
        choice.compare(snapshot, snapshot.table.own, "cpu", calm)
        assert choice.on_map is on_map and choice.compared > 0


def test_too_few_labels_decide_nothing() -> None:
    choice = FeatureChoice()
    choice.compare(given(FIRST - 1, VAGUE), Basis(features(CLEAR, 2)), "cpu", calm)
    assert (choice.on_map, choice.compared) == (False, 0)


def test_the_pace_of_the_answers_and_a_restart_change_nothing() -> None:
    mapped, at_once, step_by_step = Basis(features(1.0, 2)), FeatureChoice(), FeatureChoice()
    at_once.compare(given(COUNT, 0.8), mapped, "cpu", calm)
    for count in range(2, COUNT + 1, 7):
        step_by_step.compare(given(count, 0.8), mapped, "cpu", calm)
        step_by_step = FeatureChoice(**step_by_step.state)
    step_by_step.compare(given(COUNT, 0.8), mapped, "cpu", calm)
    assert step_by_step.state == at_once.state


def test_labels_of_one_class_decide_nothing() -> None:
    snapshot = given(60, VAGUE)
    snapshot.labels[:40] = 10
    choice = FeatureChoice()
    choice.compare(snapshot, Basis(features(CLEAR, 2)), "cpu", calm)
    assert choice.compared == 60


def test_an_answer_stops_a_long_one_which_begins_again_when_it_has_been_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(head_choice, "QUIET", 0.1)
    monkeypatch.setattr(feature_choice, "SHORT", 100)
    choice, asked = FeatureChoice(), [0]

    def newer() -> bool:
        asked[0] += 1
        return True

    snapshot, mapped = given(60, VAGUE), Basis(features(CLEAR, 2))
    choice.compare(snapshot, mapped, "cpu", newer)
    assert choice.compared == 50 and asked[0] > 0  # fifty labels of two classes are not long
    asked[0] = 0
    choice.compare(snapshot, mapped, "cpu", newer)
    assert choice.compared == 50 and asked[0] == 2  # it looked, and began nothing
    choice.compare(snapshot, mapped, "cpu", calm)
    assert choice.compared == 60 and choice.on_map
