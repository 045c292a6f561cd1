"""The shadow ridge against refits, and its suspects against planted errors."""

import numpy as np
import pytest

from models.evidence.reliability import reliability
from models.evidence.ridge_loo import leave_one_out
from models.finite import NotFiniteError
from models.head.stopping import FewClassesError
from models.space.space import Space


def labeled(n: int, width: int, k: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    labels = rng.integers(k, size=n)
    raw = np.eye(k, width)[labels] + noise * rng.normal(size=(n, width))
    return Space.fit(raw).transform(raw), labels


def refitted(features: np.ndarray, labels: np.ndarray, ridge: float) -> np.ndarray:
    """Predictions of n ridges, each solved without its row."""
    x = np.column_stack([features, np.ones(len(features))]).astype(np.float64)
    classes, targets = np.unique(labels, return_inverse=True)
    onehot = np.eye(len(classes))[targets]
    predicted = []
    for i in range(len(x)):
        rest = np.arange(len(x)) != i
        gram = x[rest].T @ x[rest] + ridge * np.eye(x.shape[1])
        predicted.append(x[i] @ np.linalg.solve(gram, x[rest].T @ onehot[rest]))
    return np.array(predicted)


@pytest.mark.parametrize(("n", "width"), [(30, 50), (60, 12), (13, 12)])
@pytest.mark.parametrize("ridge", [0.01, 1.0])
def test_leave_one_out_equals_refitting_without_each_row(n: int, width: int, ridge: float) -> None:
    features, labels = labeled(n, width, 4)
    classes = np.unique(labels)
    expected = classes[refitted(features, labels, ridge).argmax(axis=1)]
    result = leave_one_out(features, labels, ridges=[ridge])
    np.testing.assert_array_equal(result.predicted, expected)
    assert result.ridge == ridge
    assert result.accuracy == pytest.approx((expected == labels).mean())


def test_the_ridge_of_least_error_is_taken() -> None:
    features, labels = labeled(40, 100, 3, noise=0.5)
    onehot = np.eye(3)[labels]
    grid = [0.01, 0.3, 10.0]
    errors = [((onehot - refitted(features, labels, r)) ** 2).sum() for r in grid]
    assert leave_one_out(features, labels, ridges=grid).ridge == grid[int(np.argmin(errors))]


def test_leave_one_out_on_random_labels_is_near_the_accuracy_on_the_pool() -> None:
    features, labels = labeled(2000, 30, 5)
    few = leave_one_out(features[:150], labels[:150])
    many = leave_one_out(features, labels)
    assert few.accuracy == pytest.approx(many.accuracy, abs=0.1)
    assert few.accuracy > 0.6


def test_duplicate_rows_and_lone_classes_are_no_obstacle() -> None:
    features, labels = labeled(20, 40, 3, noise=0.05)
    twice = np.concatenate([features, features, features[:1]])
    ids = np.concatenate([labels, labels, [99]])
    result = leave_one_out(twice, ids)
    assert result.accuracy > 0.9
    assert result.predicted[-1] != 99


def test_leave_one_out_refuses_what_it_cannot_measure() -> None:
    features, labels = labeled(20, 8, 3)
    with pytest.raises(FewClassesError, match="two classes"):
        leave_one_out(features, np.zeros(20, dtype=np.int64))
    with pytest.raises(ValueError, match="are needed"):
        leave_one_out(features, labels[:-1])
    with pytest.raises(ValueError, match="positive"):
        leave_one_out(features, labels, ridges=[0.0])
    features[4] = np.inf
    with pytest.raises(NotFiniteError, match="row 4"):
        leave_one_out(features, labels)


def test_left_out_probabilities_are_calibrated_rows() -> None:
    features, labels = labeled(400, 60, 4, noise=0.5)
    result = leave_one_out(features, labels)
    assert result.proba.shape == (400, 4)
    np.testing.assert_allclose(result.proba.sum(axis=1), 1.0)
    np.testing.assert_array_equal(result.classes[result.proba.argmax(axis=1)], result.predicted)
    hits = result.predicted == labels
    assert reliability(result.proba.max(axis=1), hits).error < 0.08
    np.testing.assert_array_equal(result.self_confidence, result.proba[np.arange(400), labels])


def test_planted_label_errors_are_suspects() -> None:
    features, labels = labeled(300, 40, 3, noise=0.15)
    wrong = np.arange(0, 300, 20)
    noisy = labels.copy()
    noisy[wrong] = (labels[wrong] + 1) % 3
    result = leave_one_out(features, noisy)
    found = np.flatnonzero(result.suspect)
    assert len(np.intersect1d(found, wrong)) >= 0.9 * len(wrong)
    assert len(np.setdiff1d(found, wrong)) <= 0.02 * len(labels)
    assert set(np.argsort(result.self_confidence)[:10]) <= set(wrong)


@pytest.mark.parametrize("noise", [0.3, 0.5])
def test_flipped_labels_come_long_before_their_turn_in_a_random_order(noise: float) -> None:
    features, labels = labeled(300, 40, 5, noise=noise)
    rng = np.random.default_rng(0)
    wrong = rng.random(300) < 0.1
    noisy = np.where(wrong, (labels + rng.integers(1, 5, 300)) % 5, labels)
    k = int(wrong.sum())
    order = np.argsort(leave_one_out(features, noisy).self_confidence)
    recall = wrong[order[:k]].mean()
    by_chance = np.mean([wrong[rng.permutation(300)[:k]].mean() for _ in range(200)])
    assert by_chance < 0.15
    assert recall > 4 * by_chance


def test_enough_audits_alone_tell_the_shadows_temperature() -> None:
    features, labels = labeled(200, 40, 4, noise=0.5)
    hard = np.flatnonzero(leave_one_out(features, labels).self_confidence < 0.5)[:40]
    audits = np.zeros(200, dtype=bool)
    audits[hard] = True
    few = audits.copy()
    few[hard[25:]] = False
    usual = leave_one_out(features, labels).temperature
    assert leave_one_out(features, labels, audits=few).temperature == usual
    assert leave_one_out(features, labels, audits=audits).temperature > usual
