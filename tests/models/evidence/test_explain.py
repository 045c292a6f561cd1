"""Nearest labeled neighbours."""

import numpy as np
import pytest

from models.evidence import explain


def nearest_labeled(
    features: np.ndarray, row: int, labeled: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The neighbours of one row."""
    (found,) = explain.nearest_labeled(features, np.array([row]), labeled, count)
    return found


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


def test_rows_explained_together_have_the_neighbours_that_each_has_alone() -> None:
    features, labeled = unit(40).astype(np.float16), np.arange(5, 30)
    together = explain.nearest_labeled(features, np.array([2, 7, 35]), labeled, 4)
    for row, (rows, _) in zip((2, 7, 35), together, strict=True):
        assert rows.tolist() == nearest_labeled(features, row, labeled, 4)[0].tolist()


def test_each_class_is_asked_for_its_own_nearest_rows() -> None:
    features, labeled = unit(60).astype(np.float16), np.arange(5, 45)
    labels = np.arange(5, 45) % 3 + 10
    found = explain.nearest_of_each_class(features, 7, labeled, labels, [12, 10, 99], 4)
    cosines = features[labeled].astype(np.float32) @ features[7].astype(np.float32)
    for class_id, (rows, similarity) in zip((12, 10), found, strict=False):
        of_class = np.flatnonzero((labels == class_id) & (labeled != 7))
        best = of_class[np.argsort(-cosines[of_class])][:4]
        assert rows.tolist() == labeled[best].tolist()
        np.testing.assert_allclose(similarity, cosines[best], rtol=1e-5)
    assert [len(rows) for rows, _ in found] == [4, 4, 0]


def test_a_row_is_no_neighbour_in_its_own_class_either() -> None:
    features, labeled = unit(20), np.arange(20)
    labels = np.where(labeled < 3, 1, 2)
    (own, _), (other, _) = explain.nearest_of_each_class(features, 1, labeled, labels, [1, 2], 5)
    assert sorted(own.tolist()) == [0, 2]
    assert len(other) == 5


def test_rows_of_other_classes_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labeled = unit(300), np.arange(300)
    read: list[int] = []
    blocks = explain.blocks

    def counted(matrix: np.ndarray, rows: np.ndarray) -> object:
        read.extend(rows.tolist())
        return blocks(matrix, rows)

    monkeypatch.setattr(explain, "blocks", counted)
    explain.nearest_of_each_class(features, 299, labeled, labeled % 50, [3, 4], 2)
    assert sorted(read) == [row for row in range(300) if row % 50 in (3, 4)]
