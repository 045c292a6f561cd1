"""One image at a time: looking closely, finding classes, own keys, changing one's mind."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from labeling.project.project import Project, open_project
from tests.conftest import standing
from tests.journeys import board
from tests.journeys.serving import Forked, Server

Serve = Callable[..., Server]
Visit = Callable[..., Page]
CLASSES = ("ant", "bee", "cat", "polar bear", "brown bear")
WIDTH, HEIGHT = 1700, 1120
IMAGES = 160  # each journey's tab holds 24 of its own, and may be slow to give them back


def _pool(folder: Path, count: int, size: tuple[int, int]) -> Path:
    """Images that differ, and a file of classes."""
    folder.mkdir()
    for number in range(count):
        image = Image.new("RGB", size, (9 * number % 256, 90, 160))
        ImageDraw.Draw(image).rectangle((0, 0, 10 + 5 * number, 40), fill="white")
        image.save(folder / f"{number:02}.jpg", quality=60)
    (folder / "classes.txt").write_text("\n".join(CLASSES))
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the whole file: each journey answers images of its own."""
    folder = tmp_path_factory.mktemp("label-mode")
    server = Forked(folder / "home", _pool(folder / "pool", IMAGES, (WIDTH, HEIGHT)))
    server.start()
    yield server
    server.kill()


def _project(server: Server) -> Project:
    assert server.pool is not None
    return open_project(server.pool, next(server.home.glob("*/hone.sqlite")).parent)


def _stored(server: Server, path: str) -> str | None:
    """The class that counts now for an image."""
    project = _project(server)
    (key,) = [one for one, sample in _samples(project).items() if sample == path]
    found = standing(project.store)[key].class_id
    name = project.store.classes.names().get(found or 0)
    project.close()
    return name


def _samples(project: Project) -> dict[str, str]:
    samples = project.store.samples.many(project.store.samples.ids())
    return {key: sample.paths[0] for key, sample in samples.items()}


def _filter(page: Page) -> str:
    text: str = page.locator(".stage img").evaluate("image => getComputedStyle(image).filter")
    return text


def test_an_image_is_zoomed_at_the_pointer_moved_and_shown_pixel_by_pixel(
    server: Server, visit: Visit
) -> None:
    page = visit(server.url)
    name = board.on_screen(page)
    fitted, stage = board.image_box(page), page.locator(".stage").bounding_box()
    assert stage is not None
    assert fitted["width"] <= stage["width"] and fitted["height"] <= stage["height"]
    zoom = page.get_by_role("button", name="whole image, or one to one")
    expect(zoom).to_have_text("fit")

    x, y = fitted["x"] + fitted["width"] / 4, fitted["y"] + fitted["height"] / 4
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    expect(zoom).to_have_text("1.8×")
    larger = board.image_box(page)
    assert (x - larger["x"]) / larger["width"] == pytest.approx(0.25, abs=0.01)
    assert (y - larger["y"]) / larger["height"] == pytest.approx(0.25, abs=0.01)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=3)
    page.mouse.up()
    assert board.image_box(page)["x"] == pytest.approx(larger["x"] + 60, abs=1)
    page.keyboard.press("ArrowRight")
    assert board.image_box(page)["x"] == pytest.approx(larger["x"] - 20, abs=1)
    page.keyboard.press("-")
    assert board.image_box(page)["width"] < larger["width"]
    page.keyboard.press("Escape")
    assert board.image_box(page) == pytest.approx(fitted, abs=1)

    page.keyboard.press(".")
    expect(zoom).to_have_text("1:1")
    expect(page.locator(".stage img")).to_have_js_property("naturalWidth", WIDTH)
    assert board.image_box(page)["width"] == pytest.approx(WIDTH, abs=1)
    page.mouse.dblclick(x, y)
    expect(zoom).to_have_text("fit")
    page.keyboard.press("=")
    expect(zoom).to_have_text("1.3×")
    page.keyboard.press("1")
    board.after(page, name)
    expect(zoom).to_have_text("fit")


def test_brightness_and_contrast_stay_from_image_to_image_until_reset(
    server: Server, visit: Visit
) -> None:
    page = visit(server.url)
    name = board.on_screen(page)
    for key in "]]}":
        page.keyboard.press(key)
    assert _filter(page) == "brightness(1.2) contrast(1.1)"
    page.keyboard.press("1")
    board.after(page, name)
    assert _filter(page) == "brightness(1.2) contrast(1.1)"
    page.get_by_role("button", name="brightness and contrast").click()
    page.get_by_label("brightness120%").fill("60")
    assert _filter(page) == "brightness(0.6) contrast(1.1)"
    page.get_by_role("button", name="reset").click()
    assert _filter(page) == "none"
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="reset")).to_be_hidden()


