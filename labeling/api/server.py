"""What the server does not do by itself."""

import asyncio
import gc
import signal
import socket
import sys
import threading
from contextlib import suppress
from types import FrameType

from labeling.api.connections import limit_connections
from labeling.api.memory import give_back_freed
from labeling.media.decoders import DECODERS

STOPPING = threading.Event()
# Seconds for which a computing thread may keep the interpreter while others want it. A request
# changes threads many times, and beside training it would wait for Python's 5 ms each time.
TURN = 0.0001
LET_IN = 0.5  # seconds after the start in which waiting clients are accepted
TIDY = 30.0  # seconds between two clean-ups of the heap


def prepare_server() -> None:
    """Limit connections, send replies at once, give way to requests, return freed memory.

    It also stops without waiting for those who wait for news, and gets ready to decode.

    Call it from the lifespan, when the server's socket and signal handlers exist.
    """
    limit_connections()
    _send_at_once()
    # Clients that tried before, as boards do during a restart, are accepted right after it.
    asyncio.get_running_loop().call_later(LET_IN, _send_at_once)
    sys.setswitchinterval(TURN)
    DECODERS.warm_up()  # the first image does not wait for its start
    STOPPING.clear()
    threading.Thread(target=_tidy, name="tidy", daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError):  # only the main thread may; elsewhere there are no signals
            _also_tell(number)


def _send_at_once() -> None:
    """Send the second part of a reply without waiting for the acknowledgement of the first.

    uvicorn writes a reply's head and body separately. Streamlit's listening socket is made in a way
    that keeps asyncio from setting TCP_NODELAY, so Nagle's algorithm would delay the body by
    40 ms. Accepted sockets inherit the option from the listening socket.
    """
    for one in gc.get_objects():
        if isinstance(one, socket.socket) and one.family in (socket.AF_INET, socket.AF_INET6):
            with suppress(OSError):  # closed meanwhile, or not TCP
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _tidy() -> None:
    while not STOPPING.wait(TIDY):
        give_back_freed()


def _also_tell(number: signal.Signals) -> None:
    """End waiting requests when the server stops: uvicorn would wait for them to finish."""
    before = signal.getsignal(number)

    def handler(number: int, frame: FrameType | None) -> None:
        STOPPING.set()
        if callable(before):
            before(number, frame)

    if callable(before):
        signal.signal(number, handler)
