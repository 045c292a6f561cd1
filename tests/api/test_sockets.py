"""Sockets of pages: what is sent over one fills no memory, on the server as it runs."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed

from labeling.api.sockets import LARGEST_MESSAGE, LARGEST_OF_STRANGER
from labeling.people.tokens import cookie_name
from tests.api import test_safety
from tests.api.test_safety import ELSEWHERE, Target, seen, target

__all__ = ["target"]

MUCH = 40_000_000  # bytes; nobody gets rid of half of it, as the system keeps some megabytes
CONTINUED, TEXT, BINARY, PING = 0, 1, 2, 9
HANDSHAKE = (
    "GET /_stcore/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n"
)


def frame(kind: int, content: bytes = b"", *, size: int | None = None, last: bool = True) -> bytes:
    """A frame as a browser sends it, masked with zeros; it may say that it is larger."""
    size = len(content) if size is None else size
    return struct.pack("!BBQ", kind | 0x80 * last, 0xFF, size) + bytes(4) + content


def click(size: int = 0) -> bytes:
    """What a page sends for a click, with so many letters in one of its fields."""
    asked = BackMsg()
    asked.rerun_script.query_string = ""
    field = asked.rerun_script.widget_states.widgets.add()
    field.id, field.string_value = "text", "x" * size
    return asked.SerializeToString()


@contextmanager
def raw_socket(target: Target) -> Iterator[socket.socket]:
    """A stranger's socket, to send anything over, from which little is read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", target.server.port))
    with connection:
        connection.sendall(HANDSHAKE.encode() + b"X-Forwarded-For: 203.0.113.9\r\n\r\n")
        told = b""
        while not told.endswith(b"\r\n\r\n"):
            told += connection.recv(1)
        yield connection


def sent(connection: socket.socket, piece: bytes) -> int:
    """How much of a piece without end the server takes before it closes."""
    count = 0
    with suppress(ConnectionError):
        while count < MUCH:
            count += connection.send(piece)
    return count


def member(target: Target) -> dict[str, str]:
    """The headers of somebody who has opened an invitation, elsewhere."""
    token, _, _ = target.member("ann")
    return ELSEWHERE | {"Cookie": f"{cookie_name(target.key)}={token}"}


def is_taken(target: Target, headers: dict[str, str], size: int) -> bool:
    """Whether the socket is still open after a message of that size."""
    with test_safety.socket(target, headers) as opened:
        try:
            opened.send(click(size))
            return bool(opened.recv(timeout=30))
        except ConnectionClosed:
            return False


ENDLESS = {
    "one frame": (frame(BINARY, size=100_000_000), bytes(65_536)),
    "many pieces": (frame(BINARY, last=False), frame(CONTINUED, b"x" * 50, last=False) * 500),
    "empty pieces": (frame(BINARY, last=False), frame(CONTINUED, last=False) * 2000),
    "pings": (b"", frame(PING, b"x" * 100) * 500),
    "pings between pieces": (
        frame(BINARY, last=False),
        (frame(CONTINUED, last=False) + frame(PING)) * 1000,
    ),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_message_without_end_is_cut(target: Target, kind: str) -> None:
    begin, piece = ENDLESS[kind]
    with raw_socket(target) as connection:
        connection.sendall(begin)
        assert sent(connection, piece) < MUCH / 2


def test_more_messages_than_anybody_clicks_are_cut(target: Target) -> None:
    """43,000 fit into what the system gives at once, and each is handled before anything else."""
    with raw_socket(target) as connection:
        assert sent(connection, frame(BINARY, click()) * 2000) < MUCH / 2
    assert target.ask("/api/health")[0] == 200


def test_answers_to_pings_that_nobody_reads_are_not_kept(target: Target) -> None:
    with raw_socket(target) as connection:
        pings = frame(PING, b"x" * 120) * 100
        with suppress(ConnectionError):
            for _ in range(MUCH // len(pings)):
                connection.sendall(pings + frame(BINARY))
        read = 0
        connection.settimeout(3)
        with suppress(ConnectionError, TimeoutError):
            while part := connection.recv(65_536):
                read += len(part)
        assert read < MUCH / 2


def test_text_is_refused_without_a_traceback(target: Target) -> None:
    with raw_socket(target) as connection:
        connection.sendall(frame(TEXT, b"hello"))
        with suppress(ConnectionError):
            while connection.recv(65_536):
                pass
    assert b"Traceback" not in target.server.log.read_bytes()


@pytest.mark.parametrize("odd", ["X-Long: " + "x" * 10_000, "X: a\r\n" * 200, "A\x7f: b", "A: \0"])
def test_a_head_that_only_the_socket_cannot_read_is_refused_without_a_traceback(
    target: Target, odd: str
) -> None:
    with socket.create_connection(("127.0.0.1", target.server.port), timeout=20) as connection:
        connection.sendall(HANDSHAKE.encode() + odd.strip().encode() + b"\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400")
    assert b"Traceback" not in target.server.log.read_bytes()


def test_a_stranger_sends_less_at_once_than_a_member(target: Target) -> None:
    ann = member(target)
    assert is_taken(target, ELSEWHERE, 1000) and is_taken(target, ann, 1000)
    assert not is_taken(target, ELSEWHERE, 2 * LARGEST_OF_STRANGER)
    assert is_taken(target, ann, LARGEST_MESSAGE // 2)
    assert not is_taken(target, ann, 2 * LARGEST_MESSAGE)
    assert is_taken(target, {}, LARGEST_MESSAGE // 2)  # the person at this machine
    assert seen(target, ELSEWHERE)


def test_a_socket_that_is_only_kept_open_stays(target: Target) -> None:
    """Its answers to the server's pings are no part of a message."""
    with test_safety.socket(target, ELSEWHERE) as opened:
        for _ in range(LARGEST_OF_STRANGER // 100):
            opened.pong(b"x" * 120)
        opened.send(click())
        assert opened.recv(timeout=30)
