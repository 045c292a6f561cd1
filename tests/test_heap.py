"""Freed memory goes back to the system."""

import os
import platform
from pathlib import Path

import pytest

from labeling.heap import give_back_freed


def resident() -> float:
    """MB of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library can do it")
def test_what_was_freed_between_things_that_stay_goes_back() -> None:
    give_back_freed()
    # Below the size that is mapped by itself, each before something that stays.
    freed, staying = list[bytearray](), list[bytearray]()
    for _ in range(3000):
        freed.append(bytearray(b"x" * 60_000))
        staying.append(bytearray(b"y" * 600))
    del freed
    before = resident()
    assert give_back_freed()
    assert resident() < before - 100
