"""Connections: how long and how large the head of a request may be, and how many are open."""

import asyncio
import gc
import logging
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from labeling.api.sockets import Socket
from labeling.errors import SCARCE

LARGEST_HEAD = 64 * 1024  # bytes of the first line and all headers of a request
LONGEST_HEAD = 10.0  # seconds in which they have to arrive
MOST_AT_ONCE = 32  # requests over one connection that wait for their turn
MOST_FILES = 65_536  # that Hone asks the system for
MOST_KEPT = 4_096  # of them that no connection takes
MOST_WAITING = 2_048  # connections that are accepted at once
QUIET = 60.0  # seconds between two lines in the log about the same

LOG = logging.getLogger(__name__)


class Connection(HttpToolsProtocol):
    """A connection of uvicorn, which by itself waits and grows without limit for a head.

    `highest` is the number of the last file that a connection may be. The system gives the lowest
    one that is free, so a higher one means that the files run out.
    """

    highest = MOST_FILES

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse a connection that would take a file from the rest of Hone."""
        self._head = 0
        self._deadline: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        if transport.get_extra_info("socket").fileno() > self.highest:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._end()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Start the clock, unless the connection itself has just done so."""
        if len(self.pipeline) > MOST_AT_ONCE:
            raise ValueError("too many requests at once")  # httptools stops, and uvicorn refuses
        super().on_message_begin()
        if self._deadline is None:
            self._begin()

    def on_headers_complete(self) -> None:
        """Stop the clock."""
        self._end()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Count what comes before the head is complete; httptools keeps all of it."""
        super().data_received(data)
        if self._deadline is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _begin(self) -> None:
        self._head = 0
        self._deadline = self.loop.call_later(LONGEST_HEAD, self._late)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus) -> None:
        self._end()
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-length: 0"
        self.transport.write(f"{head}\r\n\r\n".encode())
        self.transport.close()


def limit_connections() -> None:
    """Let uvicorn, which Streamlit starts, make such connections; it does not listen yet.

    Half of the files that the system allows stay free for images and databases.
    """
    files = _as_many_files_as_possible()
    kept = min(files // 2, MOST_KEPT)
    Connection.highest = files - kept
    for one in gc.get_objects():
        if isinstance(one, uvicorn.Config):
            one.http_protocol_class, one.ws_protocol_class = Connection, Socket
            one.backlog = min(kept // 2, MOST_WAITING)  # so many take files before one is refused
    asyncio.get_running_loop().set_exception_handler(_Quietly(files))


def _as_many_files_as_possible() -> int:
    """Raise the limit to what the system allows at most; the limit then."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return MOST_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MOST_FILES if soft == resource.RLIM_INFINITY else soft
    with suppress(ValueError, OSError):  # macOS allows less than it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class _Quietly:
    """An event loop's handler of errors: a line a minute where it has no files left.

    By itself it writes a traceback for each connection that waits.
    """

    def __init__(self, files: int) -> None:
        self._files, self._again = files, 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in SCARCE:
            loop.default_exception_handler(context)
        elif time.monotonic() >= self._again:
            self._again = time.monotonic() + QUIET
            LOG.warning(
                "Hone can open no more files (%s; the limit is %d), so new connections wait. "
                "Raise the limit, as with “ulimit -n 4096”.",
                error.strerror,
                self._files,
            )
