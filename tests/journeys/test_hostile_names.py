"""Names that are programs: of classes, files and people, on every screen, run by none."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page

from labeling.project import Project, open_project
from labeling.report import report
from labeling.session import Session
from labeling.store import NewAnswer, Role
from tests.conftest import picture
from tests.journeys.conftest import Server

RUN = "window.hacked=1"
NAMES = (
    f"<img src=x onerror={RUN}>",
    f"</code></script><script>{RUN}</script>",
    f"[a](javascript:{RUN})![b](http://evil.example/b.png)",
    f"=HYPERLINK(1)'\"`{{{{constructor.constructor('{RUN}')()}}}}",
)
VIEWS = {"progress": 0, "accuracy": 5, "review": 4, "export": 0, "setup": 0}


def fill(folder: Path) -> Path:
    """Forty pictures whose names are programs too."""
    folder.mkdir(parents=True)
    for number in range(40):
        name = NAMES[number % 4].replace("/", "∕")
        picture(number).save(folder / f"{number:02}{name}.png")
    return folder


def label(project: Project) -> None:
    """Answers by two people with hostile names, contradicting each other, and a backbone's view."""
    session = Session(project)
    session.prepare()
    people = [project.store.people.invite(name, Role.OWNER, 1)[0].name for name in NAMES[:2]]
    classes = [project.store.classes.create(name).id for name in NAMES]
    for place, key in enumerate(session.store.samples.ids()[:30]):
        for who in range(2):
            chosen = classes[(place + who * (place % 5 == 0)) % 2 + 2 * (place % 2)]
            answer = NewAnswer(f"{place}-{who}", key, "label", chosen, seconds=2.0)
            session.answer(people[who], [answer], own=True)
    session.trainer.wait()
    text = report(session)
    assert RUN in text and "<script" not in text and "<img" not in text
    session.close()


def test_names_that_are_programs_are_shown_and_never_run(
    visit: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = fill(tmp_path / "p<b>`$(x)`")
    server = Server(tmp_path / "home", pool)
    monkeypatch.setenv("HONE_HOME", str(server.home))
    with closing(open_project(pool)) as project:
        project.change(overlap_share=1.0, audit_share=0.3)
        label(project)
    server.start()
    told: list[str] = []
    try:
        page = visit("about:blank")
        page.on("request", lambda one: told.append(one.url) if "evil" in one.url else None)
        page.on("dialog", lambda one: told.append(one.message))
        page.on("console", lambda one: told.append(one.text) if "Policy" in one.text else None)
        board(page, server)
        for path, views in VIEWS.items():
            page.goto(f"{server.url}/{path}")
            buttons = page.locator(".stButtonGroup button")
            for place in range(max(1, views)):
                if views:
                    buttons.nth(place).click()
                page.wait_for_timeout(1500)
                assert not page.evaluate("window.hacked"), (path, place)
                assert page.locator("img[src=x], a[href^=javascript]").count() == 0, (path, place)
    finally:
        server.kill()
    assert told == []


def board(page: Page, server: Server) -> None:
    """Label and Grid with a hostile pre-label, history, help and search."""
    page.goto(server.url)
    page.get_by_placeholder("find or create a class").wait_for()
    page.get_by_text(NAMES[0]).first.wait_for()
    for key in ("1", "2", "ArrowDown", "Escape", "?", "Escape", "/"):
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    page.keyboard.type("img")
    page.wait_for_timeout(200)
    assert not page.evaluate("window.hacked")
    page.goto(f"{server.url}/grid")
    page.get_by_text(NAMES[0]).first.wait_for()
    assert not page.evaluate("window.hacked")
