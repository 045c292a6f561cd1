"""Blocks: a large matrix of any float type as float32, a few MB at a time."""

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Indices = npt.NDArray[np.int64]

BLOCK_VALUES = 1 << 20  # values processed at once, 4 MB as float32: two fit in a core's cache


def rows_at_once(width: int, values: int = BLOCK_VALUES) -> int:
    """The number of rows of a width in one block."""
    return max(1, values // max(1, width))


def blocks(
    matrix: npt.NDArray[Any], rows: Indices | None = None, step: int | None = None
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield (place, block) of `matrix` (N, D), or of some of its `rows` (m,), in order.

    The block is float32 in a buffer that the next one overwrites; it may be changed. The place is
    its part of 0 … N, or of 0 … m. A memory-mapped matrix leaves no pages in this process.
    """
    step = step or rows_at_once(matrix.shape[1])
    count = len(matrix) if rows is None else len(rows)
    # torch converts float16 fifteen times as fast as numpy, but may not share read-only memory.
    shared = rows is None and matrix.flags.writeable
    shape = (min(step, count), matrix.shape[1])
    taken = None if shared else np.empty(shape, dtype=matrix.dtype)
    buffer = torch.empty(shape)
    mapped = _mapped(matrix)
    for begin in range(0, count, step):
        place = slice(begin, min(begin + step, count))
        if taken is None:
            block = matrix[place]
        else:
            block = taken[: place.stop - begin]
            if rows is None:
                np.copyto(block, matrix[place])
            elif not matrix.flags.c_contiguous:
                block[:] = matrix[rows[place]]  # take would copy the whole matrix first
            else:
                np.take(matrix, rows[place], axis=0, out=block, mode="clip")
            if mapped is not None:
                mapped.madvise(mmap.MADV_DONTNEED)
        yield place, buffer[: len(block)].copy_(torch.from_numpy(block))


def _mapped(matrix: npt.NDArray[Any]) -> mmap.mmap | None:
    """The read-only memory map behind an array, if its pages can be released."""
    base: Any = matrix
    while isinstance(base, np.ndarray):
        base = base.base
    drops = isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED")
    return base if drops and not matrix.flags.writeable else None
