"""The pool: what a query may know, and that its parts belong together."""

from dataclasses import fields, replace

import numpy as np
import pytest

from models.pool import Picks, Pool
from models.scoring import Scores
from tests.pools import pool_of


def test_a_pool_holds_labels_of_labeled_rows_alone() -> None:
    names = {f.name for f in fields(Pool)}
    assert names == {"features", "labeled", "labels", "available", "head", "scores", "kernel"}
    assert len(pool_of().labels) == len(pool_of().labeled)


def test_picks_are_rows_with_scores_and_chances() -> None:
    assert [f.name for f in fields(Picks)] == ["indices", "scores", "acquisition_probability"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"available": np.array([3, 3])}, "available names a row twice"),
        ({"available": np.array([120])}, "available names a row outside 0 … 119"),
        ({"labeled": np.arange(-1, 19)}, "labeled names a row outside"),
        ({"labeled": np.full(20, 0.5)}, "labeled must be a row of indices, not float64"),
        ({"available": np.ones((2, 2), dtype=np.int64)}, "available must be a row"),
        ({"labels": np.arange(19)}, "19 labels do not fit 20 rows"),
        ({"features": np.ones(120, dtype=np.float32)}, "must be"),
        ({"head": None}, "a head and its scores come together"),
        ({"scores": None}, "a head and its scores come together"),
        ({"scores": Scores.empty(119)}, "scores of 119 rows do not fit 120"),
        ({"kernel": 0}, "a kernel on 0 columns does not fit"),
        ({"kernel": 17}, "a kernel on 17 columns does not fit"),
    ],
)
def test_a_pool_whose_parts_do_not_fit_is_refused(
    change: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        replace(pool_of(), **change)  # type: ignore[arg-type]


def test_rows_are_single_precision_copies() -> None:
    for pool in (pool_of(), replace(pool_of(), features=pool_of().features.astype(np.float32))):
        before = pool.features.copy()
        rows = pool.rows(np.array([3, 1]))
        assert rows.dtype == np.float32
        np.testing.assert_array_equal(rows, before[[3, 1]])
        rows += 1
        np.testing.assert_array_equal(pool.features, before)


def test_points_are_the_columns_of_the_kernel_with_length_one() -> None:
    pool, rows = pool_of(), np.array([3, 1])
    np.testing.assert_array_equal(pool.points(rows), pool.rows(rows))
    pool.features[3, :5] = 0
    points = replace(pool, kernel=5).points(rows)
    assert points.dtype == np.float32 and not points[0].any()
    expected = pool.rows(rows)[1, :5] / np.linalg.norm(pool.rows(rows)[1, :5])
    np.testing.assert_allclose(points[1], expected, rtol=1e-6)


def test_a_pool_without_some_rows_has_the_others_in_their_order() -> None:
    pool = pool_of()
    gone = pool.available[[2, 5]]
    left = pool.without(gone)
    assert left.available.tolist() == [r for r in pool.available.tolist() if r not in set(gone)]
    assert left.features is pool.features and left.head is pool.head
    assert pool.without(pool.labeled).available.tolist() == pool.available.tolist()
