"""The optimum of class-balanced multinomial logistic regression with a penalty."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize

from models.head.fitting import Labeled, Stop, never, raise_if

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
    """Minimise Σᵢ wᵢ·CEᵢ + strength/2·‖W‖² by L-BFGS from `initial` (K, d+1), or from zero.

    SciPy's L-BFGS, as its steps cost a fraction of torch.optim.LBFGS's on few labels.
    """
    objective = _Objective(labeled, strength)
    shape = (len(labeled.classes), objective.x.shape[1])
    if initial is None:
        initial = labeled.x.new_zeros(shape)
    tolerance = min(TOLERANCE_PER_ROW * len(labeled.targets), MAX_TOLERANCE)
    # A line search that stops at rounding (float32) is at the optimum for us: no error.
    result = minimize(
        objective,
        initial.cpu().double().numpy().ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=lambda _: raise_if(stop),
        options={
            "maxiter": MAX_ITERATIONS,
            "maxfun": 2 * MAX_ITERATIONS,
            "gtol": tolerance,
            "ftol": 1e-12,
        },
    )
    theta = torch.from_numpy(result.x).to(labeled.x.dtype).to(labeled.x.device)
    return Optimum(theta.view(shape), float(strength), int(result.nit))


class _Objective:
    """The penalised loss and its gradient in closed form, parameters as a flat (K·(d+1),) row."""

    def __init__(self, labeled: Labeled, strength: float) -> None:
        x, n = labeled.x, len(labeled.targets)
        targets = torch.from_numpy(labeled.targets).to(x.device)
        self.x = torch.cat([x, x.new_ones(n, 1)], dim=1)  # (n, d+1), the bias last
        self.weights = torch.from_numpy(labeled.weights()).to(x.dtype).to(x.device)[:, None]
        self.onehot = x.new_zeros(n, len(labeled.classes))  # (n, K), weighted
        self.onehot.scatter_(1, targets[:, None], self.weights)
        self.penalty = x.new_full((self.x.shape[1],), strength)
        self.penalty[-1] = 0.0

    def __call__(self, flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        theta = torch.from_numpy(flat).to(self.x.dtype).to(self.x.device)
        theta = theta.view(-1, self.x.shape[1])  # (K, d+1)
        log_proba = torch.log_softmax(self.x @ theta.T, dim=1)  # (n, K)
        shrink = theta * self.penalty
        # Summed in float64, or the line search would see rounding; float32 has no other cost.
        loss = 0.5 * torch.sum(shrink * theta, dtype=torch.float64)
        loss -= torch.sum(self.onehot * log_proba, dtype=torch.float64)
        residual = log_proba.exp_().mul_(self.weights).sub_(self.onehot)
        gradient = torch.addmm(shrink, residual.T, self.x)
        return float(loss), gradient.cpu().double().numpy().ravel()
