"""Teaching: a linear head on the encoder's own features that says what another head says."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.finite import require_finite
from models.head.fitting import SCALE
from models.head.linear import LinearHead
from models.head.optimum import Objective, descend
from models.head.stopping import Stop, never


def teach(
    features: npt.NDArray[Any],
    proba: npt.NDArray[Any],
    classes: npt.NDArray[np.int64],
    labeled: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    *,
    strength: float = 1.0,
    device: str = "cpu",
    stop: Stop = never,
) -> LinearHead:
    """A linear head that a better head teaches, for use where the better one cannot go.

    Minimises Σᵢ CE(proba, softmax) over rows of the pool and CE of the labels, + strength/2·‖W‖²,
    over features scaled as in a fit. A head on a `PoolMap` needs the pool; the taught head needs
    only an embedding, and has an accuracy of its own. Hinton, Vinyals, Dean, "Distilling the
    Knowledge in a Neural Network", 2015. O((m + n)·D·K) a step.

    Parameters
    ----------
    features : (m, D) rows of the pool in the Space of the taught head. 2,000 random ones keep eight
        to nine tenths of the points that a map gains.
    proba : (m, K) what the teacher says about these rows, on its own features.
    classes : (K,) int64, the teacher's classes.
    labeled, labels : (n, D) rows in the same Space and their (n,) class ids; n may be 0.
    strength, device, stop : as for a fit.

    Raises
    ------
    NotFiniteError
        Names the rows whose features or probabilities are NaN or infinite.
    ValueError
        Shapes, classes or the strength do not fit.
    Cancelled
        `stop` returned True.
    """
    _check(features, proba, classes, labeled, labels, strength)
    certain = labels[:, None] == classes
    rows = np.concatenate([features, labeled]).astype(np.float32)
    given = np.concatenate([proba, certain]).astype(np.float32)
    x = torch.from_numpy(rows).to(device).mul_(SCALE)
    targets = torch.from_numpy(np.ascontiguousarray(given.T)).to(device)
    objective = Objective(x, targets, torch.ones(len(x), device=device), strength)
    start = torch.zeros(len(classes), x.shape[1] + 1, device=device)
    optimum = descend(objective, start, len(x), stop)
    weight, bias = optimum.theta[:, :-1], optimum.theta[:, -1]
    return LinearHead(
        classes=classes,
        weight=(weight * SCALE).cpu().numpy(),
        bias=(bias - bias.mean()).cpu().numpy(),
        strength=optimum.strength,
        iterations=optimum.iterations,
    )


def _check(
    features: npt.NDArray[Any],
    proba: npt.NDArray[Any],
    classes: npt.NDArray[np.int64],
    labeled: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    strength: float,
) -> None:
    """Raise unless the parts fit together."""
    if proba.shape != (len(features), len(classes)):
        raise ValueError(
            f"probabilities {proba.shape} do not fit {len(features)} rows and "
            f"{len(classes)} classes"
        )
    if labeled.shape[1] != features.shape[1]:
        raise ValueError(
            f"labeled rows of width {labeled.shape[1]} do not fit rows of width {features.shape[1]}"
        )
    if labels.shape != (len(labeled),):
        raise ValueError(f"{len(labels)} labels do not fit {len(labeled)} rows")
    if len(unknown := np.setdiff1d(labels, classes)):
        raise ValueError(f"there are labels of class {unknown[0]}, which the teacher does not know")
    if not (np.isfinite(strength) and strength > 0):
        raise ValueError(f"strength must be a positive number, not {strength}")
    for what, rows in (("features", features), ("probabilities", proba), ("labeled", labeled)):
        require_finite(what, rows)
