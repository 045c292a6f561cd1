"""The space of heads and queries: square roots, centred on the pool, rows of length one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self, TypeVar, overload

import numpy as np
import numpy.typing as npt
import torch

from models.blocks import blocks, rows_at_once
from models.finite import NotFiniteError

Indices = npt.NDArray[np.int64]
Float = TypeVar("Float", bound=np.floating[Any])

BLOCK_VALUES = 1 << 20  # embedding values processed at once: 4 MB as float32
LARGEST = 1e18  # squares of larger values do not add up in float32


@dataclass(frozen=True, eq=False)
class Space:
    """The pool's centre (D,) float32, which `transform` needs besides an embedding.

    A row without negative values, such as an average of rectified activations, is first replaced by
    its square roots, which keep the few strongest channels from dominating all distances (power
    normalisation: Perronnin, Sánchez, Mensink, "Improving the Fisher Kernel for Large-Scale Image
    Classification", ECCV 2010). Rows with signs stay: roots would enlarge values near zero.
    """

    center: npt.NDArray[np.float32]

    @classmethod
    def fit(cls, embeddings: npt.NDArray[Any], rows: Indices | None = None) -> Self:
        """Centre a space on a pool.

        Parameters
        ----------
        embeddings : (N, D) array of any float type. May be memory-mapped: it is read once, in
            blocks, and leaves no pages in memory.
        rows : (m,) int64, the rows that are the pool; ascending ones are read fastest. None: all.

        Returns
        -------
        Space
            Its centre is the mean row, after the roots; a block is summed in float32,
            the blocks in float64.

        Raises
        ------
        NotFiniteError
            Names the rows of the pool that hold NaN, infinity or more than 1e18 either way.
            Blocks after the first bad one are not read.
        ValueError
            The array is not a matrix, or there are no rows.
        """
        count = len(embeddings) if rows is None else len(rows)
        if embeddings.ndim != 2 or count == 0:
            raise ValueError(
                f"a space is fitted on an (N, D) matrix with rows, not on {count} rows of shape "
                f"{embeddings.shape}"
            )
        origin, total = None, torch.zeros(embeddings.shape[1], dtype=torch.float64)
        for _, block in _rooted(embeddings, rows):
            # Differences from one row are summed: they round less, and equal rows give zero.
            origin = block[0].clone() if origin is None else origin
            total += block.sub_(origin).sum(dim=0)
        assert origin is not None
        return cls(center=(total / count + origin).float().numpy())

    @overload
    def transform(
        self, embeddings: npt.NDArray[Any], rows: Indices | None = None
    ) -> npt.NDArray[np.float32]: ...

    @overload
    def transform(
        self, embeddings: npt.NDArray[Any], rows: Indices | None = None, *, out: npt.NDArray[Float]
    ) -> npt.NDArray[Float]: ...

    def transform(
        self,
        embeddings: npt.NDArray[Any],
        rows: Indices | None = None,
        *,
        out: npt.NDArray[Any] | None = None,
    ) -> npt.NDArray[Any]:
        """Take roots of rows without negative values, centre all rows, and scale each to length
        one.

        Parameters
        ----------
        embeddings : (N, D) array of any float type; N may be 0. May be memory-mapped, as in `fit`.
        rows : (m,) int64, the rows to transform, in this order. None: all.
        out : (m, D) array of any float type to write to; float16 is precise enough for heads and
            queries. None: a new one of float32.

        Returns
        -------
        `out`
            Rows of length one. A row equal to the centre, up to float32 rounding, has no direction
            and becomes zeros.

        Raises
        ------
        NotFiniteError
            Names the rows that hold NaN, infinity or more than 1e18 either way.
        ValueError
            The width is not the centre's width, or the shape of `out` is wrong.
        """
        if embeddings.ndim != 2 or embeddings.shape[1] != len(self.center):
            raise ValueError(
                f"embeddings of shape {embeddings.shape} do not fit a space of width "
                f"{len(self.center)}: they come from another backbone"
            )
        shape = (len(embeddings) if rows is None else len(rows), len(self.center))
        if out is None:
            out = np.empty(shape, dtype=np.float32)
        elif out.shape != shape:
            raise ValueError(f"features of shape {shape} cannot be written to one of {out.shape}")
        center = torch.from_numpy(np.array(self.center, dtype=np.float32))
        rounding = float(np.finfo(np.float32).eps) * float(np.linalg.norm(self.center))
        features = torch.from_numpy(out)
        for place, block in _rooted(embeddings, rows):
            block -= center
            norms = torch.linalg.vector_norm(block, dim=1, keepdim=True)
            norms[norms <= rounding] = torch.inf
            # Multiplied by the reciprocal: division takes 1.5 times as long.
            features[place] = block.mul_(norms.reciprocal_())
        return out


def _rooted(
    embeddings: npt.NDArray[Any], rows: Indices | None
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield (place, float32 block) of finite rows, with roots taken of unsigned ones."""
    step = rows_at_once(embeddings.shape[1], BLOCK_VALUES)
    for place, block in blocks(embeddings, rows, step):
        least, largest = block.amin(dim=1), block.amax(dim=1)
        good = (least >= -LARGEST) & (largest <= LARGEST)  # NaN is neither
        if not good.all():
            bad = np.flatnonzero(~good.numpy()) + place.start
            raise NotFiniteError("embeddings", bad if rows is None else rows[bad])
        unsigned = least >= 0
        if unsigned.all():
            block.sqrt_()
        elif unsigned.any():
            block[unsigned] = block[unsigned].sqrt()
        yield place, block
