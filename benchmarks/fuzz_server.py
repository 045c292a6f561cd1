"""A server that is attacked over raw connections, and what must not happen to it."""

import atexit
import base64
import re
import shutil
import socket
import sys
import tempfile
import time
from collections import deque
from contextlib import suppress
from functools import cache
from pathlib import Path

from labeling.media.worker import MEMORY
from tests.children import peak_bytes
from tests.conftest import fill
from tests.journeys.serving import Server

PAUSE = 0.05  # seconds without a reply after which it is taken for complete
LONGEST_REPLY = 2.0  # seconds that are read
LONGEST_GOOD = 10.0  # seconds in which a good request is answered, whatever went before
LONGEST_OPEN = 75.0  # seconds after which the server has closed a connection that says no more
MOST_OPEN = 200  # that are watched
GOOD = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Attacked:
    """A running server of a small pool."""

    def __init__(self) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="hone-attacked-"))
        atexit.register(self._end)
        self._server = Server(self._place / "home", fill(self._place / "pool", 2))
        self._server.start()
        self._open: deque[tuple[float, socket.socket]] = deque()
        self._told = 0  # bytes of the log that were read

    def send(self, data: bytes) -> None:
        """Send one input; raises AssertionError if it does what no input may do."""
        connection = self._connect()
        reply = _exchange(connection, data, PAUSE)
        if len(self._open) < MOST_OPEN:
            self._open.append((time.monotonic(), connection))
        else:
            connection.close()
        assert not re.search(rb"HTTP/1\.[01] 500", reply), reply
        with self._connect() as good:
            assert b" 200 " in _exchange(good, GOOD, LONGEST_GOOD), "no reply to a good request"
        log = self._server.log.read_bytes()
        assert b"Traceback" not in log[self._told :], log[self._told :].decode(errors="replace")
        self._told = len(log)
        if sys.platform == "linux":
            assert peak_bytes(self._server.pid) < MEMORY, "the server takes too much memory"
        self._look_at_the_oldest()

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._server.port), LONGEST_GOOD)

    def _look_at_the_oldest(self) -> None:
        """The server has limits of time for whatever a client does not send."""
        while self._open and time.monotonic() - self._open[0][0] > LONGEST_OPEN:
            _, connection = self._open.popleft()
            connection.settimeout(0.0)
            with connection, suppress(ConnectionError):
                try:
                    while connection.recv(65_536):
                        pass
                except BlockingIOError:
                    raise AssertionError("a silent connection stays open") from None

    def _end(self) -> None:
        for _, connection in self._open:
            connection.close()
        self._server.kill()
        shutil.rmtree(self._place, ignore_errors=True)


attacked = cache(Attacked)  # one for all inputs


def _exchange(connection: socket.socket, data: bytes, pause: float) -> bytes:
    """Send, and read until nothing comes."""
    connection.settimeout(pause)
    reply, end = b"", time.monotonic() + LONGEST_REPLY
    with suppress(ConnectionError, TimeoutError):
        connection.sendall(data)
        while time.monotonic() < end and (part := connection.recv(65_536)):
            reply += part
    return reply


def requests() -> list[bytes]:
    """Good requests: of a page, its socket, a script, a proxy and a link."""
    key = base64.b64encode(b"x" * 16)
    cookies = b"Cookie: _streamlit_xsrf=2|a|b|1; _streamlit_user=x; hone_0=a.b.c\r\n"
    of_a_page = b"Host: localhost\r\nOrigin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n"
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    upgrade += b"Sec-WebSocket-Protocol: streamlit, a, b\r\nSec-WebSocket-Key: " + key + b"\r\n"
    proxied = b"X-Forwarded-For: 203.0.113.9, 10.0.0.1\r\nX-Forwarded-Host: a.example\r\n"
    proxied += b"X-Forwarded-Proto: https\r\nForwarded: for=1.2.3.4\r\n"
    body = b'{"answers":[]}'
    length = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    chunked = b"Transfer-Encoding: chunked\r\n"
    bearer = b"Authorization: Bearer a.b.c\r\n"
    parts = b"e\r\n" + body + b"\r\n0\r\n\r\n"
    return [
        b"GET / HTTP/1.1\r\n" + of_a_page + cookies + b"Accept-Encoding: gzip\r\n\r\n",
        b"GET /_stcore/stream HTTP/1.1\r\n" + of_a_page + cookies + upgrade + b"\r\n",
        b"GET /api/status?after=1&wait=0 HTTP/1.1\r\nHost: a\r\n" + bearer + proxied + b"\r\n",
        b"POST /api/answers HTTP/1.1\r\n" + of_a_page + bearer + length + b"\r\n" + body,
        b"POST /api/answers HTTP/1.1\r\n" + of_a_page + bearer + chunked + b"\r\n" + parts,
        b"GET /join/%41%C3%A4 HTTP/1.1\r\nHost: [::1]:80\r\n" + proxied + cookies + b"\r\n",
        b"GET /media/a.zip?x=%20 HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9\r\n" + proxied + b"\r\n",
        b"PUT /_stcore/upload_file/a/b HTTP/1.1\r\n"
        + of_a_page
        + cookies
        + length
        + b"\r\n"
        + body,
        b"GET /api/samples/0/view?token=a.b.c HTTP/1.0\r\nIf-None-Match: *\r\n\r\n" + GOOD,
    ]
