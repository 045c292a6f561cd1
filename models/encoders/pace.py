"""Pace: how often a second some work can be done."""

import time
from collections.abc import Callable


def pace(work: Callable[[], object], size: int, seconds: float, *, warms_up: bool = False) -> float:
    """Samples a second of `work` on `size` samples, done as often as fits into `seconds`.

    The first time does not count, unless it takes all the seconds; where the device `warms_up`,
    searching for its fastest kernels, it never counts.
    """
    begin = time.perf_counter()
    work()
    first = 0.0 if warms_up else time.perf_counter() - begin
    if first >= seconds:
        return size / first
    begin, done = time.perf_counter(), 0
    while done == 0 or time.perf_counter() - begin < seconds - first:
        work()
        done += size
    return done / (time.perf_counter() - begin)
