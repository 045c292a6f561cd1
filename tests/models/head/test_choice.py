"""Which head: borders that are bent, straight, or in doubt."""

import numpy as np
import pytest

from models.head import HEADS
from models.head.choice import FOLDS, choose_head, held_out
from models.head.mlp import folds
from models.head.stopping import Cancelled, FewClassesError
from models.space.space import Space
from tests.clusters import clusters


def rings(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, 6) of which no straight border tells the two classes."""
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(n, 6))
    labels = (raw[:, 0] * raw[:, 1] > 0).astype(np.int64)
    return Space(np.zeros(6, dtype=np.float32)).transform(raw), labels


def test_bent_borders_get_the_mlp() -> None:
    features, labels = rings(120)
    assert choose_head(features, labels, np.random.default_rng(0)) == "mlp"


def test_straight_borders_keep_the_logistic_head() -> None:
    features, labels = clusters(80, 8, 2, noise=0.6)
    assert choose_head(features, labels, np.random.default_rng(0)) == "logistic"


def test_few_labels_keep_the_logistic_head() -> None:
    features, labels = clusters(19, 8, 4)
    assert choose_head(features, labels, np.random.default_rng(0)) == "logistic"


def test_a_tie_keeps_the_logistic_head() -> None:
    features, labels = clusters(60, 8, 3)
    twins = {"other": HEADS["logistic"], "logistic": HEADS["logistic"]}
    assert choose_head(features, labels, np.random.default_rng(0), heads=twins) == "logistic"


def test_held_out_losses_are_of_labels_that_were_not_seen() -> None:
    features, labels = clusters(60, 8, 3)
    labels[7] = 99  # seen by no fold that judges it
    fold = folds(np.unique(labels, return_inverse=True)[1], FOLDS)
    result = held_out(HEADS["logistic"], features, labels, fold)
    assert result.losses[7] == pytest.approx(-np.log(1e-6)) and not result.hits[7]
    rest = np.delete(np.arange(60), 7)
    assert result.losses[rest].mean() < np.log(3)
    assert result.hits[rest].mean() > 0.6


def test_every_class_is_dealt_out_evenly() -> None:
    targets = np.random.default_rng(0).integers(4, size=83)
    fold = folds(targets, 5)
    table = np.array([np.bincount(fold[targets == c], minlength=5) for c in range(4)])
    assert (table.max(axis=1) - table.min(axis=1) <= 1).all()


def test_a_choice_can_be_stopped_and_refused() -> None:
    features, labels = clusters(60, 8, 3)
    with pytest.raises(Cancelled):
        choose_head(features, labels, np.random.default_rng(0), stop=lambda: True)
    with pytest.raises(FewClassesError):
        choose_head(features, labels * 0, np.random.default_rng(0))
