"""The time to label 1,000 confident images in the Grid, by keyboard only.

    python -m benchmarks.grid_pace [--shared ../shared] [--labels 300] [--samples 1000]
                                   [--glance 2.0] [--fix 1.0]

A pool of 8,000 small photographs in ten classes (CIFAR-10) is embedded, and the loop has
`labels` labels. Then the script acts as a person at the keyboard of a headless Chromium of
1440 x 900: a look of `glance` seconds at each page, `fix` seconds for each wrong image (arrows,
Space, the key of its class), Enter for the rest, Page down for the next class. All waiting counts.
For comparison, as many images labeled one by one need a look and a key of `fix` seconds each.
"""

import argparse
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.board_latency import machine
from labeling.loop.session import Session
from labeling.paths import default_folder
from labeling.project.project import open_project
from labeling.simulation.ground_truth import FOLDERS, class_names, read_truth
from labeling.store import NewAnswer
from models.encoders.backbones import resolve
from tests.journeys import board
from tests.journeys.conftest import launch
from tests.journeys.serving import Server

AT_ONCE = 20
SHOWN = """() => {
  const root = document.querySelector("[data-testid=stBidiComponentIsolated]")?.shadowRoot;
  const tiles = [...(root?.querySelectorAll(".tile") ?? [])];
  const images = tiles.map((tile) => tile.querySelector("img"));
  if (!tiles.length || !images.every((image) => image?.naturalWidth)) return null;
  const tab = root.querySelector(".tab[aria-selected=true] .name").textContent;
  const columns = Number(root.querySelector(".tiles").style.getPropertyValue("--columns"));
  return { tab, columns, names: tiles.map((tile) => tile.title) };
}"""


def _teach(pool: Path, home: Path, labels: int) -> dict[str, str]:
    """Embed the pool and label what the loop asks for; path -> true class."""
    project = open_project(pool, default_folder(pool, home))
    truth = read_truth(project.source, FOLDERS)
    with closing(Session(project, resolve("bundled"))) as session:
        session.prepare()
        named = class_names(project, truth)
        ids = {name: session.store.classes.ensure(name).id for name in sorted(set(named.values()))}
        for begin in range(0, labels, AT_ONCE):
            cards = session.queue.next("script", min(AT_ONCE, labels - begin))
            given = [
                NewAnswer(f"a{begin + n}", one.sample_id, "label", ids[named[one.sample_id]])
                for n, one in enumerate(cards)
            ]
            session.answer("script", given)
            session.worker.wait()
        session.queue.next("script", 0)
        project.change(backbone="bundled")
    return truth


class Sorter:
    """A simulated person at the Grid who sees which images are wrong."""

    def __init__(self, page: Page, truth: dict[str, str], glance: float, fix: float) -> None:
        self.counts: Counter[str] = Counter()
        self._page, self._truth = page, truth
        self._glance, self._fix = glance, fix

    def turn(self) -> None:
        """Correct one page, accept it, and ask for the next class."""
        shown = self._wait({"tab": "", "names": []})
        time.sleep(self._glance)
        at, names = 0, shown["names"]
        for place, name in enumerate(names):
            if self._truth[name] != shown["tab"]:
                self._change(at, place, shown["columns"], self._truth[name])
                at = place
        self.counts.update(pages=1, images=len(names))
        self._page.keyboard.press("Enter")
        after = self._wait({"tab": "", "names": names})
        self._page.keyboard.press("PageDown")
        self._wait(after)

    def _wait(self, before: dict[str, Any]) -> dict[str, Any]:
        """The next page, once another class is shown."""
        found: dict[str, Any] = self._page.wait_for_function(
            f"""before => {{
              const now = ({SHOWN})();
              const same = now?.names.join() === before.names.join();
              return now && now.tab !== before.tab && !same && now;
            }}""",
            arg=before,
        ).json_value()
        return found

    def _change(self, at: int, place: int, columns: int, name: str) -> None:
        begin = time.perf_counter()
        down, right = place // columns - at // columns, place % columns - at % columns
        steps = ["ArrowDown"] * down + ["ArrowRight" if right > 0 else "ArrowLeft"] * abs(right)
        for key in [*steps, "Space", board.keys(self._page)[name]]:
            self._page.keyboard.press(key)
        self.counts["wrong"] += 1
        time.sleep(max(0.0, self._fix - (time.perf_counter() - begin)))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--labels", type=int, default=300)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--glance", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("--fix", type=float, default=1.0, metavar="SECONDS")
    given = parser.parse_args()
    pool = (given.shared / "data" / "cifar10-8k.zip").resolve()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        server = Server(Path(place) / "home", pool)
        truth = _teach(pool, server.home, given.labels)
        browser = launch(playwright)
        server.start()
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{server.url}/grid")
            page.wait_for_function(SHOWN, timeout=120_000)  # until there is a model
            sorter, begin = Sorter(page, truth, given.glance, given.fix), time.perf_counter()
            while sorter.counts["images"] < given.samples:
                sorter.turn()
            board.saved(page)
            seconds = time.perf_counter() - begin
        finally:
            browser.close()
            server.kill()
        right, total = _right(pool, server.home, truth)
    _print(given, sorter.counts, seconds, f"{right} of {total}")


def _right(pool: Path, home: Path, truth: dict[str, str]) -> tuple[int, int]:
    """The numbers of right labels and of all labels."""
    with closing(open_project(pool, default_folder(pool, home))) as project:
        names = project.store.classes.names()
        named, labels = class_names(project, truth), project.store.answers.standing()
        right = sum(names.get(one.class_id or 0) == named[one.sample_id] for one in labels)
    return right, len(labels)


def _print(given: argparse.Namespace, counts: Counter[str], seconds: float, right: str) -> None:
    table = Table(title=f"{given.samples:,} images ({machine()})")
    for head in ("how", "pages", "images", "wrong guesses", "seconds", "labels right"):
        table.add_column(head, justify="right")
    found = [f"{counts[name]:,}" for name in ("pages", "images", "wrong")]
    table.add_row("Grid, by keyboard", *found, f"{seconds:.0f}", right)
    table.add_row("one by one", "", found[1], "", f"{counts['images'] * given.fix:.0f}", "")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
