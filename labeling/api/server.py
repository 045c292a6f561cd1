"""Four things that the server around these routes does not do by itself."""

import asyncio
import gc
import signal
import socket
import sys
import threading
from contextlib import suppress
from types import FrameType

from labeling.api.memory import give_back_freed

STOPPING = threading.Event()
# Seconds for which a thread that computes may keep the interpreter while others want it. A request
# changes hands many times, and beside training it would wait for Python's 5 ms each time.
TURN = 0.0001
LET_IN = 0.5  # seconds after the start in which waiting clients are let in
TIDY = 30.0  # seconds from one look through the heap to the next


def prepare_server() -> None:
    """Send replies at once, give way to requests, keep no freed memory, stop without waiting.

    To be called from the lifespan, when the server's socket and signal handlers are in place.
    """
    _send_at_once()
    # Clients that tried before that, as boards do during a restart, are let in right after.
    asyncio.get_running_loop().call_later(LET_IN, _send_at_once)
    sys.setswitchinterval(TURN)
    STOPPING.clear()
    threading.Thread(target=_tidy, name="tidy", daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError):  # only the main thread may; elsewhere nobody sends signals
            _also_tell(number)


def _send_at_once() -> None:
    """Let no reply wait for the acknowledgement of its own first half.

    uvicorn writes a reply's head and body apart. Streamlit makes its listening socket in a way that
    keeps asyncio from setting TCP_NODELAY, so the body would stay behind for 40 ms, as Nagle's
    algorithm has it. Accepted sockets inherit the option from the listening socket.
    """
    for one in gc.get_objects():
        if isinstance(one, socket.socket) and one.family in (socket.AF_INET, socket.AF_INET6):
            with suppress(OSError):  # closed meanwhile, or not TCP
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _tidy() -> None:
    while not STOPPING.wait(TIDY):
        give_back_freed()


def _also_tell(number: signal.Signals) -> None:
    """uvicorn finishes every request before it ends, and those who wait for news would delay it."""
    before = signal.getsignal(number)

    def handler(number: int, frame: FrameType | None) -> None:
        STOPPING.set()
        if callable(before):
            before(number, frame)

    if callable(before):
        signal.signal(number, handler)
