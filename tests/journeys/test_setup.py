"""Setup while people label: labels of class folders, and images that come later."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.conftest import picture
from tests.journeys import board
from tests.journeys.serving import Server


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
    offer = page.get_by_role("link", name="Import the 8 labels of 2 classes that came with them")
    expect(offer).to_be_visible()
    owner = visit(server.url)
    owner.get_by_role("link", name="Import the 8 labels").click()
    expect(owner.get_by_text("8 images in 2 classes: cat 4, dog 4")).to_be_visible(timeout=60_000)
    board.Script(server.url, server.home).embedded()
    owner.reload()
    owner.get_by_role("button", name="Import 8 labels").click()
    expect(page.locator(".count")).to_have_text("8 of 12 labeled", timeout=60_000)
    expect(page.locator(".classes .class .name")).to_have_text(["cat", "dog"])
    # The images of the folders are not asked any more, not even the one that was on screen.
    page.wait_for_function(f"() => /^[^/]+$/.test(({board.ON_SCREEN})() ?? '/')")
    for done in range(9, 13):
        assert "/" not in board.on_screen(page)
        page.keyboard.press("1")
        expect(page.locator(".count")).to_have_text(f"{done} of 12 labeled")
    expect(page.get_by_text("Every image has an answer")).to_be_visible()

    picture(50).save(pool / "late.png")
    owner.goto(f"{server.url}/setup?page=images")
    owner.get_by_role("button", name="Look for new images now").click()
    expect(owner.get_by_text("13 different images")).to_be_visible(timeout=60_000)
    assert board.on_screen(page) == "late.png"

    archive, data = io.BytesIO(), io.BytesIO()
    picture(60).save(data, "PNG")
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("dog/zipped.png", data.getvalue())
    (tmp_path / "more.zip").write_bytes(archive.getvalue())
    owner.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [tmp_path / "more.zip", pool / "late.png"]
    )
    owner.get_by_role("button", name="Add 2 files").click()
    expect(owner.get_by_text("1 file added. Already there: 1 file.")).to_be_visible()
    expect(owner.get_by_text("14 different images")).to_be_visible(timeout=60_000)
    assert (pool / "dog" / "zipped.png").exists()
    expect(page.locator(".count")).to_have_text("13 of 14 labeled", timeout=60_000)


def test_images_that_are_dropped_become_a_project_of_their_own(
    sample_server: Server, visit: Callable[..., Page], tmp_path: Path
) -> None:
    page = visit(f"{sample_server.url}/setup?page=images")
    expect(page.get_by_text("Label your own images or texts")).to_be_visible()
    for number in range(3):
        picture(number).save(tmp_path / f"own-{number}.png")
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [tmp_path / f"own-{number}.png" for number in range(3)]
    )
    page.get_by_label("Name of the project").fill("beetles")
    page.keyboard.press("Enter")
    expect(page.get_by_text("images/beetles")).to_be_visible()
    page.get_by_role("button", name="Add 3 files").click()
    assert board.on_screen(page).startswith("own-")
    expect(page.locator(".where")).to_contain_text("beetles")
    assert len(list((sample_server.home / "images" / "beetles").iterdir())) == 3
