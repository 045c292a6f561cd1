"""Setup while people label: labels of class folders, and images that come later."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.conftest import picture
from tests.journeys import board
from tests.journeys.conftest import Server


def test_class_folders_are_imported_and_new_images_found_while_a_board_is_open(
    serve: Callable[..., Server], visit: Callable[..., Page], tmp_path: Path
) -> None:
    pool = tmp_path / "pool"
    for number in range(12):
        folder = pool / ("cat", "dog")[number % 2] if number < 8 else pool
        folder.mkdir(parents=True, exist_ok=True)
        picture(number).save(folder / f"{number:02}.png")
    server = serve(pool)
    page = visit(server.url)
    board.on_screen(page)
    owner = visit(f"{server.url}/setup")
    expect(owner.get_by_text("8 images in 2 folders: cat 4, dog 4")).to_be_visible(timeout=60_000)
    board.Script(server.url, server.home).embedded()
    owner.reload()
    owner.get_by_role("button", name="Import 8 labels of 2 classes").click()
    expect(page.locator(".count")).to_have_text("8 of 12 labeled", timeout=60_000)
    expect(page.locator(".classes .class .name")).to_have_text(["cat", "dog"])
    for done in range(9, 13):  # the images of the folders are not asked any more
        assert "/" not in board.on_screen(page)
        page.keyboard.press("1")
        expect(page.locator(".count")).to_have_text(f"{done} of 12 labeled")
    expect(page.get_by_text("Every image has an answer")).to_be_visible()

    picture(50).save(pool / "late.png")
    owner.goto(f"{server.url}/setup?page=images")
    owner.get_by_role("button", name="Look for new images now").click()
    expect(owner.get_by_text("13 different images")).to_be_visible(timeout=60_000)
    assert board.on_screen(page) == "late.png"
