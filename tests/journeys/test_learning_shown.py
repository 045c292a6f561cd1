"""What a person sees of the model's learning beside the images, and what an annotator does not."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from labeling.project.project import open_project
from labeling.store import Role
from tests.journeys import board
from tests.journeys.conftest import embedded_project
from tests.journeys.serving import Forked, Server

Visit = Callable[..., Page]
SHARE = 0.4  # of blind checks, so that few labels are enough to measure
LONG = 60_000  # measuring gives way to labeling, on a busy machine for long

# Counts how often the pulse is seen.
COUNT_PULSES = """() => {
  const animate = Element.prototype.animate;
  window.pulses = 0;
  Element.prototype.animate = function (...how) {
    if (this.matches(".pulse")) window.pulses += 1;
    return animate.apply(this, how);
  };
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, embedded_home: Path) -> Iterator[Server]:
    """The embedded sample data, many blind checks, and a name for the person at the screen."""
    home = tmp_path_factory.mktemp("learning") / "home"
    folder = embedded_project(home, embedded_home)
    project = open_project(board.SAMPLE, folder)
    project.change(audit_share=SHARE)
    project.store.set("annotator", "Ann")
    project.close()
    server = Forked(home)
    server.start()
    yield server
    server.kill()


def _box(page: Page) -> dict[str, float]:
    found = page.locator(".stage").bounding_box()
    assert found is not None
    return dict(found)


def test_the_first_minute_says_what_to_do_and_the_picture_does_not_jump(
    server: Server, visit: Visit
) -> None:
    script = board.Script(server.url, server.home, "Ann")
    script.embedded()
    page = visit(server.url)
    first = board.on_screen(page)
    words = page.get_by_text("You are labeling 620 images into 7 classes. Press a number.")
    expect(words).to_be_visible()
    expect(page.locator(".where")).to_have_text("emoji · Ann")
    expect(page.locator(".measured")).to_have_text(
        "The model starts to guess once two classes have a label."
    )
    before = _box(page)
    page.keyboard.press("1")
    board.after(page, first)
    expect(words).to_be_hidden()
    expect(page.locator(".past")).to_have_count(1)
    assert _box(page) == before
    board.saved(page)
    page.reload()
    board.on_screen(page)
    expect(page.locator(".past")).to_have_count(1)
    expect(words).to_be_hidden()
    assert _box(page) == before


def test_the_strip_shows_that_the_model_learns(server: Server, visit: Visit) -> None:
    script = board.Script(server.url, server.home, "Ann")
    script.embedded()
    script.teach(12)
    page = visit(server.url)
    page.evaluate(COUNT_PULSES)
    board.on_screen(page)
    measured, value = page.locator(".measured"), page.locator(".accuracy")
    expect(measured).to_have_text(
        re.compile(r"^About \d+ more labels? until the accuracy can be measured: \d of 10 blind")
    )
    expect(value).to_be_hidden()
    expect(page.locator(".curve")).to_be_hidden()
    script.teach(60)
    expect(value).to_have_text(re.compile(r"^\d+%$"), timeout=LONG)
    expect(measured).to_have_text(re.compile(r"^right on the rest \(\d+ to \d+%\)$"))
    script.teach(80)
    curve = page.locator(".curve svg")
    expect(curve).to_have_attribute("data-points", re.compile(r"^([2-9]|\d\d)$"), timeout=LONG)
    board.caught_up(page, 80)
    while not (now := script("learning")["accuracy"])["is_newest"]:
        page.wait_for_timeout(500)
    expect(value).to_have_text(f"{round(100 * now['accuracy']['value'])}%", timeout=LONG)
    last = now["points"][-1]
    text = f"{round(100 * last['value'])}% after {last['labels']}"
    expect(curve).to_have_attribute("aria-label", re.compile(f"{text}$"))
    assert page.evaluate("window.pulses") >= 2


