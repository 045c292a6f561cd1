"""The processes that decode for another one, and their memory, as Linux tells it."""

import subprocess
from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """The processes that decode for one."""
    found = subprocess.run(
        ["pgrep", "-P", str(pid), "-f", "labeling.media.worker"], capture_output=True, text=True
    )
    return [int(one) for one in found.stdout.split()]


def child_peaks(pid: int) -> list[int]:
    """The most memory that each of them ever had; those that have ended are left out."""
    found = []
    for child in children(pid):
        with suppress(OSError, StopIteration):
            found.append(peak_bytes(child))
    return found


def peak_bytes(pid: int) -> int:
    """The most memory that a process ever had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
