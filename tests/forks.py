"""Processes that a test may kill, forked from one that has imported once for all of them."""

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess

# All that a server imports until its first round, but the script that Streamlit runs anew, and all
# that the victims of `benchmarks.faults` need.
PRELOADED = [
    "benchmarks.fault_victims",
    "labeling.api",
    "labeling.embedding.ingest",
    "labeling.screens.shell",
    "labeling.workspace",
    "models.head.choice",
    "streamlit.web.cli",
]


def forks() -> ForkServerContext:
    """What starts them; there is one process that forks for all."""
    context = get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def fork(work: Callable[..., object], *arguments: object) -> tuple[BaseProcess, Connection]:
    """A process at work, and what it sends into the connection that `work` gets last.

    It ends with this process, should a test fail before it has killed it.
    """
    ours, theirs = forks().Pipe(duplex=False)
    process = forks().Process(target=work, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours
