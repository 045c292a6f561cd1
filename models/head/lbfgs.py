"""L-BFGS for smooth convex losses, on the device where the parameters lie."""

from collections import deque
from collections.abc import Callable

import torch

from models.head.stopping import Stop, never, raise_if

Objective = Callable[[torch.Tensor], tuple[float, torch.Tensor]]  # parameters -> loss, gradient
Pair = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # step s, change of gradient y, 1/(s·y)

MEMORY = 10
SUFFICIENT = 1e-4  # share of the descent that the slope promises which a step must bring
HALVINGS = 20
NOTHING = 1e-12  # share of the loss; a step that brings no more has met rounding


def lbfgs(
    objective: Objective,
    start: torch.Tensor,
    tolerance: float,
    iterations: int,
    stop: Stop = never,
) -> tuple[torch.Tensor, int]:
    """Minimise a convex loss by limited-memory BFGS with a backtracking line search.

    Two-loop recursion of Nocedal and Wright, "Numerical Optimization", 2006, algorithm 7.4. Steps
    are dozens of sums over the parameters, which torch does in the time that SciPy's L-BFGS-B
    takes for its own with a few thousand parameters, and in a tenth with a hundred thousand.

    Parameters
    ----------
    objective : loss and gradient, of the shape of the parameters.
    start : parameters, of any shape.
    tolerance : of the largest absolute value of the gradient.
    iterations : at most so many steps.
    stop : asked before each step; see Cancelled.

    Returns
    -------
    (parameters, steps): where no step lowers the loss any more, which rounding may bring about
    before the tolerance is met, they are taken for the optimum.
    """
    at = start
    loss, gradient = objective(at)
    pairs: deque[Pair] = deque(maxlen=MEMORY)
    for iteration in range(iterations):
        raise_if(stop)
        direction = _direction(gradient, pairs)
        slope, steepest = torch.stack([(direction * gradient).sum(), gradient.abs().max()]).tolist()
        if steepest <= tolerance:
            return at, iteration
        size = 1.0 if pairs else min(1.0, 1.0 / float(gradient.norm()))
        found = _descend(objective, at, loss, direction, slope, size)
        if found is None:
            return at, iteration
        before, (step, loss, changed) = loss, found
        at = at + step
        if before - loss <= NOTHING * abs(before):
            return at, iteration + 1
        change, gradient = changed - gradient, changed
        curvature = (step * change).sum()
        if curvature > 0:
            pairs.append((step, change, 1.0 / curvature))
    return at, iterations


def _direction(gradient: torch.Tensor, pairs: deque[Pair]) -> torch.Tensor:
    """The descent direction of the last curvatures: minus the gradient where there are none."""
    direction = -gradient
    shares = []
    for step, change, inverse in reversed(pairs):
        shares.append(inverse * (step * direction).sum())
        direction = direction - shares[-1] * change
    if pairs:
        _, change, inverse = pairs[-1]
        direction = direction / (inverse * (change * change).sum())
    for (step, change, inverse), share in zip(pairs, reversed(shares), strict=True):
        direction = direction + (share - inverse * (change * direction).sum()) * step
    return direction


def _descend(
    objective: Objective,
    at: torch.Tensor,
    loss: float,
    direction: torch.Tensor,
    slope: float,
    size: float,
) -> tuple[torch.Tensor, float, torch.Tensor] | None:
    """A step that lowers the loss enough, with the loss and gradient there; None if none does."""
    for _ in range(HALVINGS):
        step = size * direction
        lower, gradient = objective(at + step)
        if lower <= loss + SUFFICIENT * size * slope:
            return step, lower, gradient
        # The lowest point of the parabola through what is known, but no leap.
        over = lower - loss - size * slope
        size *= min(max(-0.5 * size * slope / over, 0.1), 0.5) if over > 0 else 0.5
    return None
