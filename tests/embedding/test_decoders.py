"""Tests for labeling.embedding.decoders: real processes, real damage, real kills."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from labeling.embedding.decoders import ROOT, Decoders, Item, decode
from labeling.errors import ScarceError, UnreadableImageError
from labeling.pool.folder import FolderSource
from labeling.pool.scan import scan
from models.encoders.preprocess import Framing
from tests.conftest import fill, no_files_left

FRAMING = Framing((24, 24), (27, 27))

# What a decoder with a fault in its C code does to the process that it runs in.
FAULTY = """
import os
import PIL.Image
whole = PIL.Image.open
def faulty(file, *rest, **options):
    if b"DEADLY" in file.getvalue():
        os.abort()
    return whole(file, *rest, **options)
PIL.Image.open = faulty
"""


@pytest.fixture
def source(tmp_path: Path) -> FolderSource:
    return FolderSource(fill(tmp_path / "images", 9))


def items_of(source: FolderSource) -> list[Item]:
    return [(found.sample_id or "", (found.path,)) for found in scan(source, {})]


@pytest.fixture
def decoders(source: FolderSource) -> Iterator[Decoders]:
    with closing(Decoders(source, FRAMING, 1, kind=True)) as opened:
        yield opened


def test_a_process_gives_the_pixels_that_this_one_gives(
    source: FolderSource, decoders: Decoders
) -> None:
    items = items_of(source)
    for part in (items[:4], items[4:]):
        np.testing.assert_array_equal(decoders(part), decode(source, FRAMING, part))


def test_each_bad_file_is_told_with_its_reason(source: FolderSource, decoders: Decoders) -> None:
    items = items_of(source)
    (source.location / items[2][1][0]).write_bytes(b"\x89PNG\r\n\x1a\n, and then nothing")
    (source.location / items[5][1][0]).unlink()
    found = decoders([*items, ("0" * 64, ())])
    wrong = {place: str(one) for place, one in enumerate(found) if isinstance(one, Exception)}
    assert set(wrong) == {2, 5, 9}
    assert all(isinstance(found[place], UnreadableImageError) for place in wrong)
    assert "changed after it was scanned" in wrong[2]
    assert "cannot be opened" in wrong[5] and "no longer in the pool" in wrong[9]


def test_a_pool_that_is_gone_is_told_for_each_and_kills_no_process(
    source: FolderSource, decoders: Decoders
) -> None:
    items = items_of(source)
    source.location.rename(source.location.with_name("elsewhere"))
    found = decoders(items)
    assert len(found) == 9 and all("check the path" in str(one) for one in found)


def test_a_process_that_is_killed_is_replaced_and_nothing_is_missing(
    source: FolderSource, decoders: Decoders
) -> None:
    items = items_of(source)
    decoders(items[:1])
    children = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "labeling.embedding.decoders"],
        capture_output=True,
        text=True,
    )
    for child in children.stdout.split():
        os.kill(int(child), signal.SIGKILL)
    np.testing.assert_array_equal(decoders(items), decode(source, FRAMING, items))


def test_the_file_that_kills_its_decoder_is_left_out_and_the_others_are_not(
    source: FolderSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (source.location / "img3.png").open("ab") as file:
        file.write(b"DEADLY")
    items = items_of(source)
    (tmp_path / "faulty").mkdir()
    (tmp_path / "faulty" / "sitecustomize.py").write_text(FAULTY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "faulty"))
    with closing(Decoders(source, FRAMING, 2, kind=False)) as decoders:
        found = decoders(items)
    bad = [place for place, one in enumerate(found) if isinstance(one, Exception)]
    assert [items[place][1] for place in bad] == [("img3.png",)]
    assert "its decoder broke down" in str(found[bad[0]])


ORPHAN = """
import os, sys
from pathlib import Path
from labeling.embedding.decoders import Decoders
from labeling.pool.opening import open_source
from labeling.pool.scan import scan
from models.encoders.preprocess import Framing
source = open_source(Path(sys.argv[1]))
decoders = Decoders(source, Framing((24, 24), (27, 27)), 1, kind=True)
decoders([(found.sample_id, (found.path,)) for found in scan(source, {})])
process = decoders._idle.get()
print(process._process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_no_process_outlives_a_server_that_was_killed(source: FolderSource) -> None:
    command = [sys.executable, "-c", ORPHAN, str(source.location)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        orphan = int(server.stdout.readline())
        server.stdout.read()  # to its end, which comes with the last process that holds it
    with pytest.raises(ProcessLookupError):
        for _ in range(200):
            os.kill(orphan, 0)
            os.sched_yield()
            subprocess.run(["sleep", "0.01"], check=True)


def test_no_sample_is_unreadable_because_files_ran_out(tmp_path: Path) -> None:
    source = FolderSource(fill(tmp_path / "pool", 1))
    (found,) = scan(source, {})
    items = [(str(found.sample_id), [found.path])]
    with no_files_left(), pytest.raises(ScarceError):
        decode(source, FRAMING, items)
    assert not isinstance(decode(source, FRAMING, items)[0], Exception)
