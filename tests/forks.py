"""Processes that a test may kill, forked from one that has imported torch once for all of them."""

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

PRELOADED = ["benchmarks.fault_victims"]  # as `benchmarks.faults`, which shares it


def fork(work: Callable[..., object], *arguments: object) -> tuple[BaseProcess, Connection]:
    """A process at work, and what it sends into the connection that `work` gets last.

    It ends with this process, should a test fail before it has killed it.
    """
    forks = get_context("forkserver")
    forks.set_forkserver_preload(PRELOADED)
    ours, theirs = forks.Pipe(duplex=False)
    process = forks.Process(target=work, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours
