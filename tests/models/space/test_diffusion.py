"""Diffusion over the graph of a pool's neighbours."""

import numpy as np
import torch

from models.space.diffusion import diffuse, follow, graph, reach
from models.space.neighbours import Neighbours, nearest
from models.space.unit import unit


def groups(size: int = 40) -> torch.Tensor:
    """Two groups of rows of length one, which overlap."""
    given = torch.randn(2 * size, 8, generator=torch.Generator().manual_seed(0))
    given[:size, 0] += 2
    given[size:, 0] -= 2
    return unit(given)


def linked(rows: torch.Tensor, count: int = 10) -> Neighbours:
    return nearest(rows, rows, count, own=torch.arange(len(rows)))


def test_the_graph_is_the_one_of_its_formula() -> None:
    rows = groups()
    squared = (torch.cdist(rows.double(), rows.double()) ** 2).fill_diagonal_(torch.inf)
    order = squared.argsort(dim=1)[:, :10]
    span = squared.gather(1, order[:, -1:]).sqrt()
    weight = torch.exp(-squared / (span * span.T))
    kept = torch.zeros_like(squared, dtype=torch.bool).scatter_(1, order, True)
    weight = torch.where(kept | kept.T, weight, 0.0)
    expected = weight / weight.sum(dim=1, keepdim=True)
    np.testing.assert_allclose(graph(linked(rows)).toarray(), expected, atol=1e-5)


def test_diffusion_draws_each_group_together() -> None:
    rows = groups()
    diffused = diffuse(rows, graph(linked(rows)), 2)
    assert diffused.states.shape == (2, 80, 8) and diffused.centers.shape == (2, 8)
    after = diffused.states[-1]
    torch.testing.assert_close(after.norm(dim=1), torch.ones(80), atol=1e-5, rtol=0)

    def within(one: torch.Tensor) -> float:
        return float((one[:40] @ one[:40].T).mean() - (one[:40] @ one[40:].T).mean())

    assert within(after) > within(rows) + 0.3


def test_no_steps_and_no_neighbours_are_no_obstacle() -> None:
    rows = groups()
    assert diffuse(rows, graph(linked(rows)), 0).states.shape == (0, 80, 8)
    one = diffuse(rows[:1], graph(linked(rows[:1])), 2).states
    assert not one.any()  # alone, a row is the centre


def test_copies_are_at_no_distance_and_weigh_as_much_as_a_row_can() -> None:
    rows = torch.cat([groups()[:1].repeat(15, 1), groups()[40:43]])
    links = graph(linked(rows))
    assert np.isfinite(links.data).all()
    np.testing.assert_allclose(links.sum(axis=1)[:15], 1.0, atol=1e-6)
    assert torch.isfinite(diffuse(rows, links, 2).states).all()


def test_another_row_follows_the_group_it_lies_in() -> None:
    rows = groups()
    links = linked(rows)
    diffused = diffuse(rows, graph(links), 2)
    new = unit(rows + 0.02 * groups().flip(1))
    found = follow(new, nearest(new, rows, 10), rows, reach(links), diffused)
    same = (found * diffused.states[-1]).sum(dim=1)
    assert same.min() > 0.8 and same.mean() > 0.95
