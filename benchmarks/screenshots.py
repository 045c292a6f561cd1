"""The README's pictures, taken from the real app on the sample data.

    python -m benchmarks.screenshots

Labels 45 images by their true labels in a headless Chromium and writes the Label screen (light,
dark and on a phone), its keys, the Grid and the Model screen into benchmarks/pictures/.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.journeys.board import after, caught_up, keys, on_screen, true_labels
from tests.journeys.conftest import Server, launch

PICTURES = Path(__file__).parent / "pictures"
LABELS = 45


def main() -> None:
    """Start the app in an empty home, label, and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home))
        browser = launch(playwright)
        try:
            server.start()
            _take_all(browser, server)
        finally:
            browser.close()
            server.kill()


def _take_all(browser: Browser, server: Server) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(server.url)
    _label(page)
    _take(page, "label")
    page.keyboard.press("?")
    _take(page, "keys")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Grid").click()
    expect(page.locator(".tile").first).to_be_visible()
    _take(page, "grid")
    page.get_by_role("link", name="Model").click()
    expect(page.get_by_text("Each class", exact=True)).to_be_visible(timeout=30_000)
    _take(page, "model")
    dark = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    dark.goto(server.url)
    on_screen(dark)
    _take(dark, "label-dark")
    phone = browser.new_page(viewport={"width": 390, "height": 844})
    phone.goto(server.url)
    on_screen(phone)
    _take(phone, "label-phone")


def _label(page: Page) -> None:
    truth = true_labels()
    name = on_screen(page)
    key = keys(page)
    given: set[str] = set()
    for number in range(1, LABELS + 1):
        given.add(truth[name])
        page.keyboard.press(key[truth[name]])
        name = after(page, name)
        if len(given) > 1:
            caught_up(page, number)


def _take(page: Page, name: str) -> None:
    page.wait_for_timeout(1500)  # images and charts are still loading
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
