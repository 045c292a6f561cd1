"""Blocks of a large matrix: what comes out, and what is left in memory."""

import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from models.blocks import blocks, rows_at_once

WIDTH = 256


def matrix(rows: int = 100, dtype: type = np.float16) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(rows, WIDTH)).astype(dtype)


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("step", [1, 7, 100, 1000])
def test_blocks_together_are_the_matrix_in_float32(dtype: type, step: int, writeable: bool) -> None:
    whole = matrix(dtype=dtype)
    whole.setflags(write=writeable)
    for rows in (None, np.array([99, 3, 3, 0, 50]), np.array([], dtype=np.int64)):
        expected = (whole if rows is None else whole[rows]).astype(np.float32)
        got, end = [], 0
        for place, block in blocks(whole, rows, step):
            assert place.start == end and len(block) == place.stop - place.start <= step
            end = place.stop
            got.append(block.numpy().copy())
            block.zero_()  # must not reach the matrix
        assert end == len(expected)
        np.testing.assert_array_equal(np.concatenate([expected[:0], *got]), expected)
    np.testing.assert_array_equal(whole, matrix(dtype=dtype))


def test_a_block_has_at_least_one_row_and_about_the_values_asked_for() -> None:
    assert rows_at_once(10, 100) == 10
    assert rows_at_once(1000, 100) == 1
    assert rows_at_once(0, 100) == 100


def resident_kb(file: Path) -> int:
    """How much of a mapped file lies in this process's memory."""
    found, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split()[0] and not line.split()[0].endswith(":"):
            inside = line.endswith(file.name)
        elif inside and line.startswith("Rss:"):
            found += int(line.split()[1])
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_memory_mapped_matrix_leaves_no_pages_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "pages.f16"
    matrix(4000).tofile(file)
    mapped = np.memmap(file, np.float16, "r", shape=(4000, WIDTH))
    whole = np.asarray(mapped)
    assert float(np.asarray(whole, dtype=np.float32).sum()) != 0.0
    assert resident_kb(file) >= 2000  # as it is without blocks
    for rows in (None, np.arange(0, 4000, 2)):
        for place, _ in blocks(whole, rows, 500):
            assert place.start != 500 or resident_kb(file) == 0


def test_rows_of_some_columns_are_taken_without_a_copy_of_all() -> None:
    wide = np.zeros((4000, 300), dtype=np.float16)
    wide[:, 100] = np.arange(4000) % 2048
    columns, rows = wide[:, 100:104], np.arange(0, 4000, 2)
    tracemalloc.start()
    found = [block[:, 0].clone() for _, block in blocks(columns, rows, step=10)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(np.concatenate(found), columns[rows, 0])
    assert peak < columns.nbytes
