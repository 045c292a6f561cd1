"""What a person at the board sees and does, as functions of a page."""

import csv
from pathlib import Path

from playwright.sync_api import Page, expect

SAMPLE = Path(__file__).parents[2] / "sample_data" / "emoji"
ON_SCREEN = """() => {
  const caption = document.querySelector("[data-testid=stBidiComponentIsolated]")
    ?.shadowRoot?.querySelector(".caption");
  const image = caption?.getRootNode().querySelector(".stage img");
  return image && image.alt === caption.title ? caption.title : null;
}"""


def true_labels() -> dict[str, str]:
    """Path -> class of the sample data."""
    with (SAMPLE / "labels.csv").open(newline="") as file:
        return {row["path"]: row["label"] for row in csv.DictReader(file)}


def on_screen(page: Page) -> str:
    """The path of the image that is shown and decoded."""
    name: str = page.wait_for_function(ON_SCREEN).json_value()
    return name


def after(page: Page, name: str) -> str:
    """The path of the image that is shown once `name` is not."""
    page.wait_for_function(f"name => (({ON_SCREEN})() ?? name) !== name", arg=name)
    return on_screen(page)


def guess(page: Page) -> str | None:
    """The class that the model guesses for the image on screen, if it is shown."""
    guessed = page.locator(".class.guess .name")
    return guessed.inner_text() if guessed.count() else None


def keys(page: Page) -> dict[str, str]:
    """Class name -> the key that stands beside it."""
    rows = page.locator(".classes .class").all()
    return {row.locator(".name").inner_text(): row.locator("kbd").inner_text() for row in rows}


def saved(page: Page) -> None:
    """Wait until every answer is on disk."""
    expect(page.locator(".saved")).to_have_attribute("data-state", "saved")


def caught_up(page: Page, labels: int) -> None:
    """Wait until the model has seen this many labels."""
    expect(page.locator(".model")).to_contain_text(
        f"model has seen {labels} of {labels} labels", timeout=30_000
    )
