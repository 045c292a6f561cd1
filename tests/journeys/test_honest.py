"""Figures that can be believed, in a real browser: certificates, acceptance, review, report."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from labeling.loop.session import Session
from labeling.project.project import open_project
from labeling.simulation.ground_truth import class_names, read_truth
from labeling.store import NewAnswer
from models.encoders.backbones import Backbone
from models.evidence.ridge_loo import leave_one_out
from tests.journeys import board
from tests.journeys.axe import faults
from tests.journeys.conftest import embedded_project
from tests.journeys.serving import Forked, Server

Visit = Callable[..., Page]
LABELS, AT_ONCE = 120, 15
RUNNING = "SELECT id FROM certificates WHERE ended IS NULL"
PLANTED = "planted"  # the client id of the wrong label


@pytest.fixture(scope="module")
def taught(
    tmp_path_factory: pytest.TempPathFactory, embedded_home: Path, backbone: Backbone
) -> Iterator[Server]:
    """A server of the sample data with 120 labels, as the loop asks for them; one is wrong."""
    server = Forked(tmp_path_factory.mktemp("taught") / "home")
    project = open_project(board.SAMPLE, embedded_project(server.home, embedded_home))
    project.change(backbone="bundled", audit_share=0.2)
    session = Session(project, backbone)
    session.prepare()
    truth = class_names(project, read_truth(project.source))
    ids = {one.name: one.id for one in session.store.classes.all()}
    for begin in range(0, LABELS, AT_ONCE):
        answers = [
            NewAnswer(f"a{number}", card.sample_id, "label", ids[truth[card.sample_id]])
            for number, card in enumerate(session.queue.next("script", AT_ONCE), begin)
        ]
        assert session.answer("script", answers) == {}
        session.worker.wait()
    session.queue.next("script", 0)
    plant(session)
    session.close()
    server.start()
    yield server
    server.kill()


def plant(session: Session) -> None:
    """Give the label that the others foresee most surely the class that they find least likely."""
    evidence, round_ = session.figures.evidence(), session.round
    assert evidence is not None and round_ is not None
    found = leave_one_out(round_.table.features[evidence.rows], evidence.labels)
    place = int(found.self_confidence.argmax())
    wrong = int(found.classes[found.proba[place].argmin()])
    answer = NewAnswer(PLANTED, evidence.ids[place], "label", wrong)
    assert session.answer("script", [answer]) == {}
    session.worker.wait()


def ask(server: Server, sql: str, *values: object) -> list[tuple[object, ...]]:
    """What stands in the project's database."""
    (file,) = server.home.glob("*/hone.sqlite")
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql, values).fetchall()


def view(page: Page, name: str) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).click()


