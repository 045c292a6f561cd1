"""The MLP head: what a straight border cannot do."""

import numpy as np
import pytest

from models.head.linear import LinearHead
from models.head.mlp import DEFAULT_EPOCHS, MlpHead, fit_mlp
from tests.clusters import clusters
from tests.models.head.test_choice import rings


def test_a_hidden_layer_learns_bent_borders() -> None:
    features, labels = rings(300)
    head = fit_mlp(features[:200], labels[:200])
    hits = head.predict_proba(features[200:]).argmax(axis=1) == labels[200:]
    assert hits.mean() > 0.8


def test_few_rows_rotated_give_a_head_of_full_width() -> None:
    features, labels = clusters(24, 90, 3)
    head = fit_mlp(features, labels)
    assert head.hidden_weight.shape == (1024, 90)
    assert np.linalg.matrix_rank(head.hidden_weight) == 24
    assert (head.epochs, head.temperature) == (DEFAULT_EPOCHS, 1.0)


def test_noise_stops_early() -> None:
    features, labels = clusters(90, 20, 3)
    shuffled = np.random.default_rng(0).permutation(labels)
    learned, guessed = fit_mlp(features, labels), fit_mlp(features, shuffled)
    assert guessed.epochs < learned.epochs
    assert guessed.temperature > learned.temperature


def test_a_linear_start_does_not_change_the_fit() -> None:
    features, labels = clusters(24, 10, 2)
    start = LinearHead(
        np.array([0, 1]), np.ones((2, 10), np.float32), np.zeros(2, np.float32), 1, 1
    )
    np.testing.assert_array_equal(
        fit_mlp(features, labels).weight, fit_mlp(features, labels, start=start).weight
    )


def test_parts_that_do_not_fit_are_refused() -> None:
    good = fit_mlp(*clusters(24, 10, 2))
    parts = {name: getattr(good, name) for name in MlpHead.__annotations__ if name[0] != "_"}
    for change in (
        {"classes": np.array([1, 0])},
        {"hidden_bias": good.hidden_bias[:-1]},
        {"weight": good.weight * np.float32(np.nan)},
    ):
        with pytest.raises(ValueError, match=r"class ids|do not fit|finite"):
            MlpHead(**{**parts, **change})
