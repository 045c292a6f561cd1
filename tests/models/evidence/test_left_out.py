"""Predictions for labeled rows by heads that have not seen them, against refitting."""

import numpy as np
import pytest

from models.evidence.left_out import cross_predict, leave_out
from models.evidence.near_duplicates import near_duplicates
from models.head import HEADS
from models.space.space import Space


@pytest.fixture(scope="module")
def clusters() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    raw = rng.normal(size=(90, 24)) + 2.0 * np.eye(3, 24)[labels]
    return Space.fit(raw).transform(raw), labels + 5


def test_a_row_is_predicted_as_by_a_head_without_it(
    clusters: tuple[np.ndarray, np.ndarray],
) -> None:
    features, labels = clusters
    rows = np.array([3, 50, 70])
    found = leave_out(features, labels, rows, strength=1.0, temperature=1.0)
    for place, row in enumerate(rows):
        kept = np.arange(90) != row
        head = HEADS["logistic"](features[kept], labels[kept], strength=1.0)
        proba = head.predict_proba(features[row, None])[0]
        exact = found.proba[place] if head.temperature == 1.0 else None
        if exact is not None:
            assert exact == pytest.approx(proba, abs=0.05)
        assert found.predicted[place] == head.classes[proba.argmax()]


def test_near_duplicates_are_left_out_together(clusters: tuple[np.ndarray, np.ndarray]) -> None:
    features, labels = clusters
    twin = features[7] + np.float32(1e-3)
    both = np.vstack([features, twin / np.linalg.norm(twin)]).astype(np.float32)
    wrong = np.append(labels, 5 + (labels[7] - 4) % 3)  # the twin has another class
    wrong[7] = wrong[-1]
    groups = near_duplicates(both)
    assert groups[7] == groups[90] and len(np.unique(groups)) == 90
    rows = np.array([7, 90])
    leaky = leave_out(both, wrong, rows, strength=0.1, temperature=1.0)
    honest = leave_out(both, wrong, rows, strength=0.1, temperature=1.0, groups=groups)
    assert (leaky.predicted == wrong[rows]).all()  # each is told by the other
    assert (honest.predicted != wrong[rows]).all()


def test_the_only_row_of_a_class_is_never_foreseen(
    clusters: tuple[np.ndarray, np.ndarray],
) -> None:
    features, labels = clusters
    odd = labels.copy()
    odd[4] = 99
    groups = np.arange(90)
    groups[5] = groups[4]
    found = leave_out(features, odd, np.array([4]), strength=1.0, temperature=1.0, groups=groups)
    assert found.predicted[0] != 99
    assert found.proba[0, -1] == 0.0


def test_folds_predict_every_row_by_heads_without_it(
    clusters: tuple[np.ndarray, np.ndarray],
) -> None:
    features, labels = clusters
    rows = np.arange(0, 90, 2)
    found = cross_predict(HEADS["logistic"], features, labels, rows, np.random.default_rng(0))
    assert found.proba.sum(axis=1) == pytest.approx(np.ones(45), abs=1e-5)
    assert (found.predicted == labels[rows]).mean() > 0.7
    noise = np.random.default_rng(1).permutation(labels)
    lost = cross_predict(HEADS["logistic"], features, noise, rows, np.random.default_rng(0))
    assert (lost.predicted == noise[rows]).mean() < 0.6


def test_rows_on_the_centre_are_no_duplicates_of_each_other() -> None:
    features = np.zeros((4, 8), dtype=np.float32)
    features[2:, 0] = 1.0
    assert len(np.unique(near_duplicates(features))) == 3
    assert len(near_duplicates(features[:0])) == 0
