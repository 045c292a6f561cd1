"""An owner changes classes while somebody labels: the other's board follows at once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from labeling.project.project import open_project
from labeling.store import Role
from tests.journeys import board
from tests.journeys.serving import Forked

Visit = Callable[..., Page]


def test_a_merge_by_the_owner_shows_on_anothers_board_at_once_and_can_be_undone(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = board.part_of_sample(tmp_path / "pool", 25)
    monkeypatch.setenv("HONE_HOME", str(tmp_path / "served"))
    project = open_project(pool)
    people = project.store.people
    olga, ann = (people.invite(n, r, 1)[1] for n, r in (("Olga", Role.OWNER), ("Ann", Role(1))))
    project.close()
    server = Forked(tmp_path / "served", pool, "0.0.0.0")
    try:
        server.start()
        page = visit(f"{server.url}/join/{ann}")
        first = board.on_screen(page)
        page.keyboard.press("1")
        expect(page.locator(".past").first).to_contain_text("animal")
        second = board.after(page, first)
        board.saved(page)

        owner = visit(f"{server.url}/join/{olga}")
        owner.goto(f"{server.url}/setup?page=classes")
        # “animal” into “clothing”, the first two of the list, is what the form begins with.
        expect(owner.get_by_text("1 label of “animal” will count as “clothing”")).to_be_visible()
        expect(owner.get_by_text("Ann labels with “animal” now")).to_be_visible()
        owner.get_by_role("button", name="Merge “animal”").click()
        names = page.locator(".classes .class .name")
        expect(names.first).to_have_text("clothing", timeout=3000)
        expect(page.locator(".notice")).to_contain_text("“animal” now counts as “clothing”")
        expect(page.locator(".past").first).to_contain_text("clothing")
        assert board.on_screen(page) == second  # what is under one's hands stays
        page.keyboard.press("2")
        expect(page.locator(".past").first).to_contain_text("face")
        board.saved(page)

        expect(owner.get_by_text("Olga merged “animal” into “clothing”")).to_be_visible()
        owner.get_by_role("button", name="Undo").first.click()
        expect(names.first).to_have_text("animal", timeout=3000)
        expect(page.locator(".past").last).to_contain_text("animal")
        page.goto(f"{server.url}/setup")
        expect(page.get_by_text("Change a class")).to_have_count(0)  # no annotator's business
    finally:
        server.kill()
