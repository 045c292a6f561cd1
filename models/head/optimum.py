"""The optimum of class-balanced multinomial logistic regression with a penalty."""

from dataclasses import dataclass

import torch

from models.head.fitting import Labeled, Stop, never
from models.head.lbfgs import lbfgs

MAX_ITERATIONS = 500
# Of the summed loss, so more rows stand more of it: the mean loss is then right to some 1e-6 and
# probabilities to about 1e-3.
TOLERANCE_PER_ROW = 2e-5
MAX_TOLERANCE = 1e-2


@dataclass(frozen=True, eq=False)
class Optimum:
    """Parameters (K, d+1) of the penalised optimum, the bias last, and the steps it took."""

    theta: torch.Tensor
    strength: float
    iterations: int


def minimise(
    labeled: Labeled, strength: float, initial: torch.Tensor | None = None, stop: Stop = never
) -> Optimum:
    """Minimise Σᵢ wᵢ·CEᵢ + strength/2·‖W‖² by L-BFGS from `initial` (K, d+1), or from zero."""
    objective = _Objective(labeled, strength)
    if initial is None:
        initial = labeled.x.new_zeros(len(labeled.classes), objective.x.shape[1])
    tolerance = min(TOLERANCE_PER_ROW * len(labeled.targets), MAX_TOLERANCE)
    theta, steps = lbfgs(objective, initial, tolerance, MAX_ITERATIONS, stop)
    return Optimum(theta, float(strength), steps)


class _Objective:
    """The penalised loss and its gradient in closed form, at parameters (K, d+1)."""

    def __init__(self, labeled: Labeled, strength: float) -> None:
        x, n = labeled.x, len(labeled.targets)
        targets = torch.from_numpy(labeled.targets).to(x.device)
        self.x = torch.cat([x, x.new_ones(n, 1)], dim=1)  # (n, d+1), the bias last
        self.weights = torch.from_numpy(labeled.weights()).to(x.dtype).to(x.device)[:, None]
        self.onehot = x.new_zeros(n, len(labeled.classes))  # (n, K), weighted
        self.onehot.scatter_(1, targets[:, None], self.weights)
        self.penalty = x.new_full((self.x.shape[1],), strength)
        self.penalty[-1] = 0.0

    def __call__(self, theta: torch.Tensor) -> tuple[float, torch.Tensor]:
        log_proba = torch.log_softmax(self.x @ theta.T, dim=1)  # (n, K)
        shrink = theta * self.penalty
        # Summed in float64, or the line search would see rounding; float32 has no other cost.
        loss = 0.5 * torch.sum(shrink * theta, dtype=torch.float64)
        loss -= torch.sum(self.onehot * log_proba, dtype=torch.float64)
        residual = log_proba.exp_().mul_(self.weights).sub_(self.onehot)
        return float(loss), torch.addmm(shrink, residual.T, self.x)