def test_a_class_is_found_by_a_few_of_its_letters(server: Server, visit: Visit) -> None:
    page = visit(server.url)
    name = board.on_screen(page)
    page.keyboard.press("/")
    page.keyboard.type("bb")
    names = page.locator(".classes .class .name")
    expect(names).to_have_text(["brown bear"])
    expect(page.locator("mark")).to_have_text(["b", "b"])
    page.keyboard.press("Backspace")
    expect(names).to_have_text(["bee", "brown bear", "polar bear"])
    page.keyboard.press("Escape")
    expect(names).to_have_text([*CLASSES])
    board.find_class(page, "plr")
    board.after(page, name)
    expect(page.locator(".past span").first).to_have_text("polar bear")


def test_own_keys_hold_after_a_reload_and_never_mean_two_things(
    server: Server, visit: Visit
) -> None:
    page = visit(server.url)
    board.on_screen(page)
    page.keyboard.press("?")
    page.get_by_role("button", name="bee: 2; change the key").click()
    page.keyboard.press("b")
    page.get_by_role("button", name="ant: 1; change the key").click()
    page.keyboard.press("u")  # what “unsure” has: they swap
    expect(page.get_by_text("“unsure” has the old key now")).to_be_visible()
    page.get_by_role("button", name="close").click()
    page.reload()
    name = board.on_screen(page)
    keys = board.keys(page)
    assert (keys["ant"], keys["bee"], keys["cat"]) == ("U", "B", "3")
    expect(page.get_by_role("button", name="unsure 1")).to_be_visible()
    for key, label in (("b", "bee"), ("u", "ant"), ("1", "unsure")):
        page.keyboard.press(key)
        name = board.after(page, name)
        expect(page.locator(".past span").first).to_have_text(label)
    page.keyboard.press("2")  # nothing has this key any more
    assert board.on_screen(page) == name
    page.keyboard.press("?")
    page.get_by_role("button", name="reset all keys").click()
    page.keyboard.press("Escape")
    assert board.keys(page)["bee"] == "2"


def test_an_earlier_answer_is_changed_kept_and_brought_back_by_keyboard(
    server: Server, visit: Visit
) -> None:
    page = visit(server.url)
    first = board.on_screen(page)
    page.keyboard.press("1")
    second = board.after(page, first)
    page.keyboard.press("2")
    third = board.after(page, second)
    strip = page.locator(".past span")
    before = strip.all_inner_texts()

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert board.after(page, third) == first
    page.keyboard.press("Escape")  # keeps it
    assert board.after(page, first) == third
    assert strip.all_inner_texts() == before

    page.locator(".past").nth(1).click()
    assert board.after(page, third) == first
    page.keyboard.press("3")
    assert board.after(page, first) == third
    expect(strip.first).to_have_text("cat")
    board.saved(page)
    page.keyboard.press("z")  # takes back the change, not the first answer
    assert board.after(page, third) == first
    expect(strip.first).to_have_text("ant")
    page.keyboard.press("Escape")
    board.saved(page)
    project = _project(server)
    samples = project.store.samples.many()
    names = project.store.classes.names()
    stored = {
        samples[key].paths[0]: names.get(answer.class_id or 0)
        for key, answer in standing(project.store).items()
    }
    project.close()
    assert (stored[first], stored[second]) == ("ant", "bee")


def test_a_class_key_answers_the_card_of_the_strip_that_has_the_focus(
    server: Server, visit: Visit
) -> None:
    page = visit(server.url)
    first = board.on_screen(page)
    page.keyboard.press("1")
    second = board.after(page, first)
    page.keyboard.press("2")
    third = board.after(page, second)
    cards = page.locator(".past")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("3")
    expect(cards.first).to_have_attribute("aria-label", f"cat, {first}; change")
    expect(cards.nth(1)).to_have_attribute("aria-label", f"bee, {second}; change")
    assert board.on_screen(page) == third  # not answered: the key was for the card
    board.saved(page)
    assert _stored(server, first) == "cat"
    page.keyboard.press("z")
    assert board.after(page, third) == first
    expect(page.locator(".caption")).to_have_attribute("data-editing", re.compile("“ant”"))
    board.saved(page)
    assert _stored(server, first) == "ant"
    page.keyboard.press("Escape")
    assert board.after(page, first) == third


