"""Names that are programs: of classes, files and people, on every screen, run by none."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from labeling.loop.session import Session
from labeling.project.project import Project, open_project
from labeling.report.html import report
from labeling.store import NewAnswer, Offer, Role
from models.encoders.backbones import Backbone
from tests.conftest import picture
from tests.journeys import board
from tests.journeys.serving import Forked, Server

RUN = "window.hacked=1"
NAMES = (
    f"<img src=x onerror={RUN}>",
    f"</code></script><script>{RUN}</script>",
    f"[a](javascript:{RUN})![b](http://evil.example/b.png)",
    f"=HYPERLINK(1)'\"`{{{{constructor.constructor('{RUN}')()}}}}",
)
VIEWS = {  # of each screen, with a text by which it is known; the first one is shown first
    "Model": {
        "Overview": "gets about",
        "Details": "Rows are the labels",
        "Agreement": "Each pair",
    },
    "Review": {"": "People disagree"},
    "Export": {"": "Write the report"},
    "Setup": {
        "Images": "different images",
        "Classes": "Latest changes; History has the others",
        "People": "Invite a person",
        "Model": "Which images come next",
        "History": "Go back to a moment",
    },
}
DESCRIPTION = 270  # the tag of an EXIF record


def fill(folder: Path) -> Path:
    """Forty pictures whose names, and what is written into them, are programs."""
    folder.mkdir(parents=True)
    for number in range(40):
        name = NAMES[number % 4].replace("/", "∕")
        exif = Image.Exif()
        exif[DESCRIPTION] = NAMES[number % 4]
        picture(number).save(folder / f"{number:02}{name}.png", exif=exif)
    return folder


def label(project: Project, backbone: Backbone) -> None:
    """Blind checks by two people with hostile names, with errors and disagreements; a report."""
    with closing(Session(project, backbone)) as session:
        session.prepare()
        store = project.store
        people = [store.people.invite(name, Role.OWNER, 1)[0].name for name in NAMES[:2]]
        classes = [store.classes.create(name).id for name in NAMES]
        store.classes.describe(classes[0], NAMES[0], store.samples.ids()[:1])
        keys = store.samples.ids()[:34]
        store.leases.claim("tab", [Offer(key, "audit") for key in keys], len(keys))
        samples = store.samples.many(keys)
        answers: tuple[list[NewAnswer], list[NewAnswer]] = ([], [])
        for place, key in enumerate(keys):
            kind = (int(samples[key].paths[0][:2]) + (place % 9 == 0)) % 2
            for who in range(2):
                chosen = classes[kind + 2 * who * (place % 6 == 1)]
                new = NewAnswer(f"{place}-{who}", key, "label", chosen, seconds=2.0)
                answers[who].append(new)
        for who in range(2):
            assert session.answer(people[who], answers[who], own=True) == {}
            session.worker.wait()
        text = report(session)
    assert RUN in text and "<script" not in text and "<img" not in text and "<a" not in text


def test_names_that_are_programs_are_shown_and_never_run(
    visit: Callable[..., Page],
    tmp_path: Path,
    backbone: Backbone,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = fill(tmp_path / "p<b>`$(x)`")
    server = Forked(tmp_path / "home", pool)
    monkeypatch.setenv("HONE_HOME", str(server.home))
    project = open_project(pool)
    project.change(overlap_share=1.0)
    label(project, backbone)
    server.start()
    told: list[str] = []
    try:
        page = visit("about:blank")
        page.on("request", lambda one: told.append(one.url) if "evil" in one.url else None)
        page.on("dialog", lambda one: told.append(one.message))
        page.on("console", lambda one: told.append(one.text) if "Policy" in one.text else None)
        labels(page, server)
        for screen, views in VIEWS.items():
            board.turn_to(page, screen)
            for view, sign in views.items():
                if view:
                    choose(page, view)
                expect(page.get_by_text(sign).first).to_be_visible()
                harmless(page, f"{screen}: {view}")
                if screen == "Review":
                    lists(page)
                if view == "Details":
                    page.locator(".stVegaLiteChart").hover()
                    page.get_by_label("Show data").click()
                    page.get_by_label("Show chart").wait_for()
                    harmless(page, "the table of a chart")
    finally:
        server.kill()
    assert told == []


def choose(page: Page, view: str) -> None:
    chosen = page.locator(".stButtonGroup button").filter(has_text=view)
    chosen.click()
    expect(chosen).to_have_attribute("aria-checked", "true")


def harmless(page: Page, where: str) -> None:
    """Wait until a screen has come to rest; no name on it has become more than text.

    What tables and charts offer to take along is Hone's own CSV alone.
    """
    page.locator(".stApp[data-test-script-state=notRunning]").wait_for(state="attached")
    page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached")
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert page.get_by_label("Download as CSV").filter(visible=True).count() == 0, where
    assert not page.evaluate("window.hacked"), where
    assert page.locator("img[src=x], [href*=javascript], [href*=evil], main b").count() == 0, where


def lists(page: Page) -> None:
    """Every list of the review board, with the reasons, the filmstrip and a decision."""
    for name in ("disagreements", "suspects", "unsure", "class"):
        page.locator(f".tab[data-list={name}]").click()
        for key in (" ", "1", "z", " "):
            page.keyboard.press(key)
            page.wait_for_timeout(150)
        harmless(page, f"review: {name}")
    page.get_by_role("tab", name="suspected errors").click()


def labels(page: Page, server: Server) -> None:
    """Label and Grid with a hostile pre-label, history, help and search."""
    page.goto(server.url)
    page.get_by_placeholder("find or create a class").wait_for()
    page.get_by_text(NAMES[0]).first.wait_for()
    for key in ("1", "2", "ArrowDown", "Escape", "?", "Escape", "/"):
        page.keyboard.press(key)
        page.wait_for_timeout(50)
    page.keyboard.type("img")
    harmless(page, "label")
    board.turn_to(page, "Grid")
    page.get_by_text(NAMES[0]).first.wait_for()
    harmless(page, "grid")
