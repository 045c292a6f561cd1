"""The space in which heads and queries work: rooted, centred on the pool, rows of length one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

BLOCK_VALUES = 1 << 20  # embedding values handled at once: 8 MB as float64
SHOWN_ROWS = 5  # rows an error names before it only counts


class NotFiniteError(ValueError):
    """Raised when rows hold NaN or infinity; `rows` lists their indices."""

    def __init__(self, what: str, rows: npt.NDArray[np.int64]) -> None:
        self.rows = rows
        named = ", ".join(str(row) for row in rows[:SHOWN_ROWS])
        more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
        super().__init__(
            f"{what} hold NaN or infinity in row {named}{more}: "
            "embed these samples again or leave them out"
        )


def require_finite(what: str, rows: npt.NDArray[Any], first_row: int = 0) -> None:
    """Raise NotFiniteError unless every value of `rows` (m, …) is finite.

    `first_row` is the index of rows[0] in the whole, so that a block reports the right rows.
    """
    finite = np.isfinite(rows)
    if not finite.all():
        bad = ~finite.reshape(len(rows), -1).all(axis=1)
        raise NotFiniteError(what, np.flatnonzero(bad).astype(np.int64) + first_row)


@dataclass(frozen=True, eq=False)
class Space:
    """The pool's centre (D,) float32; what `transform` needs besides an embedding.

    A row that is nowhere negative, as averages of rectified activations are, is first replaced by
    its square roots, which keeps the few strongest channels from deciding all distances (power
    normalisation: Perronnin, Sánchez, Mensink, "Improving the Fisher Kernel for Large-Scale Image
    Classification", ECCV 2010). Rows of signed values stay: roots would blow up what is near zero.
    """

    center: npt.NDArray[np.float32]

    @classmethod
    def fit(cls, embeddings: npt.NDArray[Any]) -> Self:
        """Centre a space on a pool.

        Parameters
        ----------
        embeddings : (N, D) array of any float type, N ≥ 1. May be memory-mapped: it is read once,
            in blocks.

        Returns
        -------
        Space
            Its centre is the mean row, rooted where that applies, summed in float64.

        Raises
        ------
        NotFiniteError
            Names the rows that hold NaN or infinity. Blocks after the first bad one are not read.
        ValueError
            The array is not a matrix or has no rows.
        """
        if embeddings.ndim != 2 or len(embeddings) == 0:
            raise ValueError(
                f"a space is fitted on an (N, D) matrix with rows, not on shape {embeddings.shape}"
            )
        total = np.zeros(embeddings.shape[1], dtype=np.float64)
        for _, block in _blocks(embeddings):
            total += block.sum(axis=0)
        return cls(center=(total / len(embeddings)).astype(np.float32))

    def transform(self, embeddings: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Root rows that are nowhere negative, centre all, and scale each to length one.

        Parameters
        ----------
        embeddings : (N, D) array of any float type; N may be 0.

        Returns
        -------
        (N, D) float32
            Rows of length one. A row on the centre, up to float32 rounding, has no direction and
            becomes zeros.

        Raises
        ------
        NotFiniteError
            Names the rows that hold NaN or infinity.
        ValueError
            The width is not that of the centre.
        """
        if embeddings.ndim != 2 or embeddings.shape[1] != len(self.center):
            raise ValueError(
                f"embeddings of shape {embeddings.shape} do not fit a space of width "
                f"{len(self.center)}: they come from another backbone"
            )
        features = np.empty(embeddings.shape, dtype=np.float32)
        center = self.center.astype(np.float64)
        rounding = float(np.finfo(np.float32).eps) * float(np.linalg.norm(center))
        for begin, block in _blocks(embeddings):
            block -= center
            norms = np.sqrt(np.einsum("nd,nd->n", block, block))
            norms[norms <= rounding] = np.inf
            np.divide(block, norms[:, None], out=features[begin : begin + len(block)])
        return features


def _blocks(embeddings: npt.NDArray[Any]) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """Yield (first row, float64 copy) of blocks of finite rows, the unsigned ones rooted."""
    step = max(1, BLOCK_VALUES // max(1, embeddings.shape[1]))
    for begin in range(0, len(embeddings), step):
        block = np.array(embeddings[begin : begin + step], dtype=np.float64)
        require_finite("embeddings", block, begin)
        unsigned = block.min(axis=1) >= 0
        block[unsigned] = np.sqrt(block[unsigned])
        yield begin, block
