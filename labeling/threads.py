"""Sharing the cores between embedding, training and serving."""

import os
import sys
import threading
from contextlib import suppress

NICE = 5
_DONE = threading.local()


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
    torch.set_num_threads(min(half, torch.get_num_threads()))
    threadpool_limits(half)
    if sys.platform == "linux":  # elsewhere a thread has no rank of its own
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
    _DONE.shared = True
