"""Heads: the optimum, and hard training sets."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from models.finite import NotFiniteError
from models.head import HEADS, Cancelled, FewClassesError, Head, linear, mlp, tuning
from models.head.linear import LinearHead
from models.head.logistic import fit_logistic
from models.head.mlp import MlpHead
from models.space.space import Space
from tests.clusters import clusters


@pytest.fixture(autouse=True, scope="module")
def small_hidden_layer() -> Iterator[None]:
    """The contract does not depend on the hidden layer's width, the time of its fits does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlp, "HIDDEN", 256)
        yield


def balanced_weights(labels: np.ndarray) -> np.ndarray:
    _, targets, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.minimum(len(labels) / (len(counts) * counts), 10.0)[targets]


def log_loss(proba: np.ndarray, head: Head, labels: np.ndarray) -> float:
    column = np.searchsorted(head.classes, labels)
    given = proba[np.arange(len(labels)), column].astype(np.float64)
    return float(-(balanced_weights(labels) * np.log(given)).mean())


@pytest.mark.parametrize(
    ("n", "width", "k"), [(60, 300, 5), (300, 40, 7), (50, 64, 2), (400, 16, 3)]
)
@pytest.mark.parametrize("strength", [0.1, 1.0, 10.0])
def test_the_optimum_is_that_of_scikit_learn(n: int, width: int, k: int, strength: float) -> None:
    features, labels = clusters(n, width, k, noise=0.15)
    head = replace(fit_logistic(features, labels, strength=strength), temperature=1.0)
    # With two classes scikit-learn has one row of weights w where softmax has ±w/2.
    cost = (2.0 if k == 2 else 1.0) / strength
    peer = LogisticRegression(C=cost, tol=1e-9, max_iter=5000)
    peer.fit(features.astype(np.float64) * 8.0, labels, sample_weight=balanced_weights(labels))
    expected = peer.predict_proba(features.astype(np.float64) * 8.0)
    actual = head.predict_proba(features)
    assert abs(log_loss(actual, head, labels) - log_loss(expected, head, labels)) < 1e-4
    np.testing.assert_allclose(actual, expected, atol=2e-3)


def test_labels_weigh_by_their_certainty_as_by_scikit_learns_sample_weight() -> None:
    features, labels = clusters(300, 40, 5, noise=0.15)
    sure = np.random.default_rng(0).uniform(0.2, 1.0, len(labels))
    head = fit_logistic(features, labels, strength=1.0, certainty=sure)
    peer = LogisticRegression(C=1.0, tol=1e-9, max_iter=5000)
    weights = balanced_weights(labels) * sure / sure.mean()
    peer.fit(features.astype(np.float64) * 8.0, labels, sample_weight=weights)
    expected = peer.predict_proba(features.astype(np.float64) * 8.0)
    actual = replace(head, temperature=1.0).predict_proba(features)
    np.testing.assert_allclose(actual, expected, atol=2e-3)


@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_described_in_words(name: str) -> None:
    kind = HEADS[name]
    assert kind.title and kind.words.endswith(".") and kind.title != kind.words


@pytest.mark.parametrize("name", HEADS)
def test_of_two_labels_that_contradict_the_surer_one_wins(name: str) -> None:
    features, labels = clusters(40, 30, 3)
    both = np.concatenate([features, features[:1], features[:1]])
    told = np.concatenate([labels, [0, 1]])
    for sure, expected in (([0.95, 0.05], 0), ([0.05, 0.95], 1)):
        # The row's own label is doubted, so that only the last two tell of it.
        certainty = np.concatenate([[0.01], np.full(len(labels) - 1, 0.9), sure])
        head = HEADS[name](both, told, certainty=certainty)
        proba = head.predict_proba(features[:1])[0]
        assert proba[expected] > proba[1 - expected]


@pytest.mark.parametrize(
    "wrong", [np.ones(39), np.zeros(40), np.full(40, 1.1), np.full(40, np.nan)]
)
@pytest.mark.parametrize("name", HEADS)
def test_certainties_that_are_no_chances_are_refused(name: str, wrong: np.ndarray) -> None:
    features, labels = clusters(40, 30, 3)
    with pytest.raises(ValueError, match=r"certainty must be \(40,\) chances"):
        HEADS[name](features, labels, certainty=wrong)