def test_a_planted_error_is_mended_by_a_key_and_the_report_opens_without_a_network(
    taught: Server, visit: Visit, tmp_path: Path
) -> None:
    server = taught
    page = visit(f"{server.url}/review")
    # Right after a start the labels are there and the model is not: nobody is told to label.
    told = page.get_by_text("The model is on its way").or_(page.get_by_text("suggest"))
    expect(told.first).to_be_visible(timeout=60_000)
    expect(page.locator(".facts")).to_contain_text("The other labels suggest", timeout=60_000)
    _mend(page, server)

    page.get_by_role("link", name="Model").click()
    view(page, "Details")
    view(page, "Confusion")
    cells = page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")
    expect(cells.first).to_be_visible()
    box = page.get_by_test_id("stVegaLiteChart").bounding_box()
    assert box is not None
    shown = page.get_by_text("predicted as", exact=False).last
    expect(shown).to_be_visible()
    before = shown.inner_text()
    page.mouse.click(box["x"] + 140, box["y"] + 22)  # the first class, predicted as itself
    expect(shown).not_to_have_text(before)
    given = page.get_by_text("labeled animal, predicted as animal")
    expect(given).to_be_visible()
    expect(page.get_by_test_id("stImage").first).to_be_visible()

    _take_along(page)

    page.get_by_role("link", name="Export").click()
    page.get_by_role("button", name="Write the report").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download report.html").click()
    _open_offline(page, Path(download.value.path()), tmp_path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_board_can_be_read_and_used_by_everybody(
    taught: Server, visit: Visit, scheme: Literal["light", "dark"]
) -> None:
    page = visit(taught.url, scheme=scheme)
    shown = board.on_screen(page)
    while board.guess(page) is None:  # a blind check
        page.keyboard.press("Space")
        shown = board.after(page, shown)
    assert faults(page) == []
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_be_hidden()
    board.held_ahead(page, 2)
    page.context.set_offline(True)  # told before anything is sent
    expect(page.locator(".saved")).to_have_attribute("data-state", "offline")
    page.keyboard.press("Space")
    board.after(page, shown)
    expect(page.locator(".saved")).to_contain_text("offline 1, kept in this browser")
    assert faults(page) == []
    page.context.set_offline(False)
    board.saved(page)


def test_what_the_model_shows_can_be_read_and_used_by_everybody(
    taught: Server, visit: Visit
) -> None:
    page = visit(taught.url)
    for screen, name, words in (
        ("Grid", "", ""),
        ("Review", "", "The other labels suggest"),
        ("Export", "", "Write the report"),
        ("Setup", "", "different images"),
        ("Setup", "Classes", "Latest changes; History has the others"),
        ("Model", "", "Each class"),
        ("Model", "Certify", "A certificate freezes the present model"),
        ("Model", "Accept", "Choose how many wrong labels"),
        ("Model", "Pretrained model", "Does the pretrained model help?"),
        ("Model", "Details", "Rows are the labels"),
    ):
        if name:
            page.get_by_role("radio", name=name).click()
        else:
            board.turn_to(page, screen)
        shown = page.get_by_text(words) if words else page.locator(".tile img")
        expect(shown.first).to_be_visible()
        assert faults(page) == [], f"{screen}: {name}"


def _mend(page: Page, server: Server) -> None:
    """Mend the planted label by one key, and keep the next suspect after a click on “why”."""
    given = (
        "SELECT sample_id, name FROM answers JOIN classes ON classes.id = class_id "
        "WHERE source = 'adjudicated' ORDER BY answers.id"
    )
    (planted, path) = ask(
        server,
        "SELECT a.sample_id, path FROM answers a JOIN files f ON f.sample_id = a.sample_id "
        "WHERE client_id = ?",
        PLANTED,
    )[0]
    right = board.true_labels()[str(path)]
    assert board.on_screen(page) == path
    page.keyboard.press(board.keys(page)[right].lower())
    before = board.after(page, str(path))
    board.saved(page)
    assert ask(server, given) == [(planted, right)]

    page.locator("[data-act=why]").click()
    expect(page.locator("img.heat").first).to_be_visible(timeout=60_000)
    expect(page.locator(".near-ones img").first).to_be_visible()
    kept = page.locator("[data-act=keep] span").inner_text().removeprefix("keep ")
    page.keyboard.press("Enter")  # though a button was clicked a moment ago
    board.after(page, before)
    board.saved(page)
    assert [name for _, name in ask(server, given)] == [right, kept]


def _take_along(page: Page) -> None:
    """Take a chart along as a picture, and its figures."""
    page.get_by_test_id("stVegaLiteChart").hover()
    with page.expect_download() as picture:
        page.get_by_role("button", name="Download as PNG").click()
    assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as figures:
        page.get_by_role("button", name="CSV").click()
    assert figures.value.suggested_filename == "confusion.csv"
    head, *rows = Path(figures.value.path()).read_text(encoding="utf-8").splitlines()
    assert head == "label,predicted,images"
    assert sum(int(row.split(",")[2]) for row in rows) == LABELS


def _open_offline(page: Page, file: Path, folder: Path) -> None:
    """Open the report from disk without a network: no error, and nothing asked from elsewhere."""
    report = folder / "report.html"
    report.write_bytes(file.read_bytes())
    page.context.set_offline(True)
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(report.as_uri())
    for heading in ("Data", "Accuracy", "Confusion", "Labeling", "Versions"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    assert asked == [report.as_uri()] and errors == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def out_of_fold(server: Server) -> dict[str, int]:
    """Path -> id of the class that the running certificate foresees.

    What agrees with it is proven after a fixed number of checks, however they are drawn.
    """
    found = ask(
        server,
        "SELECT f.path, s.predicted_class FROM certificate_samples s "
        "JOIN certificates c ON c.id = s.certificate_id AND c.ended IS NULL "
        "JOIN files f ON f.sample_id = s.sample_id",
    )
    return {str(path): int(str(key)) for path, key in found}


def audit_by_script(server: Server) -> None:
    """Answer what the running certificate draws, as it foresees, until it has ended."""
    classes, script = out_of_fold(server), board.Script(server.url, server.home)
    while ask(server, RUNNING):
        cards = script("next", {"holder": "script", "count": 5})["cards"]
        assert cards and all(card["query"] == "certificate" for card in cards)
        answers = [
            {
                "client_id": f"checked-{card['sample_id']}",
                "sample_id": card["sample_id"],
                "kind": "label",
                "class_id": classes[card["name"]],
            }
            for card in cards
        ]
        script("answers", {"answers": answers})
    script("next", {"holder": "script", "count": 0})  # what it held may be drawn again


def audit(page: Page, server: Server) -> int:
    """Label by keyboard what the running certificate draws, until it has ended; how many."""
    classes, names = out_of_fold(server), dict(ask(server, "SELECT id, name FROM classes"))
    page.get_by_role("link", name="Label", exact=True).click()
    name, given = board.on_screen(page), 0
    keys = board.keys(page)
    while ask(server, RUNNING):
        assert board.guess(page) is None  # blind
        page.keyboard.press(keys[str(names[classes[name]])].lower())
        name, given = board.after(page, name), given + 1
        board.saved(page)
    page.get_by_role("link", name="Model").click()
    return given


def test_an_accuracy_is_certified_by_blind_checks_at_the_keyboard(
    taught: Server, visit: Visit
) -> None:
    page = visit(f"{taught.url}/model")
    expect(page.get_by_text("present model gets about")).to_be_visible(timeout=60_000)
    view(page, "Certify")
    expect(page.get_by_text("Right at least")).to_be_visible()
    told = page.get_by_text("It will probably take")
    before = told.inner_text()
    page.get_by_role("slider").press("Home")
    expect(told).not_to_have_text(before)  # the server knows where the slider is
    page.get_by_role("button", name="Freeze the model and begin").click()
    expect(
        page.get_by_text(re.compile("is running: at least 50% of .* Proven so far"))
    ).to_be_visible()
    drawn = audit(page, taught)
    view(page, "Certify")
    proven = page.get_by_test_id("stMarkdown").filter(has_text="is proven:")
    expect(proven).to_contain_text(f"after {drawn} blind checks")
    expect(proven).to_contain_text("gets at least 50% of")


def test_a_set_is_certified_accepted_and_taken_back(taught: Server, visit: Visit) -> None:
    server = taught
    page = visit(f"{server.url}/model")
    expect(page.get_by_text("present model gets about")).to_be_visible(timeout=60_000)
    view(page, "Accept")
    told = page.get_by_text("pre-labels are in the set").or_(page.get_by_text("No set of pre"))
    before = told.inner_text()
    page.get_by_role("slider").press("End")
    expect(told).not_to_have_text(before)  # the server knows where the slider is
    page.get_by_role("button", name="Freeze the set and begin").click()
    expect(page.get_by_text("is running: at most 20% of")).to_be_visible()
    ((number,),) = ask(server, RUNNING)
    audit_by_script(server)
    accept = page.get_by_role("button", name=re.compile(r"Accept [\d,]+ pre-labels"))
    accept.click()  # the screen has seen the proof by itself
    take_back = page.get_by_role("button", name="Take back the")
    expect(take_back).to_be_visible()
    ((accepted,),) = ask(server, "SELECT count(*) FROM answers WHERE certificate_id = ?", number)
    assert isinstance(accepted, int) and accepted >= 20
    expect(page.get_by_text(f"{accepted} pre-labels are accepted")).to_be_visible()
    take_back.click()
    expect(page.get_by_text("its pre-labels were taken back")).to_be_visible()
    ((left,),) = ask(
        server,
        "SELECT count(*) FROM answers a WHERE certificate_id = ? AND NOT EXISTS "
        "(SELECT 1 FROM answers u WHERE u.undoes = a.id)",
        number,
    )
    assert left == 0
