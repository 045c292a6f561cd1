"""Strength and temperature of a logistic head, chosen by leave-one-out on its own labels."""

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from models.head.calibration import left_out_temperature, log_loss
from models.head.fitting import Labeled
from models.head.leave_one_out import leave_one_out_logits
from models.head.optimum import minimise
from models.head.stopping import Stop, never

STRENGTHS = (100.0, 10.0, 1.0, 0.1)  # from smooth to sharp; each optimum starts the next fit
DEFAULT_STRENGTH = 1.0
LABELS_PER_CLASS = 6  # on average; with fewer, leaving out one label weakens a head too much
GROWTH = 1.25  # tuned again when the labels have grown by a quarter
TUNED_ROWS = 1000  # more rows cost time and add little
KEPT = 32  # results in the memo: undo and other projects use older ones again


class Tuned(NamedTuple):
    """The result of `tune`."""

    strength: float
    temperature: float


def tune(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    strength: float | None = None,
    *,
    device: str = "cpu",
    audits: npt.NDArray[np.bool_] | None = None,
    stop: Stop = never,
) -> Tuned:
    """Choose the strength, unless one is given, and the temperature.

    The strength with the least leave-one-out log-loss is chosen from STRENGTHS, then the
    temperature that fits its leave-one-out logits; with fewer than 6 labels a class both are 1.
    This costs about ten fits, so it uses a checkpoint: the first m rows, with m
    the last step of a geometric grid; at most 1000 of them, evenly spaced. A memo keeps the results
    by the rows' content. It only saves time: the same rows in the same order always give the same
    result.

    Parameters
    ----------
    features, labels : (n, D) rows and (n,) class ids in the order of the answers, as checked.
    strength : a fixed value, or None to choose it.
    device : torch device of the sums.
    audits : (n,) bool, which rows are uniform audit picks.
    stop : called at each step of each fit.
    """
    per_class = len(labels) / len(np.unique(labels))
    if per_class < LABELS_PER_CLASS:
        return Tuned(strength or DEFAULT_STRENGTH, 1.0)
    rows = checkpoint(labels)
    part = features[rows], labels[rows], None if audits is None else audits[rows]
    key = _key(*part, strength, device)
    found = MEMO.get(key)
    if found is None:
        found = _tune(*part, strength, device, stop)
        MEMO.put(key, found)
    return found


def checkpoint(labels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Rows to tune on: a first part that stays the same while labels are added at the end."""
    n = len(labels)
    size = 1
    while (larger := max(size + 1, int(size * GROWTH))) <= n:
        size = larger
    if len(np.unique(labels[:size])) < len(np.unique(labels)):
        size = n  # rows not in the order of the answers, or a new class
    return np.unique(np.linspace(0, size - 1, min(size, TUNED_ROWS)).astype(np.int64))


def _tune(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    audits: npt.NDArray[np.bool_] | None,
    strength: float | None,
    device: str,
    stop: Stop,
) -> Tuned:
    """Fit, leave out and compare on the rows of a checkpoint."""
    best, least = Tuned(strength or DEFAULT_STRENGTH, 1.0), np.inf
    if len(np.unique(labels)) < 2:  # evenly spaced rows may miss rare classes
        return best
    # Rotated separately, so nothing depends on the rows after the checkpoint.
    labeled = Labeled.of(features, labels, device)
    told = labeled.counts[labeled.targets] >= 2  # a class's only label is never predicted
    theta: torch.Tensor | None = None
    for candidate in STRENGTHS if strength is None else (strength,):
        optimum = minimise(labeled, candidate, theta, stop)
        logits = leave_one_out_logits(labeled, optimum, stop).numpy()
        loss = log_loss(logits[told], labeled.targets[told])
        if loss >= least:
            break  # the loss has one minimum, and sharper optima cost the most
        temperature = left_out_temperature(logits, labeled.targets, labeled.counts, audits)
        best, least, theta = Tuned(candidate, temperature), loss, optimum.theta
    return best


class Memo:
    """The latest results by key; safe for any thread."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._kept: OrderedDict[bytes, Tuned] = OrderedDict()

    def get(self, key: bytes) -> Tuned | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: bytes, found: Tuned) -> None:
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


def _key(
    features: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    audits: npt.NDArray[np.bool_] | None,
    strength: float | None,
    device: str,
) -> bytes:
    """A digest of everything that the result depends on."""
    digest = blake2b(features.tobytes(), digest_size=16)
    told = (features.dtype.str, features.shape, labels.dtype.str, strength, device, audits is None)
    digest.update(repr(told).encode())
    digest.update(labels.tobytes())
    digest.update(b"" if audits is None else audits.tobytes())
    return digest.digest()


MEMO = Memo(KEPT)
