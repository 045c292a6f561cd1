"""Rows of length one."""

import torch

LEAST_LENGTH = 1e-6  # a shorter row is rounding and has no direction


def unit(rows: torch.Tensor) -> torch.Tensor:
    """Rows (m, d) scaled to length one; a row without a direction becomes zeros."""
    lengths: torch.Tensor = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    lengths[lengths <= LEAST_LENGTH] = torch.inf
    return rows / lengths
