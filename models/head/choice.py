"""Which head suits a pool best, judged on the pool's own labels."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.head import HEADS, FitHead
from models.head.fitting import check_rows
from models.head.mlp import folds
from models.head.stopping import Stop, never

SIMPLE = "logistic"
FOLDS = 5
LEAST_LABELS = 5  # per class, on average; with fewer, folds show only chance
FLOOR = 1e-6  # smaller probabilities count as this in a loss


def choose_head(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    rng: np.random.Generator,
    *,
    device: str = "cpu",
    stop: Stop = never,
    heads: Mapping[str, FitHead] = HEADS,
) -> str:
    """Name the head that predicts held-out labels best; the logistic one if in doubt.

    Each head is fitted on the same 5 stratified folds. A rival wins if its mean log-loss on
    held-out labels is lower by more than one standard error of the paired difference (Breiman et
    al., CART, 1984) and it predicts at least as many of them right.
    Probabilities are the calibrated ones. Takes seconds: meant for idle time, when the number of
    labels has doubled.

    Parameters
    ----------
    features, labels : as for a fit.
    rng : assigns the labels to folds.
    device : torch device of the fits.
    stop : called often; True raises Cancelled.
    heads : the candidates by name, with "logistic" among them.

    Raises
    ------
    FewClassesError, NotFiniteError, ValueError, Cancelled
        As a fit does.
    """
    check_rows(features, labels)
    classes, targets, counts = np.unique(labels, return_inverse=True, return_counts=True)
    told = counts[targets] >= 2  # no head can predict a class's only label
    if len(labels) < LEAST_LABELS * len(classes) or np.count_nonzero(told) < 2:
        return SIMPLE
    order = rng.permutation(len(labels))
    fold = np.empty(len(labels), dtype=np.int64)
    fold[order] = folds(targets[order], FOLDS)
    held = {
        name: held_out(fit, features, labels, fold, device, stop) for name, fit in heads.items()
    }
    simple = held[SIMPLE]
    best, gain = SIMPLE, 0.0
    for name, rival in held.items():
        ahead = (simple.losses - rival.losses)[told]
        doubt = float(ahead.std(ddof=1)) / len(ahead) ** 0.5
        if ahead.mean() > max(gain, doubt) and rival.hits.sum() >= simple.hits.sum():
            best, gain = name, float(ahead.mean())
    return best


class HeldOut(NamedTuple):
    """-log p(label), and whether the label was predicted, of each held-out row (n,)."""

    losses: npt.NDArray[np.float64]
    hits: npt.NDArray[np.bool_]


def held_out(
    fit: FitHead,
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    fold: npt.NDArray[np.int64],
    device: str = "cpu",
    stop: Stop = never,
) -> HeldOut:
    """Losses and hits of each row, by a head fitted on the rows of the other folds.

    A class that is missing in the other folds has probability 1e-6. If the other folds hold only
    one class, no head can be fitted, and every row gets the loss of 1e-6.
    """
    given = np.full(len(labels), FLOOR)
    hits = np.zeros(len(labels), dtype=np.bool_)
    for held in np.unique(fold):
        train, test = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        if len(np.unique(labels[train])) < 2:
            continue
        head = fit(features[train], labels[train], device=device, stop=stop)
        column = np.searchsorted(head.classes, labels[test]).clip(max=len(head.classes) - 1)
        known = head.classes[column] == labels[test]
        proba = head.predict_proba(features[test])
        given[test[known]] = np.maximum(proba[known, column[known]], FLOOR)
        hits[test] = head.classes[proba.argmax(axis=1)] == labels[test]
    return HeldOut(-np.log(given), hits)
