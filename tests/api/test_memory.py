"""Freed memory goes back to the system."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

# What a worker of the test run has freed before takes in what is allocated here, so that the size
# of the process says nothing: it is measured in one of its own.
FREE_BETWEEN_WHAT_STAYS = """
import os
from pathlib import Path
from labeling.api.memory import give_back_freed

def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20

# Below the size that is mapped by itself, each before something that stays.
freed, staying = [], []
for _ in range(3000):
    freed.append(bytearray(b"x" * 60_000))
    staying.append(bytearray(b"y" * 600))
held = resident()
del freed
kept = resident()
print(held, kept, give_back_freed(), resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library can do it")
def test_what_was_freed_between_things_that_stay_goes_back() -> None:
    told = subprocess.run(
        [sys.executable, "-c", FREE_BETWEEN_WHAT_STAYS],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    held, kept, gave, left = int(told[0]), int(told[1]), told[2], int(told[3])
    assert gave == "True"
    assert left < held - 150  # of 170 MB freed
    assert kept > held - 50, "the C library gives it back by itself: the call is not needed"
