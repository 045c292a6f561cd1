"""Zips from anywhere: those that would grow without end are not read."""

import os
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from labeling.errors import PoolError
from labeling.pool import zips
from labeling.pool.opening import open_source
from labeling.pool.zips import STEP, bomb, content
from tests.hostile import growing_zip, lying_zip, overlapping_zip
from tests.pool.conftest import scanned


def reason(file: Path) -> str | None:
    with zipfile.ZipFile(file) as archive:
        return bomb(archive)


def test_entries_that_share_their_bytes_are_seen(tmp_path: Path) -> None:
    assert reason(overlapping_zip(tmp_path / "a.zip", 1)) is None
    assert reason(overlapping_zip(tmp_path / "b.zip", 200)) == "its entries overlap"


def test_a_zip_that_grows_beyond_use_is_seen_and_named_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = growing_zip(tmp_path / "a.zip", 3)
    assert reason(file) is None  # 30 MB are no harm, however small they came
    monkeypatch.setattr(zips, "ALWAYS_READ", 20_000_000)
    assert reason(file) == "it would grow from 0.0 to 30 MB"
    with pytest.raises(PoolError, match=r"a\.zip is not read: it would grow .* unpack it"):
        open_source(file)


def test_a_zip_that_grows_as_drawings_do_is_read_whatever_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "ALWAYS_READ", 0)
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bmp", os.urandom(1_000) * 20)
    assert reason(tmp_path / "b.zip") is None


def test_a_zip_of_more_entries_than_memory_should_hold_is_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = overlapping_zip(tmp_path / "a.zip", 300)
    monkeypatch.setattr(zips, "MOST_ENTRIES", 300)
    with pytest.raises(PoolError, match="overlap"):
        open_source(file)
    monkeypatch.setattr(zips, "MOST_ENTRIES", 299)
    monkeypatch.setattr(zipfile.ZipInfo, "__init__", lambda *_: pytest.fail("it was read"))
    with pytest.raises(PoolError, match="more than 299 entries; make several zips of it"):
        open_source(file)
    monkeypatch.setattr(zips, "LARGEST_DIRECTORY", 1000)
    with pytest.raises(PoolError, match="more than 299 entries"):
        open_source(file)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_entry_that_lies_about_its_size_takes_no_more_memory_than_it_says(
    tmp_path: Path, method: int
) -> None:
    """Python bounds only deflate, and only by what is asked for at once."""
    file = lying_zip(tmp_path / "a.zip", "a.png", 100, 100, method)
    assert reason(file) is None and file.stat().st_size < 150_000
    tracemalloc.start()
    try:
        (found,) = scanned(file).values()
        source = open_source(file)
        with suppress(zipfile.BadZipFile):
            assert source.read("a.png") == bytes(100)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    refused = "packed by" if method != zipfile.ZIP_DEFLATED else "not an image"
    assert refused in str(found.problem)


def test_no_more_of_an_entry_is_read_than_wanted(tmp_path: Path) -> None:
    with zipfile.ZipFile(growing_zip(tmp_path / "a.zip", 1)) as archive:
        assert len(content(archive, "0.png", 3_000_000)) < 3_000_000 + 2 * STEP
        assert content(archive, "0.png", 10_000_000) == bytes(10_000_000)
