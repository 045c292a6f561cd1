"""The wait of a new user: from the start of the server to the first image on screen.

    python -m benchmarks.first_image [--runs 5]

Each run starts the server on the sample data with an empty home, no hub and the bundled backbone,
opens it in a headless Chromium, and waits for the first decoded image, for the first possible
guess (everything embedded), and for the first round after two labels.
"""

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from tests.journeys.board import after, on_screen
from tests.journeys.conftest import launch
from tests.journeys.serving import Server


def measure(page: Page, home: Path) -> tuple[float, float, float]:
    """Seconds to the first image, to all embeddings, and from the second class to a guess."""
    server = Server(home)
    begin = time.perf_counter()
    try:
        server.start()
        page.goto(server.url)
        name = on_screen(page)
        first = time.perf_counter() - begin
        page.locator(".ingest", has_text="prepared").wait_for(timeout=60_000)
        page.locator(".ingest", has_not_text="prepared").wait_for(timeout=300_000, state="attached")
        embedded = time.perf_counter() - begin
        page.keyboard.press("1")
        after(page, name)
        page.keyboard.press("2")
        answered = time.perf_counter()
        page.locator(".model[data-round='1']").wait_for(timeout=60_000)
        return first, embedded, time.perf_counter() - answered
    finally:
        server.kill()


def main() -> None:
    """Print the medians of several runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    os.environ["HF_HUB_OFFLINE"] = "1"
    rows: list[tuple[float, float, float]] = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as home:
                page = browser.new_page()
                rows.append(measure(page, Path(home)))
                page.close()
        browser.close()
    print(f"{runs} runs on {os.cpu_count()} cores, {platform.machine()}, sample data (620 images)")
    names = ("first image on screen", "whole pool embedded", "second label to the first round")
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        print(f"{name:34}{median(values):6.2f} s   ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
