"""Texts are labeled as images are: by keyboard, in every script, and whatever they say."""

import csv
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from labeling.exchange.formats.csv import read_csv
from labeling.project.project import open_project
from tests.conftest import standing
from tests.journeys import board
from tests.journeys.axe import faults
from tests.journeys.serving import Server

Serve = Callable[..., Server]
Visit = Callable[..., Page]
ARABIC = "وصلت الطلبية متأخرة أسبوعين.\nأرجو إعادة المبلغ، Order 4411."
CHINESE = "这个水壶漏水,我想退货。"
EMOJI = "👍🏽 Danke 🎉\n\n\tmit Tabulator\n  und zwei Leerzeichen"
MARKUP = '<b>bold</b> <script>window.ran = 1</script><img src=x onerror="window.ran = 1"> &amp;'
DOCUMENT = "\n".join(f"{line:04} " + "many words in a line " * 12 for line in range(400))[:100_000]
ONE_LINE = ("a line that never ends " * 5000)[:100_000].strip()
PARCEL = "The parcel is late."
IMAGE = re.compile(r"\bimages?\b", re.IGNORECASE)
SAID = """() => {
  const { shadowRoot } = document.querySelector("[data-testid=stBidiComponentIsolated]");
  const all = [...shadowRoot.querySelectorAll(".board, .board *")];
  const read = (node) => [node.ariaLabel, node.title, node.placeholder].filter(Boolean);
  return [shadowRoot.querySelector(".board").textContent, ...all.flatMap(read)].join("\\n");
}"""
IN_SIGHT = """parts => parts.map(
  (part) => part.firstChild.checkVisibility({ contentVisibilityAuto: true })
)"""
SCROLLED = "article => article.scrollTop"
FONT = "article => parseFloat(getComputedStyle(article.firstChild).fontSize)"


