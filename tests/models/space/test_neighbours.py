"""Nearest neighbours: the same as by a plain sort of all distances."""

import pytest
import torch

from models.head.stopping import Cancelled
from models.space import neighbours as module
from models.space.neighbours import nearest
from models.space.unit import unit


def rows(count: int, width: int = 6, seed: int = 0) -> torch.Tensor:
    return unit(torch.randn(count, width, generator=torch.Generator().manual_seed(seed)))


def sorted_distances(queries: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    return torch.cdist(queries.double(), reference.double()) ** 2


@pytest.mark.parametrize("count", [1, 5, 10])
@pytest.mark.parametrize("size", [12, 65, 700, 5003])
def test_neighbours_are_those_of_a_plain_sort(
    count: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PRODUCTS", 7 * size)  # several blocks
    queries, reference = rows(23), rows(size, seed=1)
    found = nearest(queries, reference, count)
    expected = sorted_distances(queries, reference).sort(dim=1)
    assert torch.equal(found.rows, expected.indices[:, :count])
    torch.testing.assert_close(
        found.squared.double(), expected.values[:, :count], atol=1e-5, rtol=0
    )


def test_a_row_is_no_neighbour_of_itself_but_its_copy_is_one_at_no_distance() -> None:
    pool = rows(300)
    pool[7] = pool[200]
    found = nearest(pool, pool, 4, own=torch.arange(300))
    assert not (found.rows == torch.arange(300)[:, None]).any()
    assert found.rows[7, 0] == 200 and found.squared[7, 0] == 0
    assert found.rows[200, 0] == 7 and found.squared[200, 0] == 0
    part = nearest(pool[100:110], pool, 4, own=torch.arange(100, 110))
    assert torch.equal(part.rows, found.rows[100:110])


def test_a_row_of_zeros_is_at_distance_one_from_all() -> None:
    reference = torch.cat([rows(5), torch.zeros(1, 6)])
    found = nearest(torch.zeros(1, 6), reference, 3)
    assert found.rows[0, 0] == 5 and found.squared[0, 0] == 0
    torch.testing.assert_close(found.squared[0, 1:], torch.ones(2))


@pytest.mark.parametrize(("size", "own", "expected"), [(3, True, 2), (1, True, 0), (3, False, 3)])
def test_a_small_pool_has_fewer_neighbours(size: int, own: bool, expected: int) -> None:
    pool = rows(size)
    found = nearest(pool, pool, 10, own=torch.arange(size) if own else None)
    assert found.rows.shape == found.squared.shape == (size, expected)


def test_progress_rises_to_one_and_a_search_can_be_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PRODUCTS", 100)
    pool, shares = rows(50), list[float]()
    nearest(pool, pool, 3, progress=shares.append)
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1 and len(shares) == 26
    with pytest.raises(Cancelled):
        nearest(pool, pool, 3, progress=shares.append, stop=lambda: len(shares) > 30)
    assert len(shares) == 31
