"""The embedding cache: rows that are found again after anything that can happen to a process."""

import hashlib
import itertools
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.embeddings.cache import (
    CacheLockedError,
    CacheMismatchError,
    EmbeddingCache,
)

ROOT = Path(__file__).parents[3]
DIM = 6


def name(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def names(*numbers: int) -> list[str]:
    return [name(number) for number in numbers]


def vector(number: int, dim: int = DIM) -> NDArray[np.float32]:
    """An embedding that can be told from the id alone, exact in float16."""
    return np.array([number // 64, number % 64, *range(2, dim)], np.float32)


def vectors(*numbers: int) -> NDArray[np.float32]:
    return np.stack([vector(number) for number in numbers])


def filled(folder: Path, *numbers: int) -> EmbeddingCache:
    cache = EmbeddingCache(folder, "net-1", DIM)
    cache.append(names(*numbers), vectors(*numbers))
    return cache


# Rows


def test_rows_are_found_by_id_in_order_of_arrival_and_after_reopening(tmp_path: Path) -> None:
    with filled(tmp_path, 0, 1, 2) as cache:
        assert cache.append(names(3), vectors(3)) == 1
    for again in (cache, EmbeddingCache(tmp_path, "net-1", DIM)):
        assert len(again) == 4 and again.warning is None
        assert again.rows(names(3, 9, 0)).tolist() == [3, -1, 0]
        assert again.missing(names(9, 3, 8, 9)) == names(9, 8)
        np.testing.assert_array_equal(again.matrix(), vectors(0, 1, 2, 3))


def test_an_empty_cache_has_an_empty_matrix_and_finds_nothing(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "net-1", DIM)
    assert len(cache) == 0 and cache.matrix().shape == (0, DIM)
    assert cache.matrix().dtype == np.float16
    assert cache.rows(names(1)).tolist() == [-1] and cache.rows([]).shape == (0,)


def test_the_matrix_cannot_be_written_and_an_older_view_stays_as_it_was(tmp_path: Path) -> None:
    with filled(tmp_path, 0, 1) as cache:
        older = cache.matrix()
        cache.append(names(2), vectors(2))
        assert (len(older), len(cache.matrix())) == (2, 3)
        with pytest.raises(ValueError, match="read-only"):
            older[0, 0] = 1


def test_an_id_keeps_its_first_embedding(tmp_path: Path) -> None:
    with filled(tmp_path, 0) as cache:
        assert cache.append(names(1, 0, 1), vectors(1, 7, 8)) == 1
        np.testing.assert_array_equal(cache.matrix(), vectors(0, 1))


def test_values_come_back_as_float16_rounds_them_and_are_clipped_to_its_range(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    wide = rng.standard_normal((50, DIM)) * 10.0 ** rng.integers(-4, 4, (50, 1))
    wide[0] = [1e9, -1e9, np.inf, -np.inf, 65504, 0]
    with EmbeddingCache(tmp_path, "net-1", DIM) as cache:
        cache.append(names(*range(50)), wide)
        got = cache.matrix()
    assert got[0].tolist() == [65504, -65504, 65504, -65504, 65504, 0]
    np.testing.assert_array_equal(got[1:], wide[1:].astype(np.float16))
    np.testing.assert_allclose(got[1:], wide[1:], rtol=2**-11, atol=2**-24)


def test_bad_input_is_named_and_leaves_the_cache_as_it_was(tmp_path: Path) -> None:
    with filled(tmp_path, 0) as cache:
        for bad in ("abc", "zz" * 32, "ab " * 22, name(1) + "00"):
            with pytest.raises(ValueError, match=f"'{bad}' is not 64 hexadecimal"):
                cache.append([bad], vectors(1))
            with pytest.raises(ValueError, match="not 64 hexadecimal"):
                cache.rows([bad])
        with pytest.raises(ValueError, match=r"shape \(2, 6\); 1 ids"):
            cache.append(names(1), vectors(1, 2))
        hole = vectors(1, 2)
        hole[1, 3] = np.nan
        with pytest.raises(ValueError, match=f"{name(2)} has a NaN"):
            cache.append(names(1, 2), hole)
        assert len(cache) == 1
    for fingerprint in ("", "../up", "a/b", ".."):
        with pytest.raises(ValueError, match="no folder name"):
            EmbeddingCache(tmp_path, fingerprint, DIM)


def test_two_backbones_never_share_rows(tmp_path: Path) -> None:
    with filled(tmp_path, 0):
        assert len(EmbeddingCache(tmp_path, "net-2", DIM)) == 0
    with pytest.raises(CacheMismatchError, match="width 6, not 1, net-1 and 7"):
        EmbeddingCache(tmp_path, "net-1", 7)
    (tmp_path / "net-1").rename(tmp_path / "net-3")
    with pytest.raises(CacheMismatchError, match="backbone net-1"):
        EmbeddingCache(tmp_path, "net-3", DIM)


# What a crash leaves


def test_whatever_a_torn_append_left_is_ignored_and_overwritten(tmp_path: Path) -> None:
    filled(tmp_path / "before", 0, 1).close()
    filled(tmp_path / "after", 0, 1, 2, 3).close()
    full = {file: (tmp_path / "after/net-1" / file).read_bytes() for file in ("matrix.f16", "ids")}
    one = {"matrix.f16": DIM * 2, "ids": 32}
    cuts = [0, 1, 7, 8, 9, 16]  # eighths of a row, in either file
    for number, (matrix, ids) in enumerate(itertools.product(cuts, cuts)):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "before", folder)
        for file, eighths in (("matrix.f16", matrix), ("ids", ids)):
            size = one[file] * 2 + one[file] * eighths // 8
            (folder / "net-1" / file).write_bytes(full[file][:size])
        (folder / "net-1/manifest.tmp").write_text('{"version": 1, "rows": 4')
        with EmbeddingCache(folder, "net-1", DIM) as cache:
            assert len(cache) == 2 and cache.warning is None
            assert cache.rows(names(0, 1, 2)).tolist() == [0, 1, -1]
            cache.append(names(5), vectors(5))
            np.testing.assert_array_equal(cache.matrix(), vectors(0, 1, 5))
        assert (folder / "net-1/matrix.f16").stat().st_size == 3 * one["matrix.f16"]
        assert len(EmbeddingCache(folder, "net-1", DIM)) == 3


@pytest.mark.parametrize("file", ["matrix.f16", "ids"])
@pytest.mark.parametrize("left", [0.0, 0.4, 2.5])
def test_a_file_that_is_too_short_keeps_its_whole_rows_and_warns(
    tmp_path: Path, file: str, left: float
) -> None:
    filled(tmp_path, 0, 1, 2).close()
    path = tmp_path / "net-1" / file
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size / 3 * left)])
    with EmbeddingCache(tmp_path, "net-1", DIM) as cache:
        whole = int(left)
        assert len(cache) == whole
        assert f"{3 - whole} of 3 rows are lost" in str(cache.warning)
        cache.append(names(2, 1), vectors(2, 1))
        assert cache.rows(names(1)).tolist() != [-1]
        for row, number in zip(cache.rows(names(2, 1)), (2, 1), strict=True):
            np.testing.assert_array_equal(cache.matrix()[row], vector(number))
    assert EmbeddingCache(tmp_path, "net-1", DIM).warning is None


