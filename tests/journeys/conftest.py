"""A real server and a real browser for each journey."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from labeling.cli.main import main

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

FIRST_PORT = random.randrange(20_000, 30_000)  # outside of what systems give to clients
FORGET = "cookies,local_storage,indexeddb,service_workers"

expect.set_options(timeout=30_000)  # several browsers and servers share the cores


class Server:
    """Hone as `make run` starts it, on a port and in a home of its own."""

    def __init__(self, home: Path, pool: Path | None = None, address: str = "127.0.0.1") -> None:
        self.port = free_port()
        self.home = home
        self.pool = pool
        self.address = address
        self.log = home / "server.log"
        self.most_files: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The number of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        environment = os.environ | {"HONE_HOME": str(self.home)}
        if self.pool is not None:
            environment["HONE_POOL"] = str(self.pool)
        self.home.mkdir(0o700, parents=True, exist_ok=True)
        options = ["--server.port", str(self.port), "--server.address", self.address]
        options += ["--server.headless", "true"]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", *options]
        if self.most_files is not None:
            command = ["sh", "-c", f'ulimit -n {self.most_files}; exec "$@"', "sh", *command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{self.url}/api/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not start: {self.log.read_text()}")

    def kill(self) -> None:
        """SIGKILL: no goodbye, no flush."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def free_port() -> int:
    """The first port of this run that is free: the same one for most servers.

    What browsers have compiled of the app's scripts is kept by address.
    """
    for port in range(FIRST_PORT, FIRST_PORT + 1000):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server was just here
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="session")
def embedded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the sample data is embedded, so that not every journey does it again."""
    home = tmp_path_factory.mktemp("embedded-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HONE_HOME", str(home))
        assert main(["embed"]) == 0  # here, where torch is loaded already
    return home


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers that end with the test."""
    servers: list[Server] = []

    def start(pool: Path | None = None) -> Server:
        server = Server(tmp_path / f"home-{len(servers)}", pool)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="module")
def sample_server(
    tmp_path_factory: pytest.TempPathFactory, embedded_home: Path
) -> Iterator[Server]:
    """One server of the embedded sample data for a whole file: a start costs more than most
    journeys, so each of them labels images of its own and counts from what it finds."""
    server = Server(tmp_path_factory.mktemp("shared") / "home")
    embedded_project(server.home, embedded_home)
    server.start()
    yield server
    server.kill()


def embedded_project(home: Path, embedded: Path) -> Path:
    """The folder of the sample data's project in a new home, a copy of the embedded one."""
    (folder,) = (place.parent for place in embedded.glob("*/hone.sqlite"))
    return shutil.copytree(folder, home / folder.name)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium where there is one, else the one that Playwright has installed."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


def launch(playwright: Playwright) -> Browser:
    """A headless browser; skips the test where there is none, but not in CI."""
    if CHROMIUM.exists():
        return playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
    own = Path(playwright.chromium.executable_path)
    if own.exists() or os.environ.get("CI") == "true":
        return playwright.chromium.launch()
    pytest.skip("no Chromium here: install Debian's chromium, or run `playwright install chromium`")


class Profiles:
    """Browser profiles that forget all between two tests but the scripts that they have compiled.

    A fresh profile would take three times as long to show a page.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._all: list[BrowserContext] = []
        self._used = 0

    def next(self) -> BrowserContext:
        """One that this test has not used yet."""
        if self._used == len(self._all):
            self._all.append(self._browser.new_context())
        self._used += 1
        return self._all[self._used - 1]

    def forget(self) -> None:
        """Close what a test has opened, and forget what it has left."""
        used, self._used = self._all[: self._used], 0
        origins: set[str] = set()
        for page in (page for profile in used for page in profile.pages):
            origins.add("/".join(page.url.split("/")[:3]))
            with suppress(Error):  # a page with unsaved answers asks before it goes
                page.goto("about:blank", timeout=3000)  # gives back what it holds …
        time.sleep(0.15)  # … if that has time to get out
        for profile in used:
            profile.set_offline(False)
            profile.unroute_all()
            profile.clear_permissions()
            for page in profile.pages:
                page.close()
            page = profile.new_page()
            tools = profile.new_cdp_session(page)
            for origin in origins:
                tools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": FORGET})
            profile.clear_cookies()
            page.close()


@pytest.fixture(scope="session")
def profiles(chromium: Browser) -> Profiles:
    return Profiles(chromium)


@pytest.fixture
def visit(profiles: Profiles) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a browser profile of its own; no script may fail on them."""
    errors: list[str] = []

    def open_page(
        url: str,
        width: int = 1440,
        height: int = 900,
        scheme: Literal["light", "dark"] = "light",
    ) -> Page:
        page = profiles.next().new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_default_timeout(30_000)
        page.goto(url)
        return page

    yield open_page
    profiles.forget()
    assert errors == []
