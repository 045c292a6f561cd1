"""The space: centring, row length, and embeddings that are not numbers."""

from pathlib import Path

import numpy as np
import pytest

from models.finite import NotFiniteError, require_finite
from models.space import space as space_module
from models.space.space import Space


def embeddings(rows: int, width: int = 24) -> np.ndarray:
    signed = np.random.default_rng(3).normal(loc=2.0, size=(rows, width)).astype(np.float32)
    signed[:, 0] -= 9.0  # no row is without a negative value
    return signed


def test_rows_have_length_one_and_the_centre_is_the_mean() -> None:
    pool = embeddings(200)
    space = Space.fit(pool)
    features = space.transform(pool)
    assert features.dtype == np.float32
    assert space.center.dtype == np.float32
    np.testing.assert_allclose(space.center, pool.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1.0, atol=1e-6)
    expected = pool - pool.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(features, expected, atol=1e-6)


def test_rows_that_are_nowhere_negative_are_rooted_first() -> None:
    pool = np.abs(embeddings(200))
    space = Space.fit(pool)
    roots = np.sqrt(pool)
    np.testing.assert_allclose(space.center, roots.mean(axis=0), rtol=1e-5)
    expected = roots - roots.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(space.transform(pool), expected, atol=1e-6)


def test_a_row_on_the_centre_stays_zero() -> None:
    pool = embeddings(50)
    space = Space.fit(pool)
    assert not space.transform(space.center[None]).any()
    assert not Space.fit(np.zeros((3, 4))).transform(np.zeros((3, 4))).any()


def test_a_pool_of_one_repeated_embedding_has_no_directions() -> None:
    same = np.full((37, 24), 0.1)  # float64, so that its float32 centre is a little off
    assert not Space.fit(same).transform(same).any()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_float_type_gives_the_same_space(dtype: type) -> None:
    pool = embeddings(64).astype(np.float16)
    expected = Space.fit(pool.astype(np.float64)).transform(pool.astype(np.float64))
    actual = Space.fit(pool.astype(dtype)).transform(pool.astype(dtype))
    np.testing.assert_array_equal(actual, expected)


def test_a_read_only_pool_is_left_as_it_was() -> None:
    pool = embeddings(20)
    before = pool.copy()
    pool.setflags(write=False)
    Space.fit(pool).transform(pool)
    np.testing.assert_array_equal(pool, before)


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = embeddings(101)
    whole = Space.fit(pool).transform(pool)
    monkeypatch.setattr(space_module, "BLOCK_VALUES", 7 * pool.shape[1])
    np.testing.assert_allclose(Space.fit(pool).transform(pool), whole, atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_named(value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = embeddings(40)
    space = Space.fit(pool)
    monkeypatch.setattr(space_module, "BLOCK_VALUES", 16 * pool.shape[1])
    pool[[18, 21], 5] = value
    for call in (Space.fit, space.transform):
        with pytest.raises(NotFiniteError, match="row 18, 21") as caught:
            call(pool)
        assert caught.value.rows.tolist() == [18, 21]


@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf])
def test_halves_that_are_not_finite_are_told_from_the_largest_by_their_bits(value: float) -> None:
    rows = np.full((6, 4), -65_504, dtype=np.float16)
    require_finite("features", rows)
    require_finite("features", rows[:, ::2])
    require_finite("features", rows[:0])
    rows[4, 2] = value
    with pytest.raises(NotFiniteError, match="row 4"):
        require_finite("features", rows)


def test_many_bad_rows_are_counted() -> None:
    pool = np.full((9, 2), np.nan)
    with pytest.raises(NotFiniteError, match="row 0, 1, 2, 3, 4 and 4 more"):
        Space.fit(pool)


def test_an_empty_pool_has_no_space_but_an_empty_batch_has_features() -> None:
    with pytest.raises(ValueError, match="with rows"):
        Space.fit(np.empty((0, 5)))
    assert Space.fit(embeddings(3, 5)).transform(np.empty((0, 5))).shape == (0, 5)


def test_embeddings_of_another_backbone_are_refused() -> None:
    with pytest.raises(ValueError, match="another backbone"):
        Space.fit(embeddings(3, 5)).transform(embeddings(3, 6))


def test_signed_rows_stay_as_they_are_beside_rooted_ones() -> None:
    pool = embeddings(60)
    pool[::3] = np.abs(pool[::3])
    expected = pool.copy()
    expected[::3] = np.sqrt(expected[::3])
    space = Space.fit(pool)
    np.testing.assert_allclose(space.center, expected.mean(axis=0), rtol=1e-5)
    expected -= expected.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(space.transform(pool), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_features_are_written_to_a_given_array(dtype: type) -> None:
    pool = embeddings(70)
    space = Space.fit(pool)
    out = np.full(pool.shape, np.nan, dtype=dtype)
    assert space.transform(pool, out=out) is out
    tolerance = 2.0**-11 if dtype is np.float16 else 1e-6
    np.testing.assert_allclose(out, space.transform(pool), atol=tolerance)
    with pytest.raises(ValueError, match=r"\(70, 24\) cannot be written to one of \(70, 23\)"):
        space.transform(pool, out=out[:, 1:])


def test_some_rows_of_a_matrix_are_a_pool_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space_module, "BLOCK_VALUES", 16 * 24)
    matrix, rows = embeddings(90), np.array([80, 3, 4, 50, 51, *range(20, 40), 0])
    matrix[88] = np.nan  # in no one's way
    space = Space.fit(matrix, rows)
    np.testing.assert_array_equal(space.center, Space.fit(matrix[rows]).center)
    expected = space.transform(matrix[rows])
    np.testing.assert_array_equal(space.transform(matrix, rows), expected)
    out = np.empty(expected.shape, dtype=np.float16)
    np.testing.assert_allclose(space.transform(matrix, rows, out=out), expected, atol=2.0**-11)
    for call in (Space.fit, space.transform):
        with pytest.raises(NotFiniteError, match="in row 88:"):
            call(matrix, np.append(rows, 88))
    with pytest.raises(ValueError, match="with rows"):
        Space.fit(matrix, rows[:0])


def test_a_mapped_file_gives_the_same_space_as_memory(tmp_path: Path) -> None:
    pool = embeddings(200).astype(np.float16)
    pool.tofile(tmp_path / "matrix.f16")
    mapped = np.asarray(np.memmap(tmp_path / "matrix.f16", np.float16, "r", shape=pool.shape))
    np.testing.assert_array_equal(Space.fit(mapped).center, Space.fit(pool).center)
    features = Space.fit(pool).transform(pool)
    np.testing.assert_array_equal(Space.fit(pool).transform(mapped), features)


def test_the_mean_of_very_many_rows_is_exact() -> None:
    pool = np.full((40_000, 3), [1000.1, -0.3, 7e-4], dtype=np.float32)
    np.testing.assert_array_equal(Space.fit(pool).center, pool[0])


@pytest.mark.parametrize("value", [-2e18, 1e30])
def test_values_beyond_what_float32_can_square_are_refused(value: float) -> None:
    pool = embeddings(9)
    space = Space.fit(pool)
    pool[4, 2] = value
    for call in (Space.fit, space.transform):
        with pytest.raises(NotFiniteError, match="row 4"):
            call(pool)
