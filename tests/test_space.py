"""The space: centring, row length, and embeddings that are not numbers."""

import numpy as np
import pytest

from models import space as space_module
from models.space import NotFiniteError, Space


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
