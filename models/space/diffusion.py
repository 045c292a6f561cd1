"""Diffusion: each row moves towards its neighbours, so that groups of a pool draw together."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_matrix, csr_matrix, diags_array

from models.space.neighbours import ROUNDING, Neighbours
from models.space.unit import unit

OWN = 0.5  # the share of a row in its next state


def reach(neighbours: Neighbours) -> torch.Tensor:
    """The distance (m,) of each row to the last of its neighbours; at least that of rounding."""
    if neighbours.squared.shape[1] == 0:
        return torch.ones(len(neighbours.squared))
    return neighbours.squared[:, -1].clamp_min(ROUNDING).sqrt()


def weights(neighbours: Neighbours, own: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """The weight (m, k) of each neighbour, exp(-d² / (tᵢ·tⱼ)) with t the `reach` of both.

    Zelnik-Manor, Perona, "Self-Tuning Spectral Clustering", NeurIPS 2004.
    """
    return torch.exp(-neighbours.squared / (own[:, None] * reference[neighbours.rows]))


def graph(neighbours: Neighbours) -> csr_matrix:
    """The graph R (m, m) of a pool's rows: symmetric by the larger weight, then rows sum to 1.

    A row whose weights are all 0 stays without neighbours. At most 2·k entries a row on average.
    """
    count, k = neighbours.rows.shape
    span = reach(neighbours)
    given = weights(neighbours, span, span).numpy().ravel()
    left = np.repeat(np.arange(count), k)
    one_way = coo_matrix((given, (left, neighbours.rows.numpy().ravel())), (count, count)).tocsr()
    both = one_way.maximum(one_way.T)
    sums = np.asarray(both.sum(axis=1)).ravel()
    shares = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    return csr_matrix(diags_array(shares) @ both, dtype=np.float32)


class Diffused(NamedTuple):
    """A pool's rows after each step (steps, m, q), and the centre of each step (steps, q)."""

    states: torch.Tensor
    centers: torch.Tensor


def diffuse(rows: torch.Tensor, links: csr_matrix, steps: int) -> Diffused:
    """Repeat D ← unit(centred(unit(½·D + ½·R·D))), beginning with `rows` (m, q) of length one.

    The centring removes what all rows share: without it they run together. O(steps·edges·q), on the
    CPU. Zhou, Bousquet, Lal, Weston, Schölkopf, "Learning with Local and Global Consistency",
    NeurIPS 2003, without labels; Coifman, Lafon, "Diffusion Maps", 2006.
    """
    states = torch.empty(steps, *rows.shape)
    centers = torch.empty(steps, rows.shape[1])
    now = rows
    for step in range(steps):
        around = torch.from_numpy(links @ now.numpy())
        moved = toward(now, around)
        centers[step] = moved.mean(dim=0)
        now = states[step] = unit(moved - centers[step])
    return Diffused(states, centers)


def toward(rows: torch.Tensor, around: torch.Tensor) -> torch.Tensor:
    """Rows (m, q) moved half of the way to the mean of their neighbours, of length one again."""
    return unit(OWN * rows + (1.0 - OWN) * around)


def follow(
    rows: torch.Tensor,
    neighbours: Neighbours,
    reference: torch.Tensor,
    span: torch.Tensor,
    diffused: Diffused,
) -> torch.Tensor:
    """Diffuse other rows (m, q) beside a pool that does not move for them; O(steps·m·k·q).

    Each is drawn to its neighbours among the pool's rows `reference` (n, q), of `reach` `span`
    (n,), at each of their states: the out-of-sample extension of Nyström (Bengio, Paiement,
    Vincent, Delalleau, Le Roux, Ouimet, NeurIPS 2003).
    """
    given = weights(neighbours, reach(neighbours).to(rows.device), span)
    shares = given / given.sum(dim=1, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
    now, there = rows, reference
    for state, center in zip(diffused.states, diffused.centers, strict=True):
        around = torch.nn.functional.embedding_bag(
            neighbours.rows, there, mode="sum", per_sample_weights=shares
        )
        now, there = unit(toward(now, around) - center), state
    return now
