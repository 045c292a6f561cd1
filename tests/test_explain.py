"""Nearest labeled neighbours."""

import numpy as np

from models.explain import nearest_labeled


def unit(rows: int, width: int = 8) -> np.ndarray:
    values = np.random.default_rng(0).normal(size=(rows, width)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def test_neighbours_are_the_brute_force_ones_in_falling_similarity() -> None:
    features = unit(50)
    labeled = np.arange(10, 40)
    rows, similarity = nearest_labeled(features, 3, labeled, 5)
    cosines = features[labeled] @ features[3]
    assert rows.tolist() == labeled[np.argsort(-cosines)[:5]].tolist()
    assert (np.diff(similarity) <= 0).all()
    np.testing.assert_allclose(similarity, np.sort(cosines)[::-1][:5], rtol=1e-5)


def test_a_labeled_row_is_never_its_own_neighbour() -> None:
    features = unit(10)
    rows, _ = nearest_labeled(features, 4, np.arange(10), 10)
    assert 4 not in rows
    assert len(rows) == 9


def test_no_labels_or_no_count_give_no_neighbours() -> None:
    features = unit(5)
    empty = np.empty(0, dtype=np.int64)
    assert len(nearest_labeled(features, 0, empty, 3)[0]) == 0
    assert len(nearest_labeled(features, 0, np.arange(5), 0)[0]) == 0
    assert len(nearest_labeled(features, 0, np.array([0]), 3)[0]) == 0


def test_ties_keep_the_order_in_which_they_were_labeled() -> None:
    features = np.eye(8, dtype=np.float32)[np.zeros(6, dtype=int)]
    rows, _ = nearest_labeled(features, 0, np.array([5, 2, 4]), 2)
    assert rows.tolist() == [5, 2]