@pytest.mark.parametrize("name", HEADS)
def test_a_head_fitted_twice_is_identical(name: str) -> None:
    features, labels = clusters(50, 120, 6)
    first, second = (HEADS[name](features, labels) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(features), second.predict_proba(features))
    assert (first.strength, first.temperature) == (second.strength, second.temperature)


@pytest.mark.parametrize("name", HEADS)
def test_what_was_fitted_before_does_not_change_a_head(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, labels = clusters(70, 40, 4)
    for n in (8, 66, 69):
        HEADS[name](features[:n], labels[:n])
    used = HEADS[name](features, labels)
    monkeypatch.setattr(tuning, "MEMO", tuning.Memo(1))  # as after a restart
    fresh = HEADS[name](features, labels)
    np.testing.assert_array_equal(used.predict_proba(features), fresh.predict_proba(features))


@pytest.mark.parametrize("name", HEADS)
def test_probabilities_are_rows_that_sum_to_one_for_the_labeled_classes(name: str) -> None:
    features, labels = clusters(60, 50, 4)
    ids = np.array([40, -7, 1000, 3])[labels]
    head = HEADS[name](features, ids)
    proba = head.predict_proba(features)
    assert head.classes.tolist() == [-7, 3, 40, 1000]
    assert proba.shape == (60, 4) and proba.dtype == np.float32
    assert head.width == 50
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, atol=1e-6)
    assert (head.classes[proba.argmax(axis=1)] == ids).mean() > 0.8


@pytest.mark.parametrize("name", HEADS)
def test_logits_are_those_of_the_probabilities(name: str) -> None:
    features, labels = clusters(60, 50, 4)
    head = HEADS[name](features, labels)
    logits = head.logits(torch.from_numpy(features))
    assert logits.dtype == torch.float32 and logits.shape == (60, 4)
    proba = torch.softmax(logits, dim=1).numpy()
    np.testing.assert_allclose(head.predict_proba(features), proba, atol=1e-6)


@pytest.mark.parametrize("name", HEADS)
def test_the_temperature_divides_the_logits(name: str) -> None:
    features, labels = clusters(60, 50, 4)
    head = HEADS[name](features, labels)
    assert isinstance(head, LinearHead | MlpHead)
    cold = replace(head, temperature=1.0).logits(torch.from_numpy(features))
    hot = replace(head, temperature=2.0).logits(torch.from_numpy(features))
    torch.testing.assert_close(cold, 2.0 * hot)
    with pytest.raises(ValueError, match="temperature"):
        replace(head, temperature=0.0)


@pytest.mark.parametrize("name", HEADS)
def test_half_precision_rows_give_nearly_the_same_head(name: str) -> None:
    features, labels = clusters(70, 40, 4)
    whole = HEADS[name](features, labels).predict_proba(features)
    half = HEADS[name](features.astype(np.float16), labels).predict_proba(features)
    np.testing.assert_allclose(whole, half, atol=0.03)


@pytest.mark.parametrize("name", HEADS)
def test_a_fit_that_is_told_to_stop_is_cancelled(name: str) -> None:
    features, labels = clusters(60, 50, 4)
    asked: list[None] = []

    def stop() -> bool:
        asked.append(None)
        return len(asked) == 4

    with pytest.raises(Cancelled):
        HEADS[name](features[::-1], labels[::-1], stop=stop)
    assert len(asked) == 4


@pytest.mark.parametrize("name", HEADS)
def test_fitting_leaves_its_input_alone(name: str) -> None:
    features, labels = clusters(30, 100, 3)
    before = features.copy(), labels.copy()
    features.setflags(write=False)
    labels.setflags(write=False)
    HEADS[name](features, labels)
    np.testing.assert_array_equal(features, before[0])
    np.testing.assert_array_equal(labels, before[1])


