"""Heads without end and connections without number, against the server as it runs."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from labeling.api.connections import LARGEST_HEAD, MOST_AT_ONCE
from labeling.paths import default_folder, project_key
from labeling.people.tokens import Person, issue, local_secret
from tests.conftest import fill
from tests.journeys.serving import Forked, Server

PATIENCE = 90.0  # the clock of a head runs on a machine with other work


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("connected")
    started = Forked(place / "home", fill(place / "pool", 2))
    started.start()
    yield started
    started.kill()


def opened(server: Server) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.settimeout(20)
    return connection


def reply(connection: socket.socket) -> bytes:
    """All that comes until the server closes; nothing if it has closed hard."""
    told = b""
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            told += part
    return told


def is_well(server: Server) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{server.url}/api/health", timeout=5).status_code == 200
    return False


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


# -- heads -------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [b"x" * 65_536, b"\r\nX-More: " + b"y" * 200])
def test_a_head_without_end_is_cut(server: Server, piece: bytes) -> None:
    """One header of any length, or any number of headers."""
    with opened(server) as connection:
        connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        sent = 0
        with suppress(ConnectionError):
            while sent < 20_000_000:
                connection.sendall(piece)
                sent += len(piece)
        assert sent < 20_000_000  # it was closed while it was sent
        assert reply(connection)[:12] in (b"", b"HTTP/1.1 431")


def test_an_address_without_end_is_cut(server: Server) -> None:
    with opened(server) as connection:
        with suppress(ConnectionError):
            for _ in range(300):
                connection.sendall(b"/x" * 32_768)
        assert reply(connection)[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 431")
    assert is_well(server)


def test_many_requests_at_once_over_one_connection_are_cut(server: Server) -> None:
    """Each takes 1 KB until its turn, forty times its size."""
    one = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with opened(server) as connection:
        connection.sendall(one * MOST_AT_ONCE)
        told = b""
        while told.count(b"HTTP/1.1 200") < MOST_AT_ONCE:
            told += connection.recv(65_536)
        with suppress(ConnectionError):
            connection.sendall(one * 1000)
        assert reply(connection).count(b"HTTP/1.1 200") < 2 * MOST_AT_ONCE
    assert is_well(server)


def test_a_large_head_within_the_limit_and_a_body_beyond_it_arrive(server: Server) -> None:
    cookie = {"Cookie": "a=" + "b" * (LARGEST_HEAD // 2)}
    with httpx.Client(base_url=server.url) as client:
        for _ in range(3):  # over one connection
            assert client.get("/api/health", headers=cookie).status_code == 200
            body = b"x" * (3 * LARGEST_HEAD)
            assert client.post("/api/answers", content=body).status_code == 401


def test_heads_that_do_not_end_are_closed_after_a_time(server: Server) -> None:
    """Silent from the start, half a head, a byte now and then, and a second request like that."""
    with ExitStack() as stack:
        every = [stack.enter_context(opened(server)) for _ in range(30)]
        for connection in every[10:]:
            connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n")
        for connection in every[25:]:
            connection.sendall(b"\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
            connection.sendall(b"GET /api/health HTTP/1.1\r\nX-Slow: ")
        waiting, deadline = set(every), time.monotonic() + PATIENCE
        while waiting:
            assert time.monotonic() < deadline
            for connection in [*waiting]:
                try:
                    connection.sendall(b"x" if connection in every[20:] else b"")
                    connection.settimeout(0.02)
                    if not connection.recv(65_536):
                        waiting.discard(connection)
                except TimeoutError:
                    continue
                except ConnectionError:
                    waiting.discard(connection)
    assert is_well(server)


def test_a_socket_and_a_long_wait_outlive_the_time_for_a_head(server: Server) -> None:
    from websockets.sync.client import connect

    address = f"ws://127.0.0.1:{server.port}/_stcore/stream"
    with connect(address, proxy=None) as page, opened(server) as silent:
        silent.settimeout(PATIENCE)
        assert reply(silent)[:12] in (b"", b"HTTP/1.1 408")
        page.ping().wait(20)


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "://", "[", "http://a]b", "\xff"])
def test_an_origin_that_cannot_be_read_is_foreign(server: Server, origin: str) -> None:
    told = {"Origin": origin.encode("latin-1")}
    for path in ("/api/answers", "/leave", "/_stcore/agent/interact"):
        assert httpx.post(server.url + path, headers=told).status_code == 403
    assert httpx.get(f"{server.url}/api/health", headers=told).status_code == 200


@pytest.mark.parametrize("host", ["[", "[::1", "a]b", "", "x:y:z", "\xff"])
def test_a_host_that_cannot_be_read_is_no_error_of_the_server(server: Server, host: str) -> None:
    told = {"Host": host.encode("latin-1")}
    for path in ("/", "/label", "/join/x", "/api/status", "/api/health", "/media/x", "/leave"):
        assert httpx.get(server.url + path, headers=told).status_code < 500, path
    assert httpx.post(f"{server.url}/leave", headers=told).status_code < 500
    assert b"Traceback" not in server.log.read_bytes()


# -- more connections than files ----------------------------------------------------------------
IMAGES = 24


def test_a_server_that_runs_out_of_files_says_so_once_and_comes_back(tmp_path: Path) -> None:
    """70 connections on 64 files, while images are embedded."""
    pool = fill(tmp_path / "pool", IMAGES)
    server = Forked(tmp_path / "home", pool)
    server.most_files = 64
    server.start()
    here = Person(project_key(default_folder(pool, server.home)), "ann")
    bearer = {"Authorization": f"Bearer {issue(here, local_secret(server.home))}"}

    def is_embedded() -> bool:
        told = httpx.get(f"{server.url}/api/status", headers=bearer, timeout=10).json()["status"]
        assert told["left_out"] == 0
        return bool(told["total"] == IMAGES and told["ingest"]["stage"] == "done")

    try:
        with ExitStack() as stack:
            for _ in range(3):
                for _ in range(70):
                    with suppress(ConnectionError, TimeoutError):
                        stack.enter_context(opened(server))
                until(lambda: is_well(server))  # although nobody has closed a connection
        until(is_embedded)
        log = server.log.read_text()
        assert len(log) < 20_000 and "Traceback" not in log
    finally:
        server.kill()