def table(folder: Path, *texts: str) -> Path:
    """A table of texts with two other columns."""
    with (folder / "messages.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["message", "channel", "since"])
        writer.writerows([text, "mail", 2020] for text in texts)
    return folder / "messages.csv"


def _read(page: Page) -> str:
    """The text on the stage, line by line, as it was put there."""
    board.on_screen(page)
    lines: list[str] = page.locator(".stage .words .line").evaluate_all(
        "lines => lines.map((line) => line.textContent)"
    )
    return "\n".join(lines)


def _turn_to(page: Page, text: str) -> Locator:
    """Skip texts until this one is on the stage."""
    for _ in range(12):
        if _read(page).replace("\n", "") == text.replace("\n", ""):
            return page.locator(".stage article")
        _answer(page, " ")
    raise AssertionError(f"never shown: {text[:80]}")


def _answer(page: Page, key: str) -> None:
    """Press the key, and wait for the next text."""
    name = board.on_screen(page)
    page.keyboard.press(key)
    board.after(page, name)


def test_a_table_is_labeled_from_no_class_to_an_export_by_keyboard(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    parcels = [f"Parcel {number} is late." for number in range(6)]
    server = serve(table(tmp_path, ARABIC, *parcels, CHINESE, DOCUMENT))
    page = visit(server.url)
    name = board.on_screen(page)
    expect(page.locator(".first")).to_contain_text("You are labeling 9 texts")
    given: dict[str, str] = {}
    for number in range(1, 10):
        label = "delivery" if "Parcel" in _read(page) else "other"
        if label in given.values():
            page.keyboard.press(board.keys(page)[label])
        else:
            board.find_class(page, label)  # it is made, and given to this text
            page.keyboard.press("Escape")
        given[name] = label
        expect(page.locator(".count")).to_contain_text(f"{number} of 9")
        name = board.after(page, name) if number < 9 else ""
    expect(page.get_by_text("Every text has an answer")).to_be_visible()
    board.saved(page)

    assert sorted(given.values()) == 6 * ["delivery"] + 3 * ["other"]
    assert _stored(server) == given
    page.get_by_role("link", name="Export the labels").click()
    page.get_by_role("button", name="Prepare").click()
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(tmp_path / "export")
    (labels,) = (tmp_path / "export").rglob("labels.csv")
    assert {record.path: record.label for record in read_csv(labels)} == given


def _stored(server: Server) -> dict[str, str]:
    """The place of each labeled text, and its class."""
    assert server.pool is not None
    project = open_project(server.pool, next(server.home.glob("*/hone.sqlite")).parent)
    names, samples = project.store.classes.names(), project.store.samples.many()
    stored = {
        samples[sample_id].paths[0]: names[answer.class_id]
        for sample_id, answer in standing(project.store).items()
        if answer.class_id is not None
    }
    project.close()
    return stored


def test_every_script_is_shown_as_it_was_written(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    page = visit(serve(table(tmp_path, ARABIC, CHINESE, EMOJI)).url)
    for text, direction in ((ARABIC, "rtl"), (CHINESE, "ltr"), (EMOJI, "ltr")):
        lines = _turn_to(page, text).locator(".words .line")
        assert _read(page) == text
        assert lines.first.evaluate("line => getComputedStyle(line).direction") == direction
    lines = _turn_to(page, EMOJI).locator(".words .line")
    empty, full = lines.nth(1).bounding_box(), lines.nth(2).bounding_box()
    assert empty and full and empty["height"] == full["height"]
    assert "\tmit Tabulator\n  und zwei" in page.locator(".stage .words").inner_text()


def test_markup_in_a_text_is_shown_and_never_runs(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    page = visit(serve(table(tmp_path, MARKUP, PARCEL)).url)
    _turn_to(page, MARKUP)
    assert _read(page) == MARKUP
    _answer(page, "u")
    expect(page.locator(".past .snippet", has_text="<b>bold</b>")).to_have_count(1)
    assert page.locator("main :is(b, script, img), .past :is(b, script, img)").count() == 0
    assert page.evaluate("window.ran") is None


def test_a_long_text_is_read_by_keys_and_each_begins_at_its_top(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    page = visit(serve(table(tmp_path, DOCUMENT, ONE_LINE)).url)
    for text in (DOCUMENT, ONE_LINE):
        article = _turn_to(page, text)
        assert article.evaluate(SCROLLED) == 0
        laid_out = article.locator(".part").evaluate_all(IN_SIGHT)
        assert laid_out[0] and not laid_out[-1] and sum(laid_out) < len(laid_out) / 2
        page.keyboard.press("ArrowDown")
        assert 0 < article.evaluate(SCROLLED) < 100
        page.keyboard.press("PageDown")
        assert article.evaluate(SCROLLED) > 300
        page.keyboard.press("End")
        assert article.evaluate("one => one.scrollTop > one.scrollHeight / 2")
        page.keyboard.press("Home")
        assert article.evaluate(SCROLLED) == 0
        page.keyboard.press("PageDown")
    name = board.on_screen(page)
    _answer(page, " ")
    assert page.locator(".stage article").evaluate(SCROLLED) == 0
    page.keyboard.press("z")
    page.wait_for_function(f"name => ({board.ON_SCREEN})() === name", arg=name)
    assert page.locator(".stage article").evaluate(SCROLLED) == 0


def test_letters_and_columns_stay_as_a_person_wants_them(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    page = visit(serve(table(tmp_path, ARABIC, CHINESE, PARCEL)).url)
    board.on_screen(page)
    article, columns = page.locator(".stage article"), page.locator(".stage .context")
    usual = article.evaluate(FONT)
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(columns.locator("dt")).to_have_text(["channel", "since"])
    expect(columns.locator("dd")).to_have_text(["mail", "2020"])
    columns.locator("summary").click()
    for _ in range(2):
        tool = page.get_by_role("button", name="letters of the usual size")
        expect(tool).to_have_text("130%")
        assert article.evaluate(FONT) == pytest.approx(1.3 * usual)
        expect(columns.locator("dl")).to_be_hidden()
        _answer(page, " ")  # which is not the key of the columns' button
        expect(columns.locator("dl")).to_be_hidden()
        page.reload()
        board.on_screen(page)
    article.dblclick(position={"x": 400, "y": 400})
    expect(tool).to_have_text("100%")
    assert article.evaluate(FONT) == usual


def test_no_screen_of_the_board_calls_a_text_an_image(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    page = visit(serve(table(tmp_path, ARABIC, PARCEL)).url)
    screens = {
        "Label": page.locator(".stage article"),
        "Grid": page.locator(".empty"),
        "Review": page.get_by_text("There is no label to review yet"),
    }
    for screen, shown in screens.items():
        board.turn_to(page, screen)
        expect(shown).to_be_visible()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="keys")).to_contain_text("text")
        assert not IMAGE.search(page.evaluate(SAID)), screen
        page.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_a_text(serve: Serve, visit: Visit, tmp_path: Path, scheme: str) -> None:
    page = visit(serve(table(tmp_path, DOCUMENT, PARCEL)).url, scheme=scheme)
    _turn_to(page, DOCUMENT)
    page.keyboard.press(",")
    expect(page.locator(".legend")).to_contain_text("no words are marked")
    assert faults(page) == []