def test_a_missing_file_counts_as_empty(tmp_path: Path) -> None:
    filled(tmp_path, 0, 1).close()
    (tmp_path / "net-1" / "matrix.f16").unlink()
    cache = EmbeddingCache(tmp_path, "net-1", DIM)
    assert len(cache) == 0 and "2 of 2 rows" in str(cache.warning)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"rows": "many"}'])
def test_a_manifest_that_cannot_be_read_starts_over_with_a_warning(
    tmp_path: Path, text: str
) -> None:
    filled(tmp_path, 0, 1).close()
    (tmp_path / "net-1" / "manifest.json").write_text(text)
    with EmbeddingCache(tmp_path, "net-1", DIM) as cache:
        assert len(cache) == 0 and "cannot be read" in str(cache.warning)
        cache.append(names(1), vectors(1))
        np.testing.assert_array_equal(cache.matrix(), vectors(1))


WRITER = """
import sys; from pathlib import Path; import numpy as np
from models.embeddings.cache import EmbeddingCache
from tests.models.embeddings.test_cache import names, vectors
cache = EmbeddingCache(Path(sys.argv[1]), "net-1", 6)
print("ready", flush=True)
for start in range(len(cache), 2000, 5):
    cache.append(names(*range(start, start + 5)), vectors(*range(start, start + 5)))
"""


def test_a_writer_killed_at_any_moment_leaves_a_right_prefix(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sizes = [0]
    for _ in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        with writer:
            assert writer.stdout is not None and writer.stdout.readline()
            time.sleep(rng.uniform(0.02, 0.2))
            writer.kill()
        assert writer.returncode in (-signal.SIGKILL, 0)
        cache = EmbeddingCache(tmp_path, "net-1", DIM)
        assert cache.warning is None and len(cache) % 5 == 0
        sizes.append(len(cache))
        assert cache.rows(names(*range(len(cache)))).tolist() == list(range(len(cache)))
        np.testing.assert_array_equal(cache.matrix(), [vector(n) for n in range(len(cache))])
    assert sizes == sorted(sizes) and sizes[-1] > 0


# One writer, many readers


@pytest.mark.skipif(sys.platform == "win32", reason="no advisory lock there")
def test_a_second_writer_is_refused_until_the_first_closes(tmp_path: Path) -> None:
    first = filled(tmp_path, 0)
    second = EmbeddingCache(tmp_path, "net-1", DIM)
    assert second.rows(names(0)).tolist() == [0]  # reading needs no lock
    with pytest.raises(CacheLockedError, match="another Hone writes"):
        second.append(names(1), vectors(1))
    first.append(names(2), vectors(2))
    first.close()
    assert second.append(names(1, 2), vectors(1, 9)) == 1
    np.testing.assert_array_equal(second.matrix(), vectors(0, 2, 1))
    second.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no advisory lock there")
def test_another_process_is_refused_too(tmp_path: Path) -> None:
    with filled(tmp_path, 0):
        other = subprocess.run(
            [sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
        )
    assert other.returncode == 1 and "CacheLockedError" in other.stderr


def test_readers_see_only_whole_rows_while_one_writes(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, "net-1", DIM)
    wrong: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            rows = cache.rows(names(*range(0, 150, 7)))
            matrix = cache.matrix()
            for number, row in zip(range(0, 150, 7), rows, strict=True):
                if row >= 0 and not np.array_equal(matrix[row], vector(number)):
                    wrong.append(f"row {row} is not that of {number}")
            time.sleep(0.001)  # the writer needs the interpreter too

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for start in range(0, 150, 10):
        cache.append(names(*range(start, start + 10)), vectors(*range(start, start + 10)))
    done.set()
    for reader in readers:
        reader.join()
    cache.close()
    assert wrong == [] and len(cache) == 150
