"""The optimum of class-balanced multinomial logistic regression with a penalty."""

from dataclasses import dataclass
from typing import Self

import torch

from models.blocks import rows_at_once
from models.head.fitting import Labeled
from models.head.lbfgs import lbfgs
from models.head.stopping import Stop, never

MAX_ITERATIONS = 500
# Relative to the summed loss, so it matters less with more rows. Up to ten thousand labels,
# probabilities are right to about 1e-4 on average (6e-4 at strength 0.1), of a rare row to 0.1, and
# at most one guess in three hundred differs. If it grew with the root of the rows, errors would be
# half to a sixth as large, at 1.2 to 9 times the cost of a fit after an answer.
TOLERANCE_PER_ROW = 2e-5


@dataclass(frozen=True, eq=False)
class Optimum:
    """Parameters (K, d+1) of the penalised optimum, the bias last, and the number of steps."""

    theta: torch.Tensor
    strength: float
    iterations: int


def minimise(
    labeled: Labeled, strength: float, initial: torch.Tensor | None = None, stop: Stop = never
) -> Optimum:
    """Minimise Σᵢ wᵢ·CEᵢ + strength/2·‖W‖² by L-BFGS from `initial` (K, d+1), or from zero."""
    if initial is None:
        width = labeled.x.shape[1]
        initial = torch.zeros(len(labeled.classes), width + 1, device=labeled.x.device)
    return descend(Objective.of(labeled, strength), initial, len(labeled.targets), stop)


def descend(
    objective: "Objective", initial: torch.Tensor, rows: int, stop: Stop = never
) -> Optimum:
    """Minimise an objective over so many rows from `initial` (K, d+1)."""
    tolerance = TOLERANCE_PER_ROW * rows
    theta, steps = lbfgs(objective, initial, tolerance, MAX_ITERATIONS, stop)
    return Optimum(theta, objective.strength, steps)


class Objective:
    """The penalised loss and its gradient in closed form, at parameters (K, d+1).

    The rows stay in their type: each block is converted to float32 within the caches. So half as
    much memory is read as from a float32 copy, and no copy is made. Classes are the rows of all
    products, because few classes are slow as columns.
    """

    def __init__(
        self, x: torch.Tensor, given: torch.Tensor, weights: torch.Tensor, strength: float
    ) -> None:
        """Rows (n, d), what each should predict times its weight (K, n), and its weight (n,)."""
        self._x, self._given, self._weights = x, given, weights
        self.strength = float(strength)
        n, width = x.shape
        self._step = min(n, rows_at_once(width) if x.device.type == "cpu" else n)
        self._buffer = torch.empty(self._step, width, device=x.device)

    @classmethod
    def of(cls, labeled: Labeled, strength: float) -> Self:
        """The objective of labels: each row should predict its class."""
        x = labeled.x
        targets = torch.from_numpy(labeled.targets).to(x.device)
        weights = torch.from_numpy(labeled.weights()).float().to(x.device)
        onehot = torch.zeros(len(labeled.classes), len(x), device=x.device)
        return cls(x, onehot.scatter_(0, targets[None], weights[None]), weights, strength)

    def __call__(self, theta: torch.Tensor) -> tuple[float, torch.Tensor]:
        weight, bias = theta[:, :-1].contiguous(), theta[:, -1:].contiguous()
        gradient, pull = weight * self.strength, torch.zeros_like(bias)
        # Summed in float64, since rounding would disturb the line search; float32 has no other
        # drawback.
        loss = 0.5 * torch.sum(gradient * weight, dtype=torch.float64)
        for begin in range(0, len(self._x), self._step):
            place = slice(begin, begin + self._step)
            x, given = self._floats(place), self._given[:, place]
            log_proba = torch.log_softmax(torch.addmm(bias, weight, x.T), dim=0)  # (K, m)
            loss -= torch.sum(given * log_proba, dtype=torch.float64)
            residual = log_proba.exp_().mul_(self._weights[place]).sub_(given)
            gradient.addmm_(residual, x)
            pull += residual.sum(dim=1, keepdim=True)
        return float(loss), torch.cat([gradient, pull], dim=1)

    def _floats(self, place: slice) -> torch.Tensor:
        """Some of the rows as float32."""
        x = self._x[place]
        return x if x.dtype == torch.float32 else self._buffer[: len(x)].copy_(x)
