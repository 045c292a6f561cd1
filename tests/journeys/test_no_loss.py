"""Killed servers, dead lines, double clicks and second tabs: every answer counts, once."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from labeling.project import open_project
from tests.journeys import board
from tests.journeys.conftest import Server

Serve = Callable[..., Server]
Visit = Callable[..., Page]


def _labels(server: Server) -> dict[str, str]:
    """What the store holds: path -> class name."""
    folder = next(path.parent for path in server.home.glob("*/hone.sqlite"))
    project = open_project(server.pool or board.SAMPLE, folder)
    names = {one.id: one.name for one in project.store.classes.all()}
    samples = project.store.samples.many()
    stored = {
        samples[sample_id].paths[0]: names[answer.class_id]
        for sample_id, answer in project.store.answers.current().items()
        if answer.class_id is not None
    }
    project.close()
    return stored


def _answer(page: Page, count: int) -> dict[str, str]:
    truth, given = board.true_labels(), {}
    name = board.on_screen(page)
    keys = board.keys(page)
    for _ in range(count):
        given[name] = truth[name]
        page.keyboard.press(keys[truth[name]].lower())
        name = board.after(page, name)
    return given


def test_answers_given_while_the_server_is_dead_arrive_when_it_is_back(
    serve: Serve, visit: Visit
) -> None:
    server = serve()
    page = visit(server.url)
    given = _answer(page, 6)
    board.saved(page)
    page.wait_for_timeout(4000)  # the next images are being loaded ahead
    server.kill()
    given |= _answer(page, 3)
    expect(page.locator(".saved")).to_have_attribute("data-state", "offline")
    expect(page.locator(".saved")).to_contain_text("offline 3")
    server.start()
    board.saved(page)
    expect(page.locator(".count")).to_have_text("9 of 620 labeled")
    server.kill()
    assert _labels(server) == given


def test_answers_not_yet_delivered_survive_a_reload(serve: Serve, visit: Visit) -> None:
    server = serve()
    page = visit(server.url)
    board.on_screen(page)
    page.route("**/api/answers", lambda route: route.abort())
    given = _answer(page, 4)
    expect(page.locator(".saved")).to_contain_text("offline 4")
    page.unroute("**/api/answers")
    page.reload()
    board.on_screen(page)
    board.saved(page)
    expect(page.locator(".count")).to_have_text("4 of 620 labeled")
    assert _labels(server) == given


def test_mashing_and_holding_keys_neither_loses_nor_doubles_an_answer(
    serve: Serve, visit: Visit
) -> None:
    server = serve()
    page = visit(server.url)
    board.on_screen(page)
    page.keyboard.down("1")
    for _ in range(20):
        page.keyboard.down("1")  # without an up in between: what a held key sends
    page.keyboard.up("1")
    board.saved(page)
    expect(page.locator(".count")).to_have_text("1 of 620 labeled")

    # Every press is noted with the image on screen at that moment.
    page.evaluate(
        """() => {
          const root = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
          window.pressed = [];
          window.addEventListener("keydown", (event) => {
            const image = root.querySelector(".stage img");
            if (image.alt === root.querySelector(".caption").title)
              window.pressed.push([image.alt, event.key]);
          }, true);
        }"""
    )
    for press in range(60):
        page.keyboard.press(str(press % 7 + 1))
        page.wait_for_timeout(30)
    board.saved(page)
    names = sorted(set(board.true_labels().values()))
    # The first press counts; one that comes before the next image is there must change nothing.
    presses = reversed(page.evaluate("window.pressed"))
    pressed = {path: names[int(key) - 1] for path, key in presses}
    stored = _labels(server)
    assert len(pressed) > 20
    assert {path: stored.get(path) for path in pressed} == pressed
    assert len(stored) == len(pressed) + 1


def test_two_browsers_are_never_shown_the_same_image(serve: Serve, visit: Visit) -> None:
    server = serve()
    first, second = visit(server.url), visit(server.url)
    given_first, given_second = _answer(first, 8), _answer(second, 8)
    assert not given_first.keys() & given_second.keys()
    board.saved(first)
    board.saved(second)
    expect(second.locator(".count")).to_have_text("16 of 620 labeled")
    assert _labels(server) == given_first | given_second


def test_a_double_click_on_a_class_labels_two_images_not_one_twice(
    serve: Serve, visit: Visit
) -> None:
    server = serve()
    page = visit(server.url)
    name = board.on_screen(page)
    page.locator(".class").first.click()
    board.after(page, name)
    page.locator(".class").first.dblclick()
    board.saved(page)
    page.wait_for_timeout(300)
    shown = int(page.locator(".count").inner_text().split()[0])
    assert len(_labels(server)) == shown <= 3


def test_a_pool_without_classes_is_labeled_by_naming_the_first_class(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    from PIL import Image

    pool = tmp_path / "pool"
    pool.mkdir()
    for number in range(12):
        Image.new("RGB", (64, 64), (20 * number, 90, 200)).save(pool / f"{number}.png")
    (pool / "broken.jpg").write_text("this is no image")
    server = serve(pool)
    page = visit(server.url)
    name = board.on_screen(page)
    page.keyboard.press("/")
    page.keyboard.type("<b>blue</b>")
    page.keyboard.press("Enter")
    board.after(page, name)
    board.saved(page)
    expect(page.locator(".classes .class .name")).to_have_text(["<b>blue</b>"])
    assert _labels(server) == {name: "<b>blue</b>"}
    page.get_by_role("link", name="Setup").click()
    page.get_by_text("1 files are left out").click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
