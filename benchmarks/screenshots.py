"""Pictures of every screen, taken from the real app on the sample data.

    python -m benchmarks.screenshots [--full FOLDER]

Labels 60 images in a headless Chromium, every eighth wrongly, has a script label 60 more rightly,
and takes each screen in three sizes, light and dark. Writes one sheet a screen into docs/pictures/
for docs/screens.md, and the README's picture. With --full, each picture is also kept in its own
size.
"""

import argparse
import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.journeys.board import Script, after, caught_up, keys, on_screen, true_labels
from tests.journeys.conftest import launch
from tests.journeys.serving import Server

ROOT = Path(__file__).parents[1]
DOCS, README = ROOT / "docs" / "pictures", Path(__file__).parent / "pictures" / "label.png"
LABELS, WRONG = 60, 8  # every eighth label is wrong
SIZES = {"desktop": (1440, 900), "large": (1920, 1080), "phone": (390, 844)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
REST = 1500  # ms in which images and charts come to rest
HIGH, GAP, QUALITY = 480, 12, 80  # of a sheet, in pixels


def nothing(page: Page) -> None:
    """Leave the page as it opens."""


def press(key: str) -> Callable[[Page], None]:
    """Press a key once the board shows an image."""

    def act(page: Page) -> None:
        on_screen(page)
        page.keyboard.press(key)

    return act


def turn(name: str) -> Callable[[Page], None]:
    """Turn to one of the views that a screen offers at its top."""

    def act(page: Page) -> None:
        page.get_by_test_id("stButtonGroup").first.get_by_role("radio", name=name).click()

    return act


@dataclass(frozen=True)
class Screen:
    """One picture: the address, what is done there, and the text that shows that it is ready."""

    path: str
    sign: str
    act: Callable[[Page], None] = nothing


SCREENS = {
    "label": Screen("", ".stage img"),
    "keys": Screen("", "dialog.help", press("?")),
    "grid": Screen("grid", ".tile img"),
    "review": Screen("review", ".tabs"),
    "model": Screen("model", "text=Each class"),
    "certify": Screen("model", "[data-testid=stMain]", turn("Certify")),
    "accept": Screen("model", "[data-testid=stMain]", turn("Accept")),
    "transfer": Screen("model", "[data-testid=stMain]", turn("Pretrained model")),
    "details": Screen("model", "text=Confusion", turn("Details")),
    "export": Screen("export", "text=The newest answers"),
    "setup-images": Screen("setup?page=images", "text=different images"),
    "setup-classes": Screen("setup?page=classes", "text=Latest changes"),
    "setup-people": Screen("setup?page=people", "[data-testid=stMain] h3"),
    "setup-model": Screen("setup?page=model", "text=Which images come next"),
    "setup-history": Screen("setup?page=history", "[data-testid=stMain] h3"),
}


def main() -> None:
    """Start the app in an empty home, label, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", type=Path, help="a folder for the pictures in their own size")
    parser.add_argument("--only", nargs="+", default=list(SCREENS), choices=SCREENS)
    given = parser.parse_args()
    DOCS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home))
        browser = launch(playwright)
        try:
            server.start()
            label(browser, server)
            for name in given.only:
                pictures = dict(take(browser, server, SCREENS[name]))
                sheet(list(pictures.values())).save(DOCS / f"{name}.webp", quality=QUALITY)
                if name == "label":
                    pictures["desktop-light"].save(README)
                if given.full:
                    given.full.mkdir(parents=True, exist_ok=True)
                    for variant, picture in pictures.items():
                        picture.save(given.full / f"{name}-{variant}.png")
        finally:
            browser.close()
            server.kill()


def label(browser: Browser, server: Server) -> None:
    """Answer as a person who is mostly right."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(server.url)
    truth = true_labels()
    name = on_screen(page)
    key = keys(page)
    given: set[str] = set()
    for number in range(1, LABELS + 1):
        answer = truth[name] if number % WRONG else sorted(key)[number // WRONG % len(key)]
        given.add(answer)
        page.keyboard.press(key[answer])
        name = after(page, name)
        if len(given) > 1:
            caught_up(page, number)
    page.close()
    script = Script(server.url, server.home)
    script.embedded()
    script.teach(2 * LABELS)


def take(browser: Browser, server: Server, screen: Screen) -> Iterator[tuple[str, Image.Image]]:
    """The screen in each size and theme."""
    for theme in THEMES:
        for size, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
            page.goto(f"{server.url}/{screen.path}")
            screen.act(page)
            page.locator(screen.sign).first.wait_for(timeout=60_000)
            page.wait_for_timeout(REST)
            yield f"{size}-{theme}", Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            page.close()


def sheet(pictures: list[Image.Image]) -> Image.Image:
    """All of them, one theme a row, at the same height."""
    small = [
        one.resize((round(one.width * HIGH / one.height), HIGH), Image.Resampling.LANCZOS)
        for one in pictures
    ]
    per_row = len(SIZES)
    wide = sum(one.width for one in small[:per_row]) + GAP * (per_row + 1)
    whole = Image.new("RGB", (wide, len(THEMES) * (HIGH + GAP) + GAP), (128, 128, 128))
    for row in range(len(THEMES)):
        left = GAP
        for one in small[row * per_row : (row + 1) * per_row]:
            whole.paste(one, (left, GAP + row * (HIGH + GAP)))
            left += one.width + GAP
    return whole


if __name__ == "__main__":
    main()
