"""The logistic head: fitted after every answer; strength and temperature are rarely tuned."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.head.fitting import SCALE, Labeled, check_audits
from models.head.linear import LinearHead, Scorer
from models.head.optimum import minimise
from models.head.stopping import Stop, never
from models.head.tuning import tune


def fit_logistic(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    *,
    strength: float | None = None,
    start: Scorer | None = None,
    device: str = "cpu",
    audits: npt.NDArray[np.bool_] | None = None,
    certainty: npt.NDArray[np.float64] | None = None,
    stop: Stop = never,
) -> LinearHead:
    """Class-balanced multinomial logistic regression; see `FitHead` for the arguments.

    Minimises Σᵢ wᵢ·CEᵢ + strength/2·‖W‖² over features scaled by 8, where w = n/(K·n_c), at most
    10, times the label's certainty over the mean of all. The bias is not penalised: as every class
    has a label its optimum is finite, and the one free direction (the same shift of all classes) is
    fixed by a sum of zero. The problem is convex, so the start changes only the time and not the
    result, up to the tolerance. Strength and temperature come from `tune`, which weights labels
    alike. The same input, start included, gives the same head.
    """
    labeled = Labeled.of(features, labels, device, certainty)
    check_audits(audits, len(features))
    if strength is not None and not (np.isfinite(strength) and strength > 0):
        raise ValueError(f"strength must be a positive number, not {strength}")
    initial = parameters(start, labeled, features.shape[1])
    tuned = tune(features, labels, strength, device=device, audits=audits, stop=stop)
    optimum = minimise(labeled, tuned.strength, initial, stop)
    weight, bias = optimum.theta[:, :-1], optimum.theta[:, -1]
    if labeled.basis is not None:
        weight = weight @ labeled.basis.T
    return LinearHead(
        classes=labeled.classes,
        weight=(weight * SCALE).cpu().numpy().astype(np.float32),
        bias=(bias - bias.mean()).cpu().numpy().astype(np.float32),
        strength=tuned.strength,
        iterations=optimum.iterations,
        temperature=tuned.temperature,
    )


def parameters(start: Scorer | None, labeled: Labeled, width: int) -> torch.Tensor | None:
    """Parameters (K, d+1): those of a linear `start` by class id, zero for other classes."""
    if not isinstance(start, LinearHead):
        return None
    if start.width != width:
        raise ValueError(
            f"the start has width {start.width}, the features {width}: "
            "it was fitted on another backbone"
        )
    initial = np.zeros((len(labeled.classes), width + 1))
    _, here, there = np.intersect1d(
        labeled.classes, start.classes, assume_unique=True, return_indices=True
    )
    initial[here, :-1] = start.weight[there] / SCALE
    initial[here, -1] = start.bias[there]
    theta = torch.from_numpy(initial).float().to(labeled.x.device)
    if labeled.basis is None:
        return theta
    return torch.cat([theta[:, :-1] @ labeled.basis, theta[:, -1:]], dim=1)
