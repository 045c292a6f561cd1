"""The limits of this machine: memory bandwidth and arithmetic; and the memory of a process."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

COPIED_BYTES = 1 << 29
SIDE = 3072  # of the multiplied matrices
RUNS = 5


@dataclass(frozen=True)
class Machine:
    """The best of several runs: bytes read or written a second, and float32 operations."""

    cores: int
    memory_gb: float
    bandwidth: float
    arithmetic: float

    @classmethod
    def measure(cls, device: str) -> "Machine":
        """Time a big copy and a big product."""
        source = torch.ones(COPIED_BYTES // 4, device=device)
        target = torch.empty_like(source)
        square = torch.rand(SIDE, SIDE, device=device)
        product = torch.empty_like(square)
        copying = _best(lambda: target.copy_(source), device)
        multiplying = _best(lambda: torch.mm(square, square, out=product), device)
        return cls(
            os.cpu_count() or 1,
            os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
            2 * COPIED_BYTES / copying,
            2 * SIDE**3 / multiplying,
        )

    def least_seconds(self, rows: int, width: int, k: int) -> float:
        """The least time to read float16 `rows` once and multiply them with K weights."""
        return max(2 * rows * width / self.bandwidth, 2 * rows * width * k / self.arithmetic)


def _best(work: Callable[[], object], device: str) -> float:
    """Seconds of the fastest run."""
    seconds = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        work()
        if torch.device(device).type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def resident_mb() -> float:
    """Memory of this process that is resident now."""
    return _status("VmRSS")


def peak_mb() -> float:
    """The most memory that was resident since the process started."""
    return _status("VmHWM")


def _status(name: str) -> float:
    """A figure of Linux's process status, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError(f"{name} is not in the status of this process; run this on Linux")