def test_an_answer_tells_how_many_guesses_it_has_moved_with_a_quiet_pulse(
    server: Server, visit: Visit
) -> None:
    script = board.Script(server.url, server.home, "Ann")
    script.embedded()
    script.teach(12)
    page = visit(server.url)
    name = board.on_screen(page)
    labels = script("status")["status"]["labels"]
    board.caught_up(page, labels)
    page.evaluate(COUNT_PULSES)
    page.keyboard.press("2")
    name = board.after(page, name)
    board.caught_up(page, labels + 1)
    guesses = script("status")["status"]["moved"]["guesses"]
    number = {0: "no guess", 1: "1 guess"}.get(guesses, f"{guesses} guesses")
    expect(page.locator(".moved")).to_have_text(f"This label moved {number}.")
    assert page.evaluate("window.pulses") >= 1
    page.keyboard.press("z")
    board.caught_up(page, labels)
    expect(page.locator(".moved")).to_have_text(re.compile("^Taking back moved "))
    page.emulate_media(reduced_motion="reduce")
    before = page.evaluate("window.pulses")
    board.on_screen(page)
    page.keyboard.press("2")
    board.caught_up(page, labels + 1)
    assert page.evaluate("window.pulses") == before


def test_the_status_line_is_for_people_and_the_rest_is_behind_it(
    server: Server, visit: Visit
) -> None:
    script = board.Script(server.url, server.home, "Ann")
    script.embedded()
    script.teach(12)
    page = visit(server.url)
    name = board.on_screen(page)
    labels = script("status")["status"]["labels"]
    expect(page.locator(".today")).to_have_text(f"{labels} today")
    expect(page.locator(".left")).to_be_hidden()  # at a pace that nobody knows yet
    for number in range(1, 7):
        page.keyboard.press(str(number))
        name = board.after(page, name)
    expect(page.locator(".today")).to_have_text(f"{labels + 6} today")
    expect(page.locator(".count")).to_have_text(f"{labels + 6} of 620 labeled")
    words = re.compile("^(under a minute|about [0-9]+ (min|h)) for all images$")
    expect(page.locator(".left")).to_have_text(words)
    board.caught_up(page, labels + 6)
    expect(page.locator(".model")).to_have_text("model up to date")
    line = page.locator(".status").inner_text()
    assert not re.search(r"round|\bms\b|None|null|undefined|NaN", line), line
    page.locator(".model").click()
    details = page.locator(".diagnostics")
    expect(details).to_contain_text(f"{labels + 6} of {labels + 6}")
    expect(details).to_contain_text(re.compile(r"round\d+time of the round\d+ ms"))
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()
    assert board.on_screen(page) == name


def test_an_annotator_sees_only_their_own_share(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = board.part_of_sample(tmp_path / "pool", 12)
    monkeypatch.setenv("HONE_HOME", str(tmp_path / "served"))
    project = open_project(pool)
    project.change(goal_person=10, audit_share=SHARE)
    people = project.store.people
    olga, ann = (people.invite(n, r, 1)[1] for n, r in (("Olga", Role.OWNER), ("Ann", Role(1))))
    server = Forked(tmp_path / "served", pool, "0.0.0.0")
    server.start()
    try:
        page = visit(f"{server.url}/join/{ann}")
        name = board.on_screen(page)
        expect(page.locator(".where")).to_have_text("pool · Ann")
        for number in range(1, 7):
            page.keyboard.press(str(number))
            name = board.after(page, name)
        expect(page.locator(".own")).to_have_text("you: 6 of 10")
        expect(page.locator(".left")).to_have_text("under a minute to your goal")
        board.caught_up(page, 6)
        page.wait_for_timeout(2500)  # until the figures of that round would be here
        for hidden in (".accuracy", ".measured", ".curve", ".moved", ".pulse"):
            expect(page.locator(hidden)).to_be_hidden()
        owner = visit(f"{server.url}/join/{olga}")
        board.on_screen(owner)
        expect(owner.locator(".own")).to_have_text("you: 0 of 10")
        expect(owner.locator(".measured")).to_be_visible()
        for number in range(1, 5):
            page.keyboard.press(str(number))
            name = board.after(page, name)
        expect(page.locator(".left")).to_have_text("your goal is reached")
    finally:
        server.kill()
        project.close()
