"""Sharing the cores between embedding, training and serving."""

import os
import sys
import threading
from contextlib import suppress

NICE = 5
_DONE = threading.local()
_AT_START: list[int] = []  # a thread that is new begins with what any other has set last


def share_cores() -> None:
    """Let this thread's sums use half of the cores at most; to be called in each worker thread.

    Two pools of BLAS threads that each want every core make everything several times slower. And
    who answers a request, or paints an image on this machine, goes before.
    """
    if getattr(_DONE, "shared", False):
        return
    import torch
    from threadpoolctl import threadpool_limits

    half = max(1, (os.cpu_count() or 1) // 2)
    if not _AT_START:
        _AT_START.append(torch.get_num_threads())
    torch.set_num_threads(min(half, _AT_START[0]))
    threadpool_limits(half)
    if sys.platform == "linux":  # elsewhere a thread has no rank of its own
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
    _DONE.shared = True


def cores_for_decoding(in_background: bool) -> int:
    """Threads that decode: the half of the cores that `share_cores` leaves, or all of them."""
    cores = os.cpu_count() or 1
    return max(1, cores - cores // 2) if in_background else max(2, cores)
