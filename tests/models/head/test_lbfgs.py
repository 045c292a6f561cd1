"""Tests for models.head.lbfgs, beside SciPy's."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from models.head.lbfgs import lbfgs
from models.head.stopping import Cancelled


def logistic(seed: int, n: int, d: int, strength: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows and signs of a problem of two classes."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, generator=generator, dtype=torch.float64)
    sign = (x[:, 0] + torch.randn(n, generator=generator) > 0).double() * 2 - 1
    return x * sign[:, None], torch.tensor(strength)


@pytest.mark.parametrize(("n", "d", "strength"), [(30, 5, 1.0), (200, 40, 0.01), (20, 100, 0.1)])
def test_the_minimum_is_that_of_scipy(n: int, d: int, strength: float) -> None:
    x, penalty = logistic(n, n, d, strength)

    def objective(theta: torch.Tensor) -> tuple[float, torch.Tensor]:
        margin = x @ theta
        loss = torch.nn.functional.softplus(-margin).sum() + 0.5 * penalty * (theta**2).sum()
        return float(loss), -x.T @ torch.sigmoid(-margin) + penalty * theta

    def flat(theta: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = objective(torch.from_numpy(theta))
        return loss, gradient.numpy()

    found, steps = lbfgs(objective, torch.zeros(d, dtype=torch.float64), 1e-6, 500)
    wanted = minimize(flat, np.zeros(d), jac=True, options={"gtol": 1e-8})
    np.testing.assert_allclose(found.numpy(), wanted.x, atol=1e-5)
    assert 0 < steps < 150
    again, none = lbfgs(objective, found, 1e-5, 500)
    assert none == 0 and again is found


def test_a_stretched_bowl_is_descended_in_few_steps() -> None:
    scales = torch.logspace(0, 3, 8, dtype=torch.float64)

    def objective(theta: torch.Tensor) -> tuple[float, torch.Tensor]:
        return float(0.5 * (scales * (theta - 1) ** 2).sum()), scales * (theta - 1)

    found, steps = lbfgs(objective, torch.zeros(8, dtype=torch.float64), 1e-9, 100)
    torch.testing.assert_close(found, torch.ones(8, dtype=torch.float64))
    assert steps < 60


def test_rounding_is_an_end_and_not_an_error() -> None:
    def objective(theta: torch.Tensor) -> tuple[float, torch.Tensor]:
        return float(((theta - 1) ** 2).sum()), 2 * (theta - 1) + 1e-4  # never quite zero

    found, steps = lbfgs(objective, torch.zeros(3), 1e-9, 100)
    torch.testing.assert_close(found, torch.ones(3), atol=1e-3, rtol=0)
    assert steps < 100


def test_it_stops_when_it_is_told_to() -> None:
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 3

    scales = torch.tensor([1.0, 1000.0])
    with pytest.raises(Cancelled):
        lbfgs(lambda at: (float((scales * at**2).sum()), 2 * scales * at), torch.ones(2), 1e-9, 100,
              stop)  # fmt: skip
    assert len(asked) == 4
