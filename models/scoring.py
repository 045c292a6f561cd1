"""Scoring: a head's predictions for every row of a pool, in 16 bytes a row."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from models.blocks import blocks, rows_at_once
from models.finite import NotFiniteError
from models.head import Head
from models.head.stopping import Stop, never

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
TopTwo = tuple[npt.NDArray[np.int64], Floats, Floats]  # column of the largest, p₁, p₂

CPU_VALUES = 1 << 20  # values processed at once: a few MB, which fit into the caches
DEVICE_VALUES = 1 << 25  # values processed at once on an accelerator: 134 MB as float32
INT32_ROWS = 2**31 - 1
FREE_SHARE = 0.6  # the share of an accelerator's free memory for features


@dataclass(frozen=True, eq=False)
class Scores:
    """The two largest probabilities of each row.

    Attributes
    ----------
    best : (N,) int64 class id of the largest probability; -1 if a row has not been scored.
    first : (N,) float32, the largest probability; 1 if a row has not been scored.
    second : (N,) float32, the second largest; 0 if a row has not been scored.
    """

    best: npt.NDArray[np.int64]
    first: npt.NDArray[np.float32]
    second: npt.NDArray[np.float32]

    @classmethod
    def empty(cls, n: int) -> Self:
        """Scores of n rows that were not scored yet."""
        return cls(
            np.full(n, -1, dtype=np.int64),
            np.ones(n, dtype=np.float32),
            np.zeros(n, dtype=np.float32),
        )

    def copy(self) -> Self:
        """A copy of the scores."""
        return type(self)(self.best.copy(), self.first.copy(), self.second.copy())

    def margin(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Margin score 1 - (p₁ - p₂) in [0, 1] of some rows; 1 is a tie."""
        score: npt.NDArray[np.float32] = 1.0 - (self.first[rows] - self.second[rows])
        return score


class Scorer:
    """Scores the rows of one feature matrix (N, D) by one head after another.

    `features` are float16, or any other float type, and are not copied. On an accelerator they
    stay in its memory if they fit (`resident` True or False overrides this), so that
    only 16 bytes a row are transferred; otherwise they are sent block by block. Products are
    float32: float16 logits would change the margins, and a GPU's time is spent on reading anyway.

    A million rows of 384, one thread, K = 10 / 100, seconds: conversion by torch 0.05 (by numpy
    0.67), product 0.26 / 0.88 (as W·Xᵀ 0.14 / 0.80), top two by numpy on (K, m) 0.02 / 0.13 (by
    torch 0.04 / 0.29, by topk 0.13 / 1.1). Blocks of 1,000 to 4,000 rows are equally fast.
    """

    def __init__(
        self, features: npt.NDArray[Any], device: str = "cpu", *, resident: bool | None = None
    ) -> None:
        self._features = features
        self._device = torch.device(device)
        if resident is None:
            resident = self._device.type == "cuda" and features.nbytes <= _room(self._device)
        self._held = _shared(features).to(self._device) if resident else None
        self._on_host = self._held is None and self._device.type == "cpu"

    @property
    def resident(self) -> bool:
        """Whether the features are in an accelerator's memory, which makes scoring very fast."""
        return self._held is not None and self._device.type != "cpu"

    def score(
        self,
        head: Head,
        into: Scores,
        rows: Indices | None = None,
        stop: Stop = never,
    ) -> bool:
        """Write class id and probabilities of all rows, or of some, into `into`.

        Parameters
        ----------
        head : of the features' width; its logits are taken as calibrated.
        into : N rows; only those that are scored are written.
        rows : (m,) int64 distinct rows; ascending ones are read fastest. None: all.
        stop : called before each block.

        Returns
        -------
        bool
            False if `stop` returned true; the rows written until then are valid.

        Raises
        ------
        NotFiniteError
            Names the rows of a block whose features are NaN or infinite; the block is not written.
        ValueError
            The shapes do not fit, or a row is not in 0 … N - 1.
        """
        self._check(head, into, rows)
        classes = head.classes
        with torch.no_grad():
            for place, block in self._blocks(rows):
                if stop():
                    return False
                column, first, second = self._top_two(head.logits(block))
                written = place if rows is None else rows[place]
                if not np.isfinite(first).all():
                    bad = np.flatnonzero(~np.isfinite(first))
                    raise NotFiniteError("features", _numbers(written)[bad])
                into.best[written] = classes[column]
                into.first[written] = first
                into.second[written] = second
        return True

    def _blocks(self, rows: Indices | None) -> Iterator[tuple[slice, torch.Tensor]]:
        """Places and float32 features, block by block, on the device."""
        step = rows_at_once(self._features.shape[1], CPU_VALUES if self._on_host else DEVICE_VALUES)
        if self._held is None:
            for place, block in blocks(self._features, rows, step):
                yield place, block.to(self._device)
            return
        count = len(self._features) if rows is None else len(rows)
        chosen = None if rows is None else torch.from_numpy(rows.copy()).to(self._device)
        for begin in range(0, count, step):
            place = slice(begin, min(begin + step, count))
            yield place, self._held[place if chosen is None else chosen[place]].float()

    def _top_two(self, logits: torch.Tensor) -> TopTwo:
        if self._on_host:
            return top_two(logits.t().contiguous().numpy())
        return top_two_on_device(logits)

    def _check(self, head: Head, into: Scores, rows: Indices | None) -> None:
        n, width = self._features.shape
        if head.width != width:
            raise ValueError(f"a head of width {head.width} does not fit features of width {width}")
        if len(into.best) != n:
            raise ValueError(f"scores of {len(into.best)} rows do not fit {n} rows of features")
        if rows is not None and len(rows) and not (rows.min() >= 0 and rows.max() < n):
            raise ValueError(f"a row to score is outside 0 … {n - 1}")


