"""Parts: each in its own space, joined by weight."""

import numpy as np
import pytest

from models.finite import NotFiniteError
from models.space.parts import Parts
from models.space.space import Space


def pool(rows: int = 40) -> np.ndarray:
    """A part without signs, three columns wide, and a larger one with signs."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.random((rows, 3)), 50 * rng.normal(size=(rows, 5))], axis=1)


def test_each_part_goes_through_its_own_space_and_counts_by_its_weight() -> None:
    rows = pool()
    joined = Parts.fit(rows, (3, 5), (1.0, 0.5)).transform(rows)
    first, second = (Space.fit(one).transform(one) for one in (rows[:, :3], rows[:, 3:]))
    np.testing.assert_allclose(joined[:, :3] * np.sqrt(1.25), first, atol=1e-6)
    np.testing.assert_allclose(joined[:, 3:] * np.sqrt(1.25), 0.5 * second, atol=1e-6)


def test_a_single_part_is_a_space() -> None:
    rows = pool()
    alone = Parts.fit(rows, (8,), (1.0,)).transform(rows)
    np.testing.assert_allclose(alone, Space.fit(rows).transform(rows), atol=1e-6)


def test_a_part_without_content_leaves_the_others_as_they_are() -> None:
    rows = pool()
    rows[:, :3] = 0.25
    joined = Parts.fit(rows, (3, 5), (1.0, 0.5)).transform(rows)
    assert not joined[:, :3].any()
    np.testing.assert_allclose(np.linalg.norm(joined, axis=1), 1.0, atol=1e-6)


def test_some_rows_in_blocks_are_those_of_the_whole() -> None:
    rows, chosen = pool(), np.array([30, 2, 7])
    parts = Parts.fit(rows, (3, 5), (1.0, 0.5))
    blocks = list(parts.blocks(rows, chosen, step=2))
    assert [place for place, _ in blocks] == [slice(0, 2), slice(2, 3)]
    together = np.concatenate([block.numpy() for _, block in blocks])
    np.testing.assert_array_equal(together, parts.transform(rows)[chosen])


def test_a_row_that_is_not_finite_is_named_by_its_own_number() -> None:
    rows = pool()
    parts = Parts.fit(rows, (3, 5), (1.0, 0.5))
    rows[31, 6] = np.nan
    with pytest.raises(NotFiniteError, match="row 31"):
        Parts.fit(rows, (3, 5), (1.0, 0.5))
    with pytest.raises(NotFiniteError, match="row 31"):
        list(parts.blocks(rows, np.arange(20, 40), step=8))


def test_parts_that_do_not_fit_the_embeddings_are_refused() -> None:
    with pytest.raises(ValueError, match="another backbone"):
        Parts.fit(pool(), (3, 4), (1.0, 0.5))
    with pytest.raises(ValueError, match="another backbone"):
        Parts.fit(pool(), (3, 5), (1.0, 0.5)).transform(pool()[:, :7])
    for weights in ((1.0,), (1.0, 0.0)):
        with pytest.raises(ValueError, match="2 parts need as many weights above 0"):
            Parts.fit(pool(), (3, 5), weights)
