"""Local whitening: what changes among neighbours counts less in distances."""

import torch

BLOCK_PAIRS = 1 << 14  # differences in memory at once


def local_whitening(
    rows: torch.Tensor, members: torch.Tensor, neighbours: torch.Tensor
) -> torch.Tensor:
    """The map under which neighbours differ about equally in every direction.

    S = mean over pairs of (a - b)(a - b)ᵀ / 2 = V Λ Vᵀ, and the map is V (Λ + mean(Λ)·I)^-½ Vᵀ: the
    mean keeps directions in which neighbours hardly differ from being blown up. Relevant component
    analysis (Bar-Hillel, Hertz, Shental, Weinshall, "Learning a Mahalanobis Metric from Equivalence
    Constraints", JMLR 2005) with nearest neighbours in place of equivalence constraints, so
    that no label is needed. O(p·k·q² + q³).

    Parameters
    ----------
    rows : (m, q) float32.
    members : (p,) the rows a.
    neighbours : (p, k) the rows b of each.

    Returns
    -------
    (q, q) float32, symmetric
        The identity if there are no pairs, or if no pair differs.
    """
    width = rows.shape[1]
    here, there = members.repeat_interleave(neighbours.shape[1]), neighbours.flatten()
    total = torch.zeros(width, width, dtype=torch.float64)
    for begin in range(0, len(here), BLOCK_PAIRS):
        pairs = slice(begin, begin + BLOCK_PAIRS)
        apart = rows[here[pairs]] - rows[there[pairs]]
        total += (apart.T @ apart).cpu().double()  # some devices have no float64
    values, vectors = torch.linalg.eigh(total / max(1, 2 * len(here)))
    values = values.clamp_min(0.0)
    if not values.sum() > 0:
        return torch.eye(width, device=rows.device)
    whitening: torch.Tensor = (vectors * (values + values.mean()).rsqrt()) @ vectors.T
    return whitening.float().to(rows.device)
