"""Two people, two tabs: nobody gets what another holds, and news reach everybody."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import board
from tests.journeys.serving import Forked, Server

Visit = Callable[..., Page]


def _held(server: Server) -> dict[str, str]:
    """Sample id -> holder of each lease."""
    with closing(_database(server)) as connection:
        return dict(connection.execute("SELECT sample_id, holder FROM leases").fetchall())


def _database(server: Server) -> sqlite3.Connection:
    return sqlite3.connect(next(server.home.glob("*/hone.sqlite")), timeout=20)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of fewer images than one tab holds."""
    folder = tmp_path_factory.mktemp("small")
    server = Forked(folder / "home", board.part_of_sample(folder / "pool", 40))
    server.start()
    yield server
    server.kill()


def test_what_a_vanished_tab_held_comes_back_when_its_lease_ends(
    small: Server, visit: Visit
) -> None:
    server, pool = small, small.pool
    assert pool is not None
    first = visit(server.url)
    board.on_screen(first)
    images = len(list(pool.glob("images/*")))
    for _ in range(600):
        if len(held := _held(server)) == images:
            break
        first.wait_for_timeout(50)
    assert len(held) == images

    second = visit(server.url)
    expect(second.locator(".empty")).to_contain_text("open in other browsers")
    first.context.set_offline(True)  # its goodbye does not arrive
    first.close()
    second.wait_for_timeout(1000)
    assert _held(server) == held
    expect(second.locator(".empty")).to_be_visible()
    with closing(_database(server)) as connection, connection:
        connection.execute("UPDATE leases SET until = 0")  # as 15 minutes do
    board.on_screen(second)
    assert set(_held(server).values()).isdisjoint(held.values())


def test_a_tab_that_is_closed_gives_back_what_it_held(small: Server, visit: Visit) -> None:
    first = visit(small.url)
    shown = board.on_screen(first)
    second = visit(small.url)
    expect(second.locator(".empty")).to_contain_text("open in other browsers")
    first.goto("about:blank")
    assert board.on_screen(second)
    assert shown


def test_of_two_tabs_of_one_browser_one_waits_for_news_and_both_hear_them(
    sample_server: Server, visit: Visit
) -> None:
    server = sample_server
    first = visit(server.url)
    waiting: list[Page] = []
    first.context.on(
        "request", lambda request: "wait=" in request.url and waiting.append(request.frame.page)
    )
    board.on_screen(first)
    second = first.context.new_page()
    second.goto(server.url)
    board.on_screen(second)
    script = board.Script(server.url, server.home)
    script.teach(12)
    for page in (first, second):
        board.caught_up(page, 12)
    assert set(waiting) == {first}

    first.close()  # the other one takes over
    script.teach(14)
    board.caught_up(second, 14)
    assert set(waiting) == {first, second}
