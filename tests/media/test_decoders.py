"""Tests for labeling.media.decoders: real processes, real damage, real kills."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labeling.errors import BusyError, ScarceError, UnreadableError
from labeling.media.decoders import ROOT, Decoders, Pixels
from labeling.media.image import SIZES, browser_copy, load_image
from labeling.media.worker import MEMORY
from models.encoders.preprocess import Framing
from tests import hostile
from tests.children import children, peak_bytes
from tests.conftest import no_files_left, picture

FRAMING = Framing((24, 24), (27, 27), "border", fill=(9, 8, 7))
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="other systems may not limit memory")

# What a decoder with a fault in its C code does to the process that it runs in.
FAULTY = """
import os, signal
import PIL.Image
whole, timer = PIL.Image.open, signal.setitimer
def faulty(file, *rest, **options):
    if b"DEADLY" in file.getvalue():
        os.abort()
    while b"ENDLESS" in file.getvalue():
        pass
    return whole(file, *rest, **options)
PIL.Image.open = faulty
signal.setitimer = lambda which, seconds: timer(which, seconds and 0.2)
"""


def png(number: int) -> bytes:
    return hostile.encoded(picture(number), "PNG")


def frame(decoders: Decoders, data: bytes, name: str = "a.png") -> Pixels:
    return decoders.frame(lambda: data, "image", name, FRAMING)


OTHERS: set[int] = set()


@pytest.fixture(autouse=True)
def others() -> None:
    """Other tests have shown images in this process before, and their decoders stay."""
    OTHERS.clear()
    OTHERS.update(children(os.getpid()))


def running() -> list[int]:
    """The processes of this one that decode for a test."""
    return [one for one in children(os.getpid()) if one not in OTHERS]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Decoders]]:
    """Opens decoders that are closed with the test."""
    all_: list[Decoders] = []

    def open_(count: int) -> Decoders:
        all_.append(Decoders(count))
        return all_[-1]

    yield open_
    for one in all_:
        one.close()


@pytest.fixture
def decoders(opened: Callable[[int], Decoders]) -> Decoders:
    return opened(1)


@pytest.fixture
def faulty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable[[int], Decoders]
) -> Decoders:
    (tmp_path / "sitecustomize.py").write_text(FAULTY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return opened(1)


def test_a_process_gives_what_this_one_would(decoders: Decoders) -> None:
    for number in range(4):
        data = png(number)
        expected = FRAMING(load_image(data, "a", FRAMING.least))
        np.testing.assert_array_equal(frame(decoders, data), expected)
        shown = decoders.preview(lambda data=data: data, "image", "a", "thumb")  # type: ignore[misc]
        assert shown == browser_copy(data, "a", "thumb")
    assert len(running()) == 1


def test_a_bad_file_is_told_with_its_reason_and_ends_no_process(decoders: Decoders) -> None:
    frame(decoders, png(0))
    before = running()
    with pytest.raises(UnreadableError, match=r"cat/a\.png: it is damaged"):
        frame(decoders, png(1)[:-60], "cat/a.png")
    with pytest.raises(UnreadableError, match="not an image"):
        frame(decoders, b"")
    frame(decoders, png(2))
    assert running() == before


def test_a_file_that_cannot_be_read_costs_no_place(decoders: Decoders) -> None:
    def gone() -> bytes:
        raise UnreadableError("a.png: cannot be opened")

    for _ in range(3):
        with pytest.raises(UnreadableError, match="cannot be opened"):
            decoders.preview(gone, "image", "a.png", "thumb")
    assert frame(decoders, png(0)).shape == (24, 24, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_process_that_is_killed_is_replaced_and_nothing_is_missing(decoders: Decoders) -> None:
    frame(decoders, png(0))
    (before,) = running()
    os.kill(before, signal.SIGKILL)
    np.testing.assert_array_equal(
        frame(decoders, png(1)), FRAMING(load_image(png(1), "a", FRAMING.least))
    )
    assert before not in running()


def test_the_file_that_kills_its_decoder_is_named_and_others_go_on(faulty: Decoders) -> None:
    with pytest.raises(UnreadableError, match=r"bad\.png: its decoder broke down \(exit"):
        frame(faulty, png(0) + b"DEADLY", "bad.png")
    assert frame(faulty, png(1)).shape == (24, 24, 3)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers there")
def test_the_file_that_takes_too_long_is_named_and_others_go_on(faulty: Decoders) -> None:
    with pytest.raises(UnreadableError, match=r"slow\.png: it takes more than 60 seconds"):
        frame(faulty, png(0) + b"ENDLESS", "slow.png")
    assert frame(faulty, png(1)).shape == (24, 24, 3)


@LINUX
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (partial(hostile.tiled_tiff, 60_000), r"it needs more than 1\.5 GB of memory to decode"),
        (partial(hostile.solid_png, 1, 119_000_000), "no side may have more than 200,000"),
        (
            partial(hostile.solid_png, 11_900, 10_000, 16, 6),
            r"takes 1\.4 GB, more than the",
        ),
    ],
    ids=["tile", "strip", "deep"],
)
def test_a_file_that_would_fill_the_memory_is_named_and_ends_no_process(
    decoders: Decoders, make: Callable[[], bytes], reason: str
) -> None:
    frame(decoders, png(0))
    before, data = running(), make()
    for size in ("thumb", "full"):
        with pytest.raises(UnreadableError, match=rf"bomb: .*{reason}"):
            decoders.preview(lambda: data, "image", "bomb", size)
    with pytest.raises(UnreadableError, match=rf"bomb: .*{reason}"):
        frame(decoders, data, "bomb")
    assert frame(decoders, png(1)).shape == (24, 24, 3)
    assert running() == before and peak_bytes(before[0]) < 300_000_000


@LINUX
@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((12_000, 10_000, 8, 6), "view"),
        ((12_000, 8_000, 16, 6), "view"),
        ((600, 200_000, 8, 3), "view"),
        ((1, 200_000), "full"),
        ((200_000, 1), "full"),
    ],
    ids=["alpha", "deep", "tall palette", "thin", "flat"],
)
def test_the_largest_images_within_the_limits_are_shown_and_framed_within_the_memory(
    decoders: Decoders, shape: tuple[int, ...], size: str
) -> None:
    data = hostile.solid_png(*shape)
    if min(shape[:2]) < 1000:  # scaled to its shorter side, it would be far too long
        assert frame(decoders, data).shape == (24, 24, 3)
    shown = decoders.preview(lambda: data, "image", "a", size)
    with Image.open(io.BytesIO(shown)) as image:
        assert max(image.size) == SIZES[size]
    assert peak_bytes(running()[0]) < MEMORY


def test_many_at_once_wait_for_as_many_processes_as_there_are(
    opened: Callable[[int], Decoders],
) -> None:
    decoders, held, most = opened(2), 0, 0

    def read(number: int) -> bytes:
        nonlocal held, most
        held += 1
        most = max(most, held)
        time.sleep(0.01)
        held -= 1
        return png(number)

    with ThreadPoolExecutor(12) as pool:
        framed = list(
            pool.map(lambda n: decoders.frame(partial(read, n), "image", "a", FRAMING), range(24))
        )
    assert len(framed) == 24 and most <= 2 and len(running()) <= 2


def test_a_process_that_cannot_start_is_no_fault_of_an_image(
    decoders: Decoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        (tmp_path / "sitecustomize.py").write_text("import os; os._exit(3)")
        patch.setenv("PYTHONPATH", str(tmp_path))
        with pytest.raises(BusyError, match=r"does not start \(exit status 3\)"):
            frame(decoders, png(0))
    assert frame(decoders, png(0)).shape == (24, 24, 3)


def test_closed_decoders_leave_no_process_and_blame_no_image(decoders: Decoders) -> None:
    frame(decoders, png(0))
    decoders.close()
    assert running() == []
    with pytest.raises(BusyError, match="closing"):
        frame(decoders, png(0))


def test_a_process_is_ready_before_it_is_needed(decoders: Decoders) -> None:
    decoders.warm_up()
    before = running()
    frame(decoders, png(0))
    assert len(before) == 1 and running() == before


ORPHAN = """
import os
from labeling.media.decoders import Decoders
decoders = Decoders(1)
decoders.warm_up()
os.system(f"pgrep -P {os.getpid()} -f labeling.media.worker")
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_no_process_outlives_a_server_that_was_killed() -> None:
    command = [sys.executable, "-c", ORPHAN]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        orphan = int(server.stdout.readline())
        server.stdout.read()
    with pytest.raises(ProcessLookupError):
        for _ in range(2000):
            os.kill(orphan, 0)
            time.sleep(0.01)


def test_where_no_process_can_be_opened_no_image_is_blamed(decoders: Decoders) -> None:
    with no_files_left(), pytest.raises(ScarceError):
        frame(decoders, png(1))
    assert frame(decoders, png(1)).shape == (24, 24, 3)
