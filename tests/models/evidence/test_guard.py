"""The guard: which features the labels speak for."""

from typing import Any

import numpy as np
import pytest

from models.evidence import left_out
from models.evidence.guard import FLOOR, LEAST_LOSSES, is_clearly_better, left_out_losses
from models.head import HEADS, optimum
from tests.clusters import clusters


def losses(count: int = 100, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).exponential(size=count)


def test_a_clear_gain_changes_the_features_and_a_loss_does_not() -> None:
    present = losses()
    assert is_clearly_better(present - 0.1, present)
    assert not is_clearly_better(present + 0.1, present)


def test_a_tie_changes_nothing() -> None:
    assert not is_clearly_better(losses(), losses())


def test_only_a_difference_of_more_than_one_standard_error_changes_the_features() -> None:
    present = losses(400)
    noise = np.random.default_rng(1).normal(size=400)
    noise = (noise - noise.mean()) / noise.std(ddof=1)  # its standard error is 0.05
    assert not is_clearly_better(present - (0.049 + noise), present)
    assert is_clearly_better(present - (0.051 + noise), present)


def test_losses_are_compared_label_by_label() -> None:
    """Twenty losses between 0 and 20 differ by much more than the two features do."""
    present = np.linspace(0, 20, 20)
    assert is_clearly_better(present - 0.01 * np.tile([1.0, 1.5], 10), present)


def test_few_labels_change_nothing() -> None:
    few = losses(LEAST_LOSSES - 1)
    assert not is_clearly_better(few - 1, few)
    assert not is_clearly_better(few[:0], few[:0])


def test_losses_of_different_labels_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="99 losses cannot be compared with 100"):
        is_clearly_better(losses(100), losses(99))


def test_chance_alone_changes_the_features_rarely_to_worse_ones() -> None:
    """Of equal features, one in six is one standard error ahead; ten times of a thousand is not."""
    rng = np.random.default_rng(0)
    changed = [is_clearly_better(*rng.exponential(size=(2, 50))) for _ in range(1000)]
    assert 100 < sum(changed) < 220


def test_left_out_losses_are_those_of_heads_without_the_label() -> None:
    features, labels = clusters(60, 64, 3, noise=0.15)
    labels[5] = 99  # the only one of its class
    head = HEADS["logistic"](features, labels, strength=1.0)
    found = left_out_losses(head, features, labels)
    exact = []
    for row in np.delete(np.arange(60), 5):
        kept = np.arange(60) != row
        without = HEADS["logistic"](features[kept], labels[kept], strength=1.0)
        proba = without.predict_proba(features[row : row + 1])[0].astype(np.float64)
        proba **= without.temperature / head.temperature
        column = np.searchsorted(without.classes, labels[row])
        exact.append(-np.log(proba[column] / proba.sum()))
    assert found.shape == (59,)
    assert found.mean() == pytest.approx(np.mean(exact), rel=0.15)
    assert np.corrcoef(found, exact)[0, 1] > 0.95


def test_losses_begin_at_the_head_instead_of_fitting_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features, labels = clusters(60, 64, 3)
    head = HEADS["logistic"](features, labels)
    steps: list[int] = []

    def minimise(*args: Any) -> optimum.Optimum:
        found = optimum.minimise(*args)
        steps.append(found.iterations)
        return found

    monkeypatch.setattr(left_out, "minimise", minimise)
    left_out_losses(head, features, labels)
    assert steps == [0]


def test_a_loss_has_a_limit() -> None:
    features, labels = clusters(60, 8, 3)
    labels[7] = (labels[7] + 1) % 3
    head = HEADS["logistic"](features, labels, strength=1e-3)
    assert left_out_losses(head, features, labels).max() <= -np.log(FLOOR) + 1e-9


def test_features_that_say_more_of_the_labels_have_the_smaller_losses() -> None:
    features, labels = clusters(80, 8, 4, noise=0.2)
    blurred = features + 0.5 * np.random.default_rng(0).normal(size=features.shape)
    blurred /= np.linalg.norm(blurred, axis=1, keepdims=True)
    fit = HEADS["logistic"]
    sharp, dull = (left_out_losses(fit(rows, labels), rows, labels) for rows in (features, blurred))
    assert is_clearly_better(sharp, dull) and not is_clearly_better(dull, sharp)