@pytest.mark.parametrize("name", HEADS)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    n=st.integers(2, 24),
    width=st.integers(1, 30),
    k=st.integers(2, 8),
    kind=st.sampled_from(["spread", "zero", "equal"]),
    seed=st.integers(0, 99),
)
def test_any_labeled_rows_give_finite_probabilities(
    name: str, n: int, width: int, k: int, kind: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, width))
    rows = {"spread": rows, "zero": 0 * rows, "equal": np.repeat(rows[:1], n, axis=0)}[kind]
    labels = np.concatenate([[0, 1], rng.integers(k, size=n - 2)])
    head = HEADS[name](Space.fit(rows).transform(rows), labels)
    proba = head.predict_proba(Space.fit(rows).transform(rows))
    assert np.isfinite(proba).all()
    assert 0 < head.temperature < np.inf
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(head.classes, np.unique(labels))


@pytest.mark.parametrize("name", HEADS)
def test_contradictory_duplicates_get_even_chances(name: str) -> None:
    features, labels = clusters(40, 60, 2, noise=0.05)
    twice = np.concatenate([features, features])
    head = HEADS[name](twice, np.concatenate([labels, 1 - labels]))
    bound = 0.01 if name == "logistic" else 0.3  # batches see one of the two first
    np.testing.assert_allclose(head.predict_proba(features), 0.5, atol=bound)


@pytest.mark.parametrize("name", HEADS)
def test_one_label_per_class_is_learned(name: str) -> None:
    features, _ = clusters(12, 100, 12)
    head = HEADS[name](features, np.arange(12))
    assert (head.predict_proba(features).argmax(axis=1) == np.arange(12)).all()
    assert head.temperature == 1.0


@pytest.mark.parametrize("name", HEADS)
def test_a_rare_class_is_not_swallowed(name: str) -> None:
    rng = np.random.default_rng(5)
    labels = np.array([0] * 1000 + [1] * 10)
    rows = rng.normal(size=(1010, 20)) + 2.0 * labels[:, None] * np.eye(20)[0]
    features = Space.fit(rows).transform(rows)
    found = HEADS[name](features, labels).predict_proba(features).argmax(axis=1) == labels
    assert found[labels == 1].mean() >= 0.7
    assert found[labels == 0].mean() >= 0.7


@pytest.mark.parametrize("name", HEADS)
def test_two_hundred_classes_are_learned(name: str) -> None:
    features, labels = clusters(300, 64, 200, noise=0.02)
    head = HEADS[name](features, labels)
    assert len(head.classes) == 200
    assert (head.predict_proba(features).argmax(axis=1) == labels).mean() > 0.99


@pytest.mark.parametrize("name", HEADS)
def test_identical_features_give_even_chances(name: str) -> None:
    head = HEADS[name](np.zeros((9, 5)), np.array([0, 1, 2] * 3))
    np.testing.assert_allclose(head.predict_proba(np.zeros((1, 5))), 1 / 3, atol=0.02)


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("labels", [[], [4, 4, 4]])
def test_fewer_than_two_classes_are_refused(name: str, labels: list[int]) -> None:
    with pytest.raises(FewClassesError, match="two classes"):
        HEADS[name](np.ones((len(labels), 3)), np.array(labels, dtype=np.int64))