def top_two(logits: Floats) -> TopTwo:
    """Column of the largest probability, and the two largest.

    Parameters
    ----------
    logits : (K, m) float32, K ≥ 2: classes are rows, because sums along rows are far slower.

    Returns
    -------
    column : (m,) int64; the lowest where several are largest.
    first, second : (m,) float32 in [0, 1]; NaN where the logits are not finite.
    """
    m = logits.shape[1]
    with np.errstate(invalid="ignore"):  # the caller reports the rows
        shifted = logits - logits.max(axis=0)
    # A tenth of argmax's time: a block has few zeros, and they are found by the byte.
    zeros = np.flatnonzero(shifted == 0.0)[::-1]
    column = np.zeros(m, dtype=np.int64)
    column[zeros % m] = zeros // m  # in descending order: of several, the lowest remains
    np.exp(shifted, out=shifted)
    total = shifted.sum(axis=0)
    shifted[column, np.arange(m)] = 0.0
    return column, 1.0 / total, shifted.max(axis=0) / total


def top_two_on_device(logits: torch.Tensor) -> TopTwo:
    """`top_two` of logits (m, K) on any device; only the results leave it."""
    largest, column = logits.max(dim=1)
    shifted = (logits - largest[:, None]).exp_()
    total = shifted.sum(dim=1)
    shifted.scatter_(1, column[:, None], 0.0)
    first, second = 1.0 / total, shifted.amax(dim=1) / total
    return column.cpu().numpy(), first.cpu().numpy(), second.cpu().numpy()


def most_uncertain(scores: Scores, rows: Indices | None, count: int) -> Indices:
    """The `count` rows with the largest margin score among some distinct rows, or among all.

    Returns (min(count, m),) int64, ascending. Of equal ones the earliest are taken; a row without
    a score counts as certain. O(N), without sorting all.
    """
    among = slice(None) if rows is None else rows
    gap = scores.first[among] - scores.second[among]
    count = min(count, len(gap))
    if count == 0:
        return np.empty(0, dtype=np.int64)
    most = np.partition(gap, count - 1)[count - 1]
    places = np.flatnonzero(gap <= most)
    if len(places) > count:
        below = gap[places] < most
        ties = np.flatnonzero(~below)[: count - np.count_nonzero(below)]
        below[ties] = True
        places = places[below]
    chosen: Indices = places if rows is None else np.sort(rows[places])
    return chosen


class Rotation:
    """Hands out the rows 0 … n - 1 in a fixed random order, again and again."""

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        if n < 1:
            raise ValueError(f"a rotation needs rows, not {n}")
        self._order = rng.permutation(n).astype(np.int32 if n <= INT32_ROWS else np.int64)
        self._next = 0

    def take(self, count: int) -> Indices:
        """The next rows (min(count, n),) int64, ascending and distinct.

        Calls that take n rows in all, counted from the first call, take every row once.
        """
        begin, n = self._next, len(self._order)
        end = begin + min(max(count, 0), n)
        self._next = end % n
        taken = np.concatenate([self._order[begin:end], self._order[: max(0, end - n)]])
        return np.sort(taken).astype(np.int64)


def _numbers(rows: slice | Indices) -> Indices:
    """The row numbers that a slice or an array names."""
    return np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows


def _room(device: torch.device) -> float:
    """Bytes that features may take on a CUDA device."""
    return FREE_SHARE * torch.cuda.mem_get_info(device)[0]


def _shared(features: npt.NDArray[Any]) -> torch.Tensor:
    """A tensor over the same memory, or over a copy of memory that cannot be written."""
    return torch.from_numpy(features if features.flags.writeable else features.copy())
