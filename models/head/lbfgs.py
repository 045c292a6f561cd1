"""L-BFGS for smooth convex losses, on the device of the parameters."""

from collections import deque
from collections.abc import Callable

import torch

from models.head.stopping import Stop, never, raise_if

Objective = Callable[[torch.Tensor], tuple[float, torch.Tensor]]  # parameters -> loss, gradient
Pair = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # step s, change of gradient y, 1/(s·y)

MEMORY = 10
SUFFICIENT = 1e-4  # a step must achieve this share of the descent that the slope predicts
HALVINGS = 20
NOTHING = 1e-12  # share of the loss; a smaller descent is only rounding


def lbfgs(
    objective: Objective,
    start: torch.Tensor,
    tolerance: float,
    iterations: int,
    stop: Stop = never,
) -> tuple[torch.Tensor, int]:
    """Minimise a convex loss by limited-memory BFGS with a backtracking line search.

    Two-loop recursion of Nocedal and Wright, "Numerical Optimization", 2006, algorithm 7.4. A step
    is dozens of sums over the parameters. With a few thousand parameters, torch is as fast as
    SciPy's L-BFGS-B; with a hundred thousand it takes a tenth of the time.

    Parameters
    ----------
    objective : loss and gradient, of the shape of the parameters.
    start : parameters, of any shape.
    tolerance : for the largest absolute value of the gradient.
    iterations : the most steps.
    stop : called before each step; see Cancelled.

    Returns
    -------
    (parameters, steps). If no step lowers the loss any more, the parameters count as the optimum;
    rounding may cause that before the tolerance is reached.
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
    """The descent direction from the latest curvature pairs; without any, minus the gradient."""
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
    """A step that lowers the loss enough, with its loss and gradient, or None."""
    for _ in range(HALVINGS):
        step = size * direction
        lower, gradient = objective(at + step)
        if lower <= loss + SUFFICIENT * size * slope:
            return step, lower, gradient
        # The lowest point of the parabola through the known values, within limits.
        over = lower - loss - size * slope
        size *= min(max(-0.5 * size * slope / over, 0.1), 0.5) if over > 0 else 0.5
    return None