def test_a_zoom_stays_for_the_next_images_if_that_is_wanted(server: Server, visit: Visit) -> None:
    page = visit(server.url)
    name = board.on_screen(page)
    zoom = page.get_by_role("button", name="whole image, or one to one")
    keep = page.get_by_role("button", name="keep the zoom for the next images")
    expect(keep).to_have_attribute("aria-pressed", "false")
    page.keyboard.press(",")
    expect(keep).to_have_attribute("aria-pressed", "true")
    for key in ("=", "=", "=", "ArrowRight"):
        page.keyboard.press(key)
    expect(zoom).to_have_text("2.0×")
    before = board.image_box(page)
    page.keyboard.press("1")
    name = board.after(page, name)
    expect(zoom).to_have_text("2.0×")
    assert board.image_box(page) == pytest.approx(before, abs=1)
    page.keyboard.press("?")
    expect(page.get_by_text("keep the zoom for the next images, or not")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press(",")
    page.keyboard.press("1")
    board.after(page, name)
    expect(zoom).to_have_text("fit")


def test_in_a_low_window_image_and_classes_stay_side_by_side_in_reach(
    server: Server, visit: Visit
) -> None:
    page = visit(server.url, 720, 450)
    board.on_screen(page)
    for width, height in ((720, 450), (640, 360), (844, 390)):
        page.set_viewport_size({"width": width, "height": height})
        board.image_box(page)
        stage = page.locator(".stage").bounding_box()
        assert stage is not None and stage["height"] > 0.3 * height
        for button in page.locator(".classes .class").all():
            box = button.bounding_box()
            assert box is not None
            assert stage["x"] + stage["width"] <= box["x"]
            assert box["y"] >= 0 and box["y"] + box["height"] <= height
        for one in (page.locator(".stage"), page.locator(".saved")):
            box = one.bounding_box()
            assert box is not None and box["y"] + box["height"] <= height


def test_a_held_key_acts_once_but_zooms_on(server: Server, visit: Visit) -> None:
    page = visit(server.url)
    name = board.on_screen(page)
    for _ in range(6):
        page.keyboard.down("+")
    page.keyboard.up("+")
    expect(page.get_by_role("button", name="whole image, or one to one")).to_have_text("3.8×")
    count = page.locator(".past").count()
    for _ in range(10):
        page.keyboard.down(" ")
    page.keyboard.up(" ")
    board.after(page, name)
    page.wait_for_timeout(200)
    assert page.locator(".past").count() == min(10, count + 1)


def test_an_answer_with_a_class_that_is_gone_brings_the_image_back(
    server: Server, visit: Visit
) -> None:
    project = _project(server)
    gone = project.store.classes.create("dodo")
    page = visit("about:blank")
    page.route("**/api/status**", lambda route: route.abort())  # this tab hears late of changes
    page.goto(server.url)
    name = board.on_screen(page)
    expect(page.locator(".classes .class .name").last).to_have_text("dodo")
    page.wait_for_timeout(300)
    project.store.classes.archive(gone.id)
    project.close()
    page.keyboard.press(str(len(CLASSES) + 1))
    expect(page.locator(".notice")).to_contain_text("“dodo” is not a class any more")
    expect(page.locator(".notice")).to_contain_text(name)
    assert board.on_screen(page) == name
    expect(page.locator(".classes .class .name")).to_have_text([*CLASSES])


def test_vanished_files_are_left_out_by_name_and_the_end_says_what_next(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    pool = _pool(tmp_path / "small", 7, (60, 40))
    server = serve(pool)
    page = visit(server.url)
    expect(page.locator(".count")).to_have_text("0 of 7 labeled")
    answered = list[str]()
    for _ in range(4):
        answered.append(board.on_screen(page))
        page.keyboard.press("1")
        board.after(page, answered[-1])
    board.saved(page)
    page.goto("about:blank")  # gives back what it holds
    script = board.Script(server.url, server.home)
    script.embedded()  # or that would find out, not the browser
    for _ in range(100):
        if script("next", {"holder": "script", "count": 7})["cards"]:
            break  # it has given them back
        page.wait_for_timeout(100)
    script("next", {"holder": "script", "count": 0})
    gone = [file for file in pool.glob("*.jpg") if file.name not in answered]
    for file in [*gone, *server.home.rglob("*-view.webp")]:
        file.unlink()
    page = visit(server.url)  # a browser that has seen none of them
    expect(page.locator(".notice")).to_contain_text(".jpg cannot be shown and is left out")
    end = page.get_by_role("status").filter(has_text="Every image has an answer")
    expect(end).to_contain_text("3 files cannot be read and are left out: ")
    expect(page.locator(".count")).to_have_text("4 of 4 labeled · 3 left out")
    page.get_by_role("link", name="Export the labels").click()
    expect(page.get_by_role("button", name="Prepare")).to_be_visible()
