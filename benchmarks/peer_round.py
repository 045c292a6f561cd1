"""The same round in the simplest way: LogisticRegression, predict_proba, a sort by margin."""

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

LEAST_RUNS = 3
SCALE = 8.0  # length of a row: with it, C = 1 equals strength 1 of Hone's head


@dataclass(frozen=True)
class Peer:
    """Seconds of each run, and of its fit."""

    seconds: list[float]
    fit: list[float]


def time_peer(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    labeled: NDArray[np.int64],
    runs: int,
    patience: float,
) -> Peer:
    """Time up to `runs` rounds, but at least three, until `patience` seconds are over.

    Parameters
    ----------
    features : (N, D) float32, rows of length one times SCALE; already in memory.
    labels : (n,) classes of the rows `labeled` (n,).
    """
    total: list[float] = []
    fit: list[float] = []
    while len(total) < runs and (len(total) < LEAST_RUNS or sum(total) < patience):
        begin = time.perf_counter()
        head: Any = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it takes many classes with few labels for a mistake
            head.fit(features[labeled], labels)
        fit.append(time.perf_counter() - begin)
        proba = head.predict_proba(features)
        top = np.partition(proba, proba.shape[1] - 2, axis=1)[:, -2:]
        np.argsort(top[:, 1] - top[:, 0])
        total.append(time.perf_counter() - begin)
    return Peer(total, fit)