@pytest.mark.parametrize("name", HEADS)
def test_rows_that_are_not_finite_are_named(name: str) -> None:
    features, labels = clusters(30, 10, 3)
    head = HEADS[name](features, labels)
    for bad in (np.nan, np.inf):
        features[17, 2] = bad
        with pytest.raises(NotFiniteError, match="row 17"):
            HEADS[name](features, labels)
        with pytest.raises(NotFiniteError, match="row 17"):
            head.predict_proba(features)


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize(
    ("features", "labels", "strength", "message"),
    [
        (np.ones(3), np.array([0, 1, 0]), 1.0, "are needed"),
        (np.ones((3, 2)), np.array([0, 1]), 1.0, "are needed"),
        (np.ones((2, 2)), np.array([0.0, 1.0]), 1.0, "whole numbers"),
        (np.ones((2, 2)), np.array([0, 1]), 0.0, "positive"),
        (np.ones((2, 2)), np.array([0, 1]), np.nan, "positive"),
    ],
)
def test_input_that_does_not_fit_is_refused(
    name: str, features: np.ndarray, labels: np.ndarray, strength: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        HEADS[name](features, labels, strength=strength)


@pytest.mark.parametrize("name", HEADS)
def test_audits_of_another_length_are_refused(name: str) -> None:
    features, labels = clusters(20, 10, 2)
    with pytest.raises(ValueError, match="audits"):
        HEADS[name](features, labels, audits=np.ones(19, dtype=bool))


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_scoring_in_blocks_changes_nothing(
    name: str, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, labels = clusters(103, 20, 3)
    head = HEADS[name](features, labels)
    features = features.astype(np.float16)
    whole = head.predict_proba(features.astype(np.float32))
    monkeypatch.setattr(linear, "rows_at_once", lambda _width: 7)
    features.setflags(write=False)
    np.testing.assert_allclose(head.predict_proba(features.astype(dtype)), whole, atol=1e-6)
    assert head.predict_proba(features[:0]).shape == (0, 3)


@pytest.mark.parametrize("name", HEADS)
def test_features_of_another_width_are_not_scored(name: str) -> None:
    features, labels = clusters(20, 10, 2)
    with pytest.raises(ValueError, match="width 10"):
        HEADS[name](features, labels).predict_proba(features[:, :9])


def test_the_order_of_the_labels_does_not_move_the_optimum() -> None:
    features, labels = clusters(90, 30, 4)
    order = np.random.default_rng(1).permutation(90)
    straight = replace(fit_logistic(features, labels, strength=1.0), temperature=1.0)
    shuffled = replace(fit_logistic(features[order], labels[order], strength=1.0), temperature=1.0)
    np.testing.assert_allclose(
        straight.predict_proba(features), shuffled.predict_proba(features), atol=2e-3
    )


@pytest.mark.parametrize(("n", "width"), [(60, 300), (300, 40)])
def test_a_warm_start_saves_iterations_and_keeps_the_answer(n: int, width: int) -> None:
    features, labels = clusters(n, width, 5)
    earlier = fit_logistic(features[:-3], labels[:-3])
    cold = fit_logistic(features, labels)
    warm = fit_logistic(features, labels, start=earlier)
    again = fit_logistic(features, labels, start=cold)
    np.testing.assert_allclose(
        warm.predict_proba(features), cold.predict_proba(features), atol=1e-3
    )
    assert again.iterations < cold.iterations / 2


def test_a_start_is_matched_by_class_id() -> None:
    features, labels = clusters(120, 40, 4)
    ids = np.array([2, 5, 9, 11])[labels]
    without = ids != 5
    cold = fit_logistic(features, ids)
    gained = fit_logistic(features, ids, start=fit_logistic(features[without], ids[without]))
    lost = fit_logistic(features[without], ids[without], start=cold)
    np.testing.assert_allclose(
        gained.predict_proba(features), cold.predict_proba(features), atol=1e-3
    )
    assert lost.classes.tolist() == [2, 9, 11]


def test_a_start_of_another_width_is_refused() -> None:
    features, labels = clusters(20, 10, 2)
    start = fit_logistic(features, labels)
    with pytest.raises(ValueError, match="another backbone"):
        fit_logistic(features[:, :8], labels, start=start)


def test_a_larger_strength_is_less_confident() -> None:
    features, labels = clusters(50, 80, 4)
    tops = [
        fit_logistic(features, labels, strength=s).predict_proba(features).max(axis=1).mean()
        for s in (0.1, 1.0, 10.0, 100.0)
    ]
    assert (np.diff(tops) < 0).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(("n", "width", "k"), [(60, 300, 5), (500, 40, 7)])
def test_the_gpu_finds_the_same_optimum(n: int, width: int, k: int) -> None:
    features, labels = clusters(n, width, k)
    on_cpu = fit_logistic(features, labels)
    on_gpu = fit_logistic(features, labels, device="cuda")
    np.testing.assert_allclose(
        on_gpu.predict_proba(features), on_cpu.predict_proba(features), atol=2e-3
    )
