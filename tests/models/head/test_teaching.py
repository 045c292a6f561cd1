"""A taught head: a linear head that says what another head says, on other features."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from models.finite import NotFiniteError
from models.head import HEADS
from models.head.fitting import SCALE
from models.head.stopping import Cancelled
from models.head.teaching import teach
from models.space.pool_map import PoolMap, Recipe
from models.space.space import Space
from tests.clusters import clusters

CLASSES = np.array([3, 5, 9])
NONE = np.empty((0, 16), dtype=np.float32), np.empty(0, dtype=np.int64)


def answers(strict: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Rows of three clusters and what a head says about them; `strict` is one class for sure."""
    features, labels = clusters(120, 16, 3)
    proba = HEADS["logistic"](features, labels).predict_proba(features)
    return features, np.eye(3, dtype=np.float32)[labels] if strict else proba


def test_certain_answers_teach_as_labels_do() -> None:
    features, proba = answers(strict=True)
    head = teach(features, proba, CLASSES, *NONE, strength=2.0)
    peer = LogisticRegression(C=0.5, tol=1e-8, max_iter=2000).fit(
        features * SCALE, proba.argmax(axis=1)
    )
    assert head.classes.tolist() == [3, 5, 9] and head.temperature == 1.0
    expected = peer.predict_proba(features * SCALE)
    np.testing.assert_allclose(head.predict_proba(features), expected, atol=5e-3)


def test_probabilities_are_taken_over_where_the_features_are_the_same() -> None:
    features, proba = answers()
    head = teach(features, proba, CLASSES, *NONE, strength=1e-3)
    np.testing.assert_allclose(head.predict_proba(features), proba, atol=0.05)


def test_labels_count_as_certain_answers() -> None:
    features, proba = answers(strict=True)
    both = teach(
        features[:80], proba[:80], CLASSES, features[80:], CLASSES[proba[80:].argmax(axis=1)]
    )
    alone = teach(features, proba, CLASSES, *NONE)
    np.testing.assert_allclose(both.weight, alone.weight, atol=1e-3)


def test_a_taught_head_keeps_most_of_what_the_map_has_won() -> None:
    images, truth = load_digits(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(images))
    labeled, pool, held = rows[:30], rows[30:1000], rows[1000:]
    images = images.astype(np.float16)
    mapped = PoolMap.fit(images, recipe=Recipe(axes=40)).transform(images, own=True)
    plain = Space.fit(images).transform(images)
    teacher = HEADS["logistic"](mapped[labeled], truth[labeled])
    alone = HEADS["logistic"](plain[labeled], truth[labeled])
    taught = teach(
        plain[pool],
        teacher.predict_proba(mapped[pool]),
        teacher.classes,
        plain[labeled],
        truth[labeled],
    )

    def accuracy(head: Any, features: np.ndarray) -> float:
        best = head.predict_proba(features[held]).argmax(axis=1)
        return float((head.classes[best] == truth[held]).mean())

    before, best, kept = (
        accuracy(*pair) for pair in ((alone, plain), (teacher, mapped), (taught, plain))
    )
    assert kept - before > 0.4 * (best - before) > 0.015


def test_the_same_answers_give_the_same_head() -> None:
    one, two = (teach(*answers(), CLASSES, *NONE) for _ in range(2))
    np.testing.assert_array_equal(one.weight, two.weight)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"proba": np.ones((120, 2))}, r"\(120, 2\) do not fit 120 rows and 3 classes"),
        ({"labeled": np.ones((4, 15)), "labels": CLASSES[[0, 0, 1, 2]]}, "of width 15"),
        ({"labeled": np.ones((4, 16)), "labels": CLASSES}, "3 labels do not fit 4 rows"),
        ({"labeled": np.ones((1, 16)), "labels": np.array([4])}, "labels of class 4"),
        ({"strength": 0.0}, "strength must be"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    features, proba = answers()
    given = dict(zip(("labeled", "labels"), NONE, strict=True)) | {"proba": proba} | change
    with pytest.raises(ValueError, match=message):
        teach(features, given.pop("proba"), CLASSES, **given)


def test_rows_that_are_not_finite_are_named_and_a_fit_can_be_stopped() -> None:
    features, proba = answers()
    with pytest.raises(Cancelled):
        teach(features, proba, CLASSES, *NONE, stop=lambda: True)
    features[17] = np.nan
    with pytest.raises(NotFiniteError, match="row 17"):
        teach(features, proba, CLASSES, *NONE)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same_head() -> None:
    one, two = (teach(*answers(), CLASSES, *NONE, device=name) for name in ("cpu", "cuda"))
    np.testing.assert_allclose(one.weight, two.weight, atol=1e-3)
