"""Heads: small classifiers on the features of a `Space`, fitted again after every answer."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize

from models.space import require_finite

SCALE = 8.0  # length of a feature row while fitting: sets what strength 1 means
MAX_CLASS_WEIGHT = 10.0  # a class with one label must not outvote hundreds
MAX_ITERATIONS = 500
GRADIENT_TOLERANCE = 1e-3  # of the summed loss; probabilities are then right to about 1e-4
BLOCK_VALUES = 1 << 20  # values scored at once: 4 MB as float32


class FewClassesError(ValueError):
    """Raised when the labels hold fewer than two classes."""


@dataclass(frozen=True, eq=False)
class LinearHead:
    """A softmax over linear scores of features.

    Attributes
    ----------
    classes : (K,) int64, the class ids in ascending order; column k is class classes[k].
    weight : (K, D) float32, acts on unscaled features (the fit's scale is folded in).
    bias : (K,) float32, sums to zero.
    strength : the penalty it was fitted with.
    iterations : the optimiser's iterations.
    """

    classes: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    strength: float
    iterations: int

    def __post_init__(self) -> None:
        """Check that the parts belong together."""
        k = len(self.classes)
        if self.classes.ndim != 1 or k < 2 or (np.diff(self.classes) <= 0).any():
            raise ValueError("a head needs at least two class ids, ascending and distinct")
        if self.weight.ndim != 2 or len(self.weight) != k or self.bias.shape != (k,):
            raise ValueError(
                f"weight {self.weight.shape} and bias {self.bias.shape} do not fit {k} classes"
            )
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            raise ValueError("a head's weight and bias must be finite")

    def predict_proba(self, features: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Class probabilities of features.

        Parameters
        ----------
        features : (N, D) array of any float type, rows of a Space. May be memory-mapped.

        Returns
        -------
        (N, K) float32 in [0, 1]
            Rows sum to 1; column k belongs to classes[k]. Besides it a few MB are held.

        Raises
        ------
        NotFiniteError
            Names the rows whose features are NaN or infinite.
        ValueError
            The width is not the head's.
        """
        width = self.weight.shape[1]
        if features.ndim != 2 or features.shape[1] != width:
            raise ValueError(
                f"features of shape {features.shape} do not fit a head of width {width}"
            )
        proba = np.empty((len(features), len(self.classes)), dtype=np.float32)
        step = max(1, BLOCK_VALUES // max(width, len(self.classes)))
        # One reused buffer: converting float16 into fresh memory costs more than the product.
        buffer = np.empty((min(step, len(features)), width), dtype=np.float32)
        for begin in range(0, len(features), step):
            block = features[begin : begin + step]
            scores = proba[begin : begin + step]
            with np.errstate(all="ignore"):  # the next check names the rows, a warning does not
                if block.dtype != np.float32:
                    np.copyto(buffer[: len(block)], block, casting="same_kind")
                    block = buffer[: len(block)]
                np.matmul(block, self.weight.T, out=scores)
            scores += self.bias
            require_finite("features", scores, begin)
            scores -= scores.max(axis=1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=1, keepdims=True)
        return proba


class FitHead(Protocol):
    """Fits a head on n labeled rows; see `fit_logistic` for the arguments."""

    def __call__(
        self,
        features: npt.NDArray[Any],
        labels: npt.NDArray[Any],
        *,
        strength: float = 1.0,
        start: LinearHead | None = None,
        device: str = "cpu",
    ) -> LinearHead:
        """Return the fitted head."""
        ...


def fit_logistic(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    *,
    strength: float = 1.0,
    start: LinearHead | None = None,
    device: str = "cpu",
) -> LinearHead:
    """Class-balanced multinomial logistic regression.

    Minimises Σᵢ wᵢ·CEᵢ + strength/2·‖W‖² over features scaled by 8, where w = n/(K·n_c), at most
    10. The bias is not penalised: as every class has a label its optimum is finite, and the one
    free direction (the same shift of all classes) is fixed by a sum of zero. The problem is
    convex, so the start changes the time and not the answer, up to the tolerance. With few labels
    L-BFGS runs in the features' row space (thin QR), where the optimum lies. float64 on the CPU,
    float32 on other devices. The same input, start included, gives the same head.

    Parameters
    ----------
    features : (n, D) array of any float type, rows of a Space.
    labels : (n,) integers, class ids; at least two distinct.
    strength : penalty > 0; larger is smoother and less confident.
    start : a head to start from; classes are matched by id, new ones start at zero.
    device : torch device of the sums, such as "cpu" or "cuda".

    Raises
    ------
    FewClassesError
        Fewer than two classes are labeled.
    NotFiniteError
        Names the rows whose features are NaN or infinite.
    ValueError
        Shapes, types or the strength do not fit.
    """
    _check(features, labels, strength)
    classes, targets, counts = np.unique(labels, return_inverse=True, return_counts=True)
    n, width = features.shape
    dtype = np.float64 if torch.device(device).type == "cpu" else np.float32
    # A copy, as torch may not share read-only memory.
    x = torch.from_numpy(np.array(features, dtype=dtype)).to(device) * SCALE
    initial = torch.from_numpy(_initial(start, classes, width).astype(dtype)).to(device)
    basis = None
    if 2 * n < width:  # above, the rotation costs more than it saves
        basis, triangle = torch.linalg.qr(x.T)  # (D, n), (n, n); x = triangle.T @ basis.T
        x = triangle.T
        initial = torch.cat([initial[:, :-1] @ basis, initial[:, -1:]], dim=1)
    class_weights = np.minimum(n / (len(classes) * counts), MAX_CLASS_WEIGHT)
    objective = _Objective(x, targets, class_weights[targets], len(classes), strength)
    solved, iterations = _minimise(objective, initial)
    weight, bias = solved[:, :-1], solved[:, -1]
    if basis is not None:
        weight = weight @ basis.T
    return LinearHead(
        classes=classes.astype(np.int64),
        weight=(weight * SCALE).cpu().numpy().astype(np.float32),
        bias=(bias - bias.mean()).cpu().numpy().astype(np.float32),
        strength=float(strength),
        iterations=iterations,
    )


class _Objective:
    """The penalised loss and its gradient in closed form, parameters as a flat (K·(d+1),) row."""

    def __init__(
        self,
        x: torch.Tensor,
        targets: npt.NDArray[np.intp],
        weights: npt.NDArray[np.float64],
        k: int,
        strength: float,
    ) -> None:
        self.x = torch.cat([x, x.new_ones(len(x), 1)], dim=1)  # (n, d+1), the bias last
        self.weights = torch.from_numpy(weights).to(x.dtype).to(x.device)[:, None]  # (n, 1)
        self.onehot = x.new_zeros(len(x), k)  # (n, K), weighted
        self.onehot.scatter_(1, torch.from_numpy(targets).to(x.device)[:, None], self.weights)
        self.penalty = x.new_full((self.x.shape[1],), strength)
        self.penalty[-1] = 0.0

    def __call__(self, flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        theta = torch.from_numpy(flat).to(self.x.dtype).to(self.x.device)
        theta = theta.view(-1, self.x.shape[1])  # (K, d+1)
        log_proba = torch.log_softmax(self.x @ theta.T, dim=1)  # (n, K)
        shrink = theta * self.penalty
        loss = 0.5 * torch.sum(shrink * theta) - torch.sum(self.onehot * log_proba)
        residual = log_proba.exp_().mul_(self.weights).sub_(self.onehot)
        gradient = torch.addmm(shrink, residual.T, self.x)
        return float(loss), gradient.cpu().double().numpy().ravel()


def _minimise(objective: _Objective, initial: torch.Tensor) -> tuple[torch.Tensor, int]:
    """Run L-BFGS; SciPy's, as its steps cost a fraction of torch.optim.LBFGS's on few labels."""
    # A line search that stops at rounding (float32) is at the optimum for us: no error.
    result = minimize(
        objective,
        initial.cpu().double().numpy().ravel(),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxiter": MAX_ITERATIONS,
            "maxfun": 2 * MAX_ITERATIONS,
            "gtol": GRADIENT_TOLERANCE,
            "ftol": 1e-12,
        },
    )
    solved = torch.from_numpy(result.x).to(initial.dtype).to(initial.device)
    return solved.view_as(initial), int(result.nit)


def _initial(
    start: LinearHead | None, classes: npt.NDArray[np.int64], width: int
) -> npt.NDArray[np.float64]:
    """Parameters (K, D+1) for scaled features: those of `start` by class id, otherwise zero."""
    initial = np.zeros((len(classes), width + 1))
    if start is None:
        return initial
    if start.weight.shape[1] != width:
        raise ValueError(
            f"the start has width {start.weight.shape[1]}, the features {width}: "
            "it was fitted on another backbone"
        )
    _, here, there = np.intersect1d(classes, start.classes, assume_unique=True, return_indices=True)
    initial[here, :-1] = start.weight[there] / SCALE
    initial[here, -1] = start.bias[there]
    return initial


def _check(features: npt.NDArray[Any], labels: npt.NDArray[Any], strength: float) -> None:
    """Raise unless a head can be fitted on these rows."""
    if features.ndim != 2 or labels.shape != (len(features),):
        raise ValueError(
            f"features (n, D) and labels (n,) are needed, not {features.shape} and {labels.shape}"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels are class ids, whole numbers, not {labels.dtype}")
    if not (np.isfinite(strength) and strength > 0):
        raise ValueError(f"strength must be a positive number, not {strength}")
    if len(np.unique(labels)) < 2:
        raise FewClassesError("label samples of at least two classes before a head is fitted")
    require_finite("features", features)


HEADS: dict[str, FitHead] = {"logistic": fit_logistic}
