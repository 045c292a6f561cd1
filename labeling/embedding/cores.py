"""Sharing the cores between embedding, training and serving."""

import os
import threading

_DONE = threading.local()
_AT_START: list[int] = []  # a new thread starts with what any thread has set last


def share_cores() -> None:
    """Let this thread's sums use half of the cores at most; call it in each worker thread.

    Two pools of BLAS threads that each want every core make everything several times slower. Their
    priority is not lowered: a thread that is paused while it holds the interpreter delays every
    request.
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
    _DONE.shared = True


def cores_for_decoding(in_background: bool) -> int:
    """Threads that decode: the half of the cores that `share_cores` leaves, or all of them."""
    cores = os.cpu_count() or 1
    return max(1, cores - cores // 2) if in_background else max(2, cores)
