"""Parts: embeddings of several parts side by side, each in a Space of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from models.blocks import rows_at_once
from models.space.space import Space
from models.space.unit import unit

Indices = npt.NDArray[np.int64]

BLOCK_VALUES = 1 << 20  # embedding values processed at once: 4 MB as float32


@dataclass(frozen=True, eq=False)
class Parts:
    """A Space for each part of an embedding, and the weight of each part in the joined row.

    Together in one Space, the part with the largest numbers decides all distances, and a signed
    part keeps the others from their square roots: that costs 3.7 points on a pool of forty classes.
    """

    spaces: tuple[Space, ...]
    weights: tuple[float, ...]

    @classmethod
    def fit(
        cls,
        embeddings: npt.NDArray[Any],
        widths: Sequence[int],
        weights: Sequence[float],
        rows: Indices | None = None,
    ) -> Self:
        """Centre each part on a pool.

        Parameters
        ----------
        embeddings : (N, D) array of any float type. May be memory-mapped: it is read once for each
            part, in blocks.
        widths, weights : the columns of each part, whose sum is D, and its weight > 0.
        rows : (m,) int64, the rows that are the pool. None: all.

        Raises
        ------
        NotFiniteError, ValueError
            As `Space.fit`; or widths, weights and D do not fit together.
        """
        _check_width(embeddings, sum(widths))
        if len(weights) != len(widths) or min(weights, default=0.0) <= 0:
            raise ValueError(f"{len(widths)} parts need as many weights above 0, not {weights}")
        spaces = [Space.fit(embeddings[:, here], rows) for here in columns(widths)]
        return cls(tuple(spaces), tuple(weights))

    @classmethod
    def of(
        cls, center: npt.NDArray[np.float32], widths: Sequence[int], weights: Sequence[float]
    ) -> Self:
        """Parts with a known `center` (D,)."""
        return cls(tuple(Space(center[here]) for here in columns(widths)), tuple(weights))

    @property
    def center(self) -> npt.NDArray[np.float32]:
        """The centres (D,) of the parts, side by side."""
        return np.concatenate([space.center for space in self.spaces])

    @property
    def widths(self) -> tuple[int, ...]:
        """The columns of each part."""
        return tuple(len(space.center) for space in self.spaces)

    def transform(
        self,
        embeddings: npt.NDArray[Any],
        rows: Indices | None = None,
        *,
        out: npt.NDArray[Any] | None = None,
    ) -> npt.NDArray[Any]:
        """Joined rows (m, D) of length one, or zero, of `rows` (m,) or of all; see `blocks`.

        They are written to `out` (m, D), of any float type; None: a new array of float32.
        """
        count = len(embeddings) if rows is None else len(rows)
        joined = np.empty((count, sum(self.widths)), dtype=np.float32) if out is None else out
        if len(self.spaces) == 1:  # without a copy of each block
            return self.spaces[0].transform(embeddings, rows, out=joined)
        for place, block in self.blocks(embeddings, rows):
            joined[place] = block.numpy()
        return joined

    def blocks(
        self, embeddings: npt.NDArray[Any], rows: Indices | None = None, step: int | None = None
    ) -> Iterator[tuple[slice, torch.Tensor]]:
        """Yield (place, joined rows) in order, in blocks of `step` rows; O(N·D).

        Row = unit([weight · part in its Space, …]), (m, D) float32; zeros where every part is
        zeros.

        Raises
        ------
        NotFiniteError
            Names the rows that hold NaN, infinity or more than 1e18 either way.
        ValueError
            The width is not that of the parts.
        """
        _check_width(embeddings, sum(self.widths))
        chosen = np.arange(len(embeddings)) if rows is None else rows
        step = step or rows_at_once(embeddings.shape[1], BLOCK_VALUES)
        for begin in range(0, len(chosen), step):
            here = chosen[begin : begin + step]
            block = np.empty((len(here), embeddings.shape[1]), dtype=np.float32)
            parts = zip(columns(self.widths), self.spaces, self.weights, strict=True)
            for part, space, weight in parts:
                space.transform(embeddings[:, part], here, out=block[:, part])
                block[:, part] *= np.float32(weight)
            yield slice(begin, begin + len(here)), unit(torch.from_numpy(block))


def columns(widths: Sequence[int]) -> list[slice]:
    """The columns of each part."""
    ends = np.cumsum(widths).tolist()
    return [slice(end - width, end) for width, end in zip(widths, ends, strict=True)]


def _check_width(embeddings: npt.NDArray[Any], width: int) -> None:
    if embeddings.ndim != 2 or embeddings.shape[1] != width:
        raise ValueError(
            f"embeddings of shape {embeddings.shape} do not fit parts of {width} columns in all: "
            "they come from another backbone"
        )
