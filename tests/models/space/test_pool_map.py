"""The pool map: what every map keeps, on any pool."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from models.evidence.left_out import leave_out
from models.finite import NotFiniteError
from models.head import HEADS
from models.head.stopping import Cancelled
from models.space import pool_map as module
from models.space.pool_map import PoolMap, Recipe
from models.space.space import Space

SMALL = Recipe(axes=16, reference=150)  # more than 150 rows have reference rows


def embeddings(rows: int = 120, width: int = 24, seed: int = 0) -> np.ndarray:
    """Rows in four clusters, in half precision as they lie on disk."""
    rng = np.random.default_rng(seed)
    centers = np.random.default_rng(99).normal(size=(4, width))
    return (centers[rng.integers(4, size=rows)] + rng.normal(size=(rows, width))).astype(np.float16)


def products(features: np.ndarray) -> np.ndarray:
    """What heads and kernels see of rows: all products, whatever the axes are called."""
    return features.astype(np.float64) @ features.astype(np.float64).T


@pytest.mark.parametrize("rows", [120, 400])
def test_features_are_the_map_and_its_diffusion_with_length_one(rows: int) -> None:
    pool = embeddings(rows)
    found = PoolMap.fit(pool, recipe=SMALL)
    features = found.transform(pool, own=True)
    assert features.dtype == np.float32 and features.shape == (rows, found.width) == (rows, 32)
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1.0, atol=1e-5)
    x = Space.fit(pool).transform(pool)
    y = x @ found.projection
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    np.testing.assert_allclose(features[:, : found.kernel] * np.sqrt(2), y, atol=2e-3)


@pytest.mark.parametrize("rows", [120, 400])
def test_a_map_is_the_same_again(rows: int) -> None:
    pool = embeddings(rows)
    first, second = (PoolMap.fit(pool, recipe=SMALL) for _ in range(2))
    assert first.digest == second.digest
    np.testing.assert_array_equal(first.transform(pool, own=True), second.transform(pool, own=True))


def test_the_order_of_a_pool_changes_no_product_of_features() -> None:
    pool = embeddings()
    order = np.random.default_rng(1).permutation(len(pool))
    straight = PoolMap.fit(pool, recipe=SMALL).transform(pool, own=True)
    mixed = PoolMap.fit(pool[order], recipe=SMALL).transform(pool[order], own=True)
    np.testing.assert_allclose(products(mixed), products(straight[order]), atol=5e-3)


def test_some_rows_of_a_matrix_are_a_pool_too() -> None:
    pool, rows = embeddings(200), np.arange(20, 180, 2)
    pool[5] = np.nan  # in no one's way
    part = PoolMap.fit(pool, rows, recipe=SMALL)
    alone = PoolMap.fit(pool[rows], recipe=SMALL)
    np.testing.assert_array_equal(
        part.transform(pool, rows, own=True), alone.transform(pool[rows], own=True)
    )
    np.testing.assert_array_equal(part.reference, rows)


@pytest.mark.parametrize("rows", [120, 400])
def test_new_rows_equal_to_rows_of_the_pool_are_mapped_as_those(rows: int) -> None:
    pool = embeddings(rows)
    found = PoolMap.fit(pool, recipe=SMALL)
    np.testing.assert_array_equal(found.transform(pool.copy()), found.transform(pool, own=True))


def test_new_rows_are_mapped_nearly_as_if_they_had_been_there() -> None:
    """The products of the second half with the first, whether it was in the pool or came later."""
    whole = embeddings(600)
    recipe = replace(SMALL, reference=600)
    there, later = PoolMap.fit(whole, recipe=recipe), PoolMap.fit(whole[:500], recipe=recipe)
    known, new = there.transform(whole, own=True), later.transform(whole)
    x = Space.fit(whole).transform(whole)
    expected = products(known)[500:, :500].ravel()
    similar = np.corrcoef(expected, products(new)[500:, :500].ravel())[0, 1]
    assert similar > 0.97 > np.corrcoef(expected, products(x)[500:, :500].ravel())[0, 1]


def test_new_rows_do_not_change_each_other() -> None:
    pool, new = embeddings(), embeddings(30, seed=5)
    found = PoolMap.fit(pool, recipe=SMALL)
    together = found.transform(new)
    alone = np.concatenate([found.transform(new, np.array([row])) for row in range(30)])
    np.testing.assert_allclose(alone, together, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 40),
    width=st.integers(1, 12),
    copies=st.integers(1, 15),
    constant=st.integers(0, 12),
    seed=st.integers(0, 99),
)
def test_any_pool_has_finite_features_of_length_one_or_zero(
    rows: int, width: int, copies: int, constant: int, seed: int
) -> None:
    pool = np.repeat(embeddings(rows, width, seed), copies, axis=0)
    pool[:, :constant] = 0.3
    found = PoolMap.fit(pool)
    for features in (
        found.transform(pool, own=True),
        found.transform(embeddings(20, width, seed + 1)),
    ):
        lengths = np.linalg.norm(features, axis=1)
        assert (np.isclose(lengths, 1.0, atol=1e-4) | (lengths == 0)).all()


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_pools_smaller_than_axes_and_neighbours_have_a_map(rows: int) -> None:
    pool = embeddings(rows)
    found = PoolMap.fit(pool)
    assert found.kernel == max(1, rows - 1)
    assert np.isfinite(found.transform(pool, own=True)).all()
    assert np.isfinite(found.transform(embeddings(9, seed=3))).all()


def test_a_pool_of_one_repeated_embedding_has_no_directions() -> None:
    same = np.full((37, 24), 0.1)
    assert not PoolMap.fit(same).transform(same, own=True).any()


def test_an_empty_pool_has_no_map_and_an_empty_batch_has_features() -> None:
    with pytest.raises(ValueError, match="with rows"):
        PoolMap.fit(embeddings()[:0])
    found = PoolMap.fit(embeddings(), recipe=SMALL)
    assert found.transform(embeddings()[:0]).shape == (0, found.width)


@pytest.mark.parametrize(
    "name", ["axes", "whitenings", "pairs", "pair_rows", "neighbours", "steps", "reference"]
)
def test_a_recipe_without_sense_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Recipe(**{name: -1})


def test_rows_out_of_order_are_refused() -> None:
    for rows in (np.array([3, 2, 5]), np.array([1, 1])):
        with pytest.raises(ValueError, match="ascending"):
            PoolMap.fit(embeddings(), rows)


def test_rows_that_are_not_finite_are_named() -> None:
    pool = embeddings()
    found = PoolMap.fit(pool, recipe=SMALL)
    pool[[17, 90], 3] = np.nan
    for call in (PoolMap.fit, found.transform):
        with pytest.raises(NotFiniteError, match="row 17, 90"):
            call(pool)


def test_embeddings_of_another_backbone_are_refused() -> None:
    found = PoolMap.fit(embeddings(), recipe=SMALL)
    with pytest.raises(ValueError, match="another backbone"):
        found.transform(embeddings(width=23))
    assert not found.is_of(embeddings(width=23))


def test_a_map_knows_its_embeddings_also_when_more_have_come() -> None:
    pool, more = embeddings(200), embeddings(60, seed=7)
    found = PoolMap.fit(pool, recipe=SMALL)
    grown = np.concatenate([pool, more])
    assert found.is_of(pool) and found.is_of(grown)
    assert not found.is_of(pool[:-1]) or found.reference[-1] < 199
    assert not found.is_of(pool[::-1]) and not found.is_of(pool.astype(np.float32))
    changed = pool.copy()
    changed[found.reference[40], 2] += 1
    assert not found.is_of(changed)
    features = found.transform(grown, own=True)
    np.testing.assert_array_equal(features[:200], found.transform(pool, own=True))
    np.testing.assert_allclose(features[200:], found.transform(more), atol=1e-5)


def test_a_mapped_file_and_blocks_of_rows_give_the_same_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = embeddings(200)
    whole = PoolMap.fit(pool, recipe=SMALL)
    expected = whole.transform(pool, own=True)
    pool.tofile(tmp_path / "matrix.f16")
    mapped = np.asarray(np.memmap(tmp_path / "matrix.f16", np.float16, "r", shape=pool.shape))
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 64)
    found = PoolMap.fit(mapped, recipe=SMALL)
    assert found.digest == whole.digest and found.is_of(mapped)
    np.testing.assert_allclose(found.transform(mapped, own=True), expected, atol=1e-5)
    out = np.memmap(tmp_path / "features.f16", np.float16, "w+", shape=expected.shape)
    assert found.transform(mapped, out=out, own=True) is out
    np.testing.assert_allclose(out, expected, atol=2.0**-10)
    with pytest.raises(ValueError, match="cannot be written to one of"):
        found.transform(mapped, out=out[:, 1:], own=True)


def test_progress_rises_to_one_and_a_fit_can_be_stopped_at_any_time() -> None:
    pool, shares, asked = embeddings(), list[float](), list[int]()
    PoolMap.fit(pool, recipe=SMALL, progress=shares.append)
    assert shares == sorted(shares) and shares[0] > 0 and shares[-1] == 1
    PoolMap.fit(pool, recipe=SMALL, stop=lambda: asked.append(1) is not None)
    for calls in range(len(asked)):
        left = iter(range(calls))
        with pytest.raises(Cancelled):
            PoolMap.fit(pool, recipe=SMALL, stop=lambda left=left: next(left, None) is None)


def test_a_stopped_mapping_raises() -> None:
    found = PoolMap.fit(embeddings(), recipe=SMALL)
    with pytest.raises(Cancelled):
        found.transform(embeddings(), stop=lambda: True)


def test_each_ingredient_can_be_left_out() -> None:
    pool = embeddings()
    bare = PoolMap.fit(pool, recipe=replace(SMALL, whitenings=0, steps=0))
    assert bare.width == bare.kernel == 16
    x = Space.fit(pool).transform(pool)
    values = np.linalg.svd(x @ bare.projection, compute_uv=False)
    np.testing.assert_allclose(values, np.linalg.svd(x, compute_uv=False)[:16], rtol=1e-3)
    white = PoolMap.fit(pool, recipe=replace(SMALL, steps=0)).transform(pool, own=True)
    full = PoolMap.fit(pool, recipe=SMALL).transform(pool, own=True)
    np.testing.assert_allclose(full[:, :16] * np.sqrt(2), white, atol=2e-3)


def test_the_closed_form_leaves_labels_out_on_a_map_as_refitting_does() -> None:
    """Each label predicted by a head on all others, against a new fit, on diffused features."""
    images, truth = load_digits(return_X_y=True)
    found = PoolMap.fit(images.astype(np.float16), recipe=Recipe(axes=40))
    rows = np.random.default_rng(0).choice(len(images), 60, replace=False)
    features, labels = found.transform(images.astype(np.float16), rows, own=True), truth[rows]
    left = leave_out(features, labels, np.arange(60), strength=1.0, temperature=1.0)
    again = np.empty_like(left.proba)
    for row in range(60):
        kept = np.arange(60) != row
        head = HEADS["logistic"](features[kept], labels[kept], strength=1.0)
        again[row] = head.predict_proba(features[row : row + 1])[0] ** head.temperature
    again /= again.sum(axis=1, keepdims=True)
    told = np.arange(60), np.searchsorted(left.classes, labels)
    assert np.abs(left.proba - again).max() < 0.1
    assert np.log(left.proba[told]).mean() == pytest.approx(np.log(again[told]).mean(), abs=0.05)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same_map() -> None:
    pool = embeddings(400)
    on_gpu = PoolMap.fit(pool, recipe=SMALL, device="cuda").transform(pool, device="cuda", own=True)
    on_cpu = PoolMap.fit(pool, recipe=SMALL).transform(pool, own=True)
    np.testing.assert_allclose(products(on_gpu), products(on_cpu), atol=5e-3)
