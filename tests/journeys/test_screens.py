"""Every screen, wide and narrow, and what is shown when there is nothing to show."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect

from labeling.project.project import open_project
from tests.journeys import board
from tests.journeys.axe import faults
from tests.journeys.serving import Server

Serve = Callable[..., Server]
Visit = Callable[..., Page]
WIDE: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}


def test_no_screen_fails_scrolls_sideways_or_shuts_anybody_out(
    sample_server: Server, visit: Visit
) -> None:
    server = sample_server  # nothing is labeled in it yet
    page = visit(server.url)
    board.on_screen(page)
    for name, sign in (
        ("", "find or create a class"),
        ("grid", "Label a few images of two classes first"),
        ("model", "There is no model yet"),
        ("review", "There is no label to review yet"),
        ("export", "There is no label to export yet"),
        ("setup", "different images"),
        ("setup?page=classes", "Latest changes"),
        ("setup?page=people", "Invite a person"),
        ("setup?page=model", "Which images come next"),
        ("setup?page=history", "Go back to a moment"),
    ):
        page.set_viewport_size(WIDE)
        page.goto(f"{server.url}/{name}")
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)
            shown = page.get_by_placeholder(sign) if not name else page.get_by_text(sign)
            expect(shown.first).to_be_visible()
            expect(page.get_by_test_id("stException")).to_have_count(0)
            assert faults(page) == [], f"/{name}"
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"/{name} is {wide} px wider than the window"


def test_on_a_phone_the_menu_closes_when_a_screen_is_chosen(
    sample_server: Server, visit: Visit
) -> None:
    page = visit(sample_server.url, 390, 844)
    board.on_screen(page)
    menu = page.get_by_test_id("stExpandSidebarButton")
    for name in ("Grid", "Setup"):
        menu.click()
        expect(menu).to_have_count(0)
        page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()
        expect(menu).to_be_visible()
        expect(page).to_have_url(f"{sample_server.url}/{name.lower()}")


def test_a_slider_obeys_one_arrow_key_after_the_other(sample_server: Server, visit: Visit) -> None:
    page = visit(f"{sample_server.url}/setup?page=model")
    slider = page.get_by_role("slider", name="Blind checks")
    expect(slider).to_have_value("10")
    slider.focus()
    for value in range(11, 15):
        page.keyboard.press("ArrowRight")
        expect(slider).to_have_value(str(value))
        page.locator(".stApp[data-test-script-state=notRunning]").wait_for(state="attached")
    (file,) = sample_server.home.glob("*/hone.sqlite")
    project = open_project(board.SAMPLE, file.parent)
    for _ in range(100):
        if project.settings().audit_share == 0.14:
            break
        page.wait_for_timeout(100)
    assert project.settings().audit_share == 0.14
    expect(slider).to_have_value("14")
    project.close()


def test_a_missing_folder_is_named_and_another_can_be_opened(
    serve: Serve, visit: Visit, tmp_path: Path
) -> None:
    server = serve(tmp_path / "not-there")
    page = visit(server.url)
    expect(page.get_by_text("not-there; check the path")).to_be_visible()
    page.get_by_label("A folder, a zip, or a table").fill(str(board.SAMPLE))
    page.get_by_role("button", name="Open").click()
    assert board.on_screen(page).startswith("images/")


def test_keys_help_search_and_history_work_by_keyboard(sample_server: Server, visit: Visit) -> None:
    page = visit(sample_server.url)
    first = board.on_screen(page)
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_be_visible()
    page.keyboard.press("1")  # not while the help is open
    page.keyboard.press("?")
    expect(page.locator("dialog.help")).to_be_hidden()
    assert board.on_screen(page) == first
    page.keyboard.press("/")
    page.keyboard.type("vehi")
    page.keyboard.press("Enter")
    second = board.after(page, first)
    page.keyboard.press(" ")
    third = board.after(page, second)
    page.keyboard.press("u")
    board.after(page, third)
    expect(page.locator(".count")).to_have_text("1 of 620 labeled · 1 skipped · 1 unsure")
    expect(page.locator(".past span")).to_have_text(["unsure", "skip", "vehicle"])
    page.locator(".past").last.click()  # change the first answer
    assert board.on_screen(page) == first
    page.keyboard.press("1")
    board.saved(page)
    expect(page.locator(".past span").first).to_have_text("animal")
    expect(page.locator(".count")).to_have_text("1 of 620 labeled · 1 skipped · 1 unsure")


def test_a_class_whose_name_is_part_of_another_can_be_created(
    sample_server: Server, visit: Visit
) -> None:
    page = visit(sample_server.url)
    name = board.on_screen(page)
    page.keyboard.press("/")
    page.keyboard.type("anima")
    expect(page.locator(".class.picked .name")).to_have_text("animal")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".class.picked .name")).to_have_text("create “anima”")
    page.keyboard.press("Enter")
    board.after(page, name)
    board.saved(page)
    expect(page.locator(".past span").first).to_have_text("anima")
    expect(page.locator(".classes .class .name").last).to_have_text("anima")
