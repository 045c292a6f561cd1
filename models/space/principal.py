"""Principal axes: the directions in which a pool differs most."""

from collections.abc import Iterable

import torch

NOTHING = 1e-6  # of the largest eigenvalue: below, a direction holds rounding only


def second_moment(blocks: Iterable[torch.Tensor]) -> torch.Tensor:
    """Mean xxᵀ (d, d) float64 on the CPU over rows in blocks (m, d) float32; O(N·d²)."""
    total, count = torch.zeros(()), 0
    for block in blocks:
        total = total + (block.T @ block).cpu().double()  # some devices have no float64
        count += len(block)
    return total / count


def principal_axes(moment: torch.Tensor, count: int) -> torch.Tensor:
    """The eigenvectors of a second moment with the largest eigenvalues, as columns.

    Rows are not centred again: those of a `Space` nearly are. Directions without any content, such
    as constant columns, are left out. Pearson, "On Lines and Planes of Closest Fit to Systems of
    Points in Space", 1901.

    Parameters
    ----------
    moment : (d, d) float64, symmetric; O(d³).
    count : the most axes.

    Returns
    -------
    (d, q) float32, 1 ≤ q ≤ count
        Orthonormal, the largest first; each with its largest entry above zero.
    """
    values, vectors = torch.linalg.eigh(moment)
    full = int(torch.count_nonzero(values > NOTHING * values[-1]))
    axes: torch.Tensor = vectors.flip(1)[:, : max(1, min(count, full))]
    largest = axes.gather(0, axes.abs().argmax(dim=0, keepdim=True))
    return (axes * largest.sign()).float()
