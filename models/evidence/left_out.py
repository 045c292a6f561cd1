"""A head's predictions for labeled rows that it has not seen: the base of all honest figures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.head import FitHead, Head
from models.head.fitting import Labeled, check_rows
from models.head.leave_one_out import leave_one_out_logits
from models.head.logistic import parameters
from models.head.optimum import Optimum, minimise

FOLDS = 10  # for heads without their own leave-one-out

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Predictions for m rows by heads that have seen neither these rows nor their near-duplicates.

    Attributes
    ----------
    classes : (K,) int64, ascending; column k of `proba` is class classes[k].
    proba : (m, K) float64, calibrated; rows sum to 1.
    """

    classes: npt.NDArray[np.int64]
    proba: npt.NDArray[np.float64]

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """The class id (m,) of the largest probability."""
        found: npt.NDArray[np.int64] = self.classes[self.proba.argmax(axis=1)]
        return found

    @property
    def confidence(self) -> npt.NDArray[np.float64]:
        """The largest probability (m,)."""
        largest: npt.NDArray[np.float64] = self.proba.max(axis=1)
        return largest


def leave_out(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    rows: Indices,
    *,
    strength: float,
    temperature: float,
    groups: Indices | None = None,
    start: Head | None = None,
) -> LeftOut:
    """Predictions of a logistic head for some of its rows, each without that row's group.

    A row alone in its group gets one Newton step (`leave_one_out_logits`); the others get a new fit
    without the whole group, started at the optimum of all rows.

    Parameters
    ----------
    features, labels : (n, D) rows of a Space and (n,) class ids that the head was fitted on.
    rows : (m,) places in 0 … n - 1 to predict.
    strength, temperature : those of the head.
    groups : (n,) the group of each row, see `near_duplicates`. None: each is its own.
    start : the head itself, which saves fitting it again. None: it is fitted.

    Raises
    ------
    FewClassesError, NotFiniteError, ValueError
        As a fit does.
    """
    labeled = Labeled.of(features, labels, "cpu")
    optimum = minimise(labeled, strength, parameters(start, labeled, features.shape[1]))
    logits = leave_one_out_logits(labeled, optimum, reweighted=True).numpy()[rows]
    if groups is not None:
        size = np.bincount(groups)[groups]
        for group in np.unique(groups[rows[size[rows] > 1]]):
            held, kept = np.flatnonzero(groups == group), np.flatnonzero(groups != group)
            here = np.flatnonzero(groups[rows] == group)
            logits[here] = _without(labeled, optimum, held, kept)[np.searchsorted(held, rows[here])]
    scaled = torch.from_numpy(logits) / temperature
    return LeftOut(labeled.classes, torch.softmax(scaled, dim=1).numpy())


def _without(
    labeled: Labeled, optimum: Optimum, held: Indices, kept: Indices
) -> npt.NDArray[np.float64]:
    """Logits (len(held), K) by a head fitted on `kept`; a class that it has not seen is last."""
    part = labeled.take(kept)
    known = np.searchsorted(labeled.classes, part.classes)
    logits = np.full((len(held), len(labeled.classes)), -np.inf)
    if len(part.classes) < 2:
        logits[:, known] = 0.0
        return logits
    theta = minimise(part, optimum.strength, optimum.theta[torch.from_numpy(known)]).theta
    x = labeled.x[torch.from_numpy(held)].float()
    logits[:, known] = torch.addmm(theta[:, -1], x, theta[:, :-1].T).double().numpy()
    return logits


def cross_predict(
    fit: FitHead,
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    rows: Indices,
    rng: np.random.Generator,
    groups: Indices | None = None,
) -> LeftOut:
    """Predictions of any head for some of its rows, each by a fit without a tenth of the groups.

    For heads without a closed form. Each prediction uses a tenth fewer labels, so it is slightly
    worse than the head in use.
    """
    check_rows(features, labels)
    classes = np.unique(labels).astype(np.int64)
    group = np.arange(len(labels)) if groups is None else groups
    fold = rng.permutation(int(group.max()) + 1)[group] % FOLDS
    proba = np.full((len(rows), len(classes)), 1.0 / len(classes))
    for held in np.unique(fold[rows]):
        train, here = np.flatnonzero(fold != held), np.flatnonzero(fold[rows] == held)
        if len(np.unique(labels[train])) < 2:
            continue
        head = fit(features[train], labels[train])
        proba[here] = 0.0
        columns = np.searchsorted(classes, head.classes)
        proba[here[:, None], columns[None, :]] = head.predict_proba(features[rows[here]])
    return LeftOut(classes, proba)
