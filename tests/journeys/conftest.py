"""A real server and a real browser for each journey."""

import os
import shutil
import time
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
from tests.journeys.serving import Forked, Server

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
    "--renderer-process-limit=1",  # a process of its own for each page costs more than the page
]

FORGET = "cookies,local_storage,indexeddb,service_workers"

expect.set_options(timeout=30_000)  # several browsers and servers share the cores


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
        server = Forked(tmp_path / f"home-{len(servers)}", pool)
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
    server = Forked(tmp_path_factory.mktemp("shared") / "home")
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

    A fresh profile would take several times as long to show a page. An empty page stays open in
    each, since its process would end with its last page.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._all: list[tuple[BrowserContext, Page]] = []
        self._used = 0

    def next(self) -> BrowserContext:
        """One that this test has not used yet."""
        if self._used == len(self._all):
            profile = self._browser.new_context()
            self._all.append((profile, profile.new_page()))
        self._used += 1
        return self._all[self._used - 1][0]

    def forget(self) -> None:
        """Close what a test has opened, and forget what it has left."""
        used, self._used = self._all[: self._used], 0
        opened = [page for profile, stays in used for page in profile.pages if page != stays]
        origins = {"/".join(page.url.split("/")[:3]) for page in opened}
        for page in opened:
            with suppress(Error):  # a page with unsaved answers asks before it goes
                page.goto("about:blank", timeout=3000)  # gives back what it holds …
        time.sleep(0.15)  # … if that has time to get out
        for page in opened:
            page.close()
        for profile, stays in used:
            profile.set_offline(False)
            profile.unroute_all()
            profile.clear_permissions()
            profile.clear_cookies()
            tools = profile.new_cdp_session(stays)
            for origin in origins:
                tools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": FORGET})
            tools.detach()


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
