"""Local whitening: neighbours differ about equally in every direction."""

import torch

from models.space.whitening import local_whitening


def stretched(count: int = 400) -> torch.Tensor:
    """Rows that differ most along the first column."""
    given = torch.randn(count, 3, generator=torch.Generator().manual_seed(0))
    return given * torch.tensor([10.0, 1.0, 1.0])


def pairs(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    given = torch.randperm(count, generator=torch.Generator().manual_seed(1))
    return given, torch.stack([given.roll(1), given.roll(2)], dim=1)


def test_the_map_is_the_one_of_its_formula() -> None:
    rows, (members, others) = stretched(), pairs(400)
    found = local_whitening(rows, members, others)
    apart = (rows[members][:, None] - rows[others]).flatten(0, 1).double()
    values, vectors = torch.linalg.eigh(apart.T @ apart / (2 * len(apart)))
    expected = vectors @ torch.diag((values + values.mean()) ** -0.5) @ vectors.T
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-6)


def test_differences_of_neighbours_become_more_alike() -> None:
    rows, (members, others) = stretched(), pairs(400)

    def spread(one: torch.Tensor) -> float:
        deviation = (one[members] - one[others[:, 0]]).std(dim=0)
        return float(deviation.max() / deviation.min())

    # The mean of 100, 1 and 1 is added to each: 100 / 134 and 1 / 35 have a ratio of 26.
    assert spread(rows @ local_whitening(rows, members, others)) < 0.6 * spread(rows)


def test_neighbours_that_do_not_differ_change_nothing() -> None:
    rows, (members, others) = torch.ones(9, 3), pairs(9)
    assert torch.equal(local_whitening(rows, members, others), torch.eye(3))
    assert torch.equal(local_whitening(rows, members, others[:, :0]), torch.eye(3))


def test_many_pairs_are_summed_in_blocks() -> None:
    rows, (members, others) = stretched(30_000), pairs(30_000)
    both = local_whitening(rows, members, others)
    twice = local_whitening(rows, members.repeat(2), others.repeat(2, 1))
    torch.testing.assert_close(both, twice, rtol=1e-5, atol=1e-6)
