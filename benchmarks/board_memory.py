"""Memory of page and server during a long session with thousands of labels.

    python -m benchmarks.board_memory [--samples 10000] [--every 1000]

A pool of tiny generated images is labeled in one browser tab, each image as soon as it is on
screen. The page's heap is read after a garbage collection, so it is what the page still holds.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import CDPSession, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.board_latency import HONE, machine
from tests.journeys import board
from tests.journeys.conftest import launch
from tests.journeys.serving import Server

CLASSES = 4
LABEL = """async (count) => {
  const shown = () => %s;
  const frame = () => new Promise((go) => requestAnimationFrame(go));
  for (let press = 0; press < count; press += 1) {
    const before = shown()?.src;
    const key = String(1 + (press %% 4));
    const event = { key, code: `Digit${key}`, bubbles: true, composed: true, cancelable: true };
    document.body.dispatchEvent(new KeyboardEvent("keydown", event));
    while (!shown()?.naturalWidth || shown().src === before) await frame();
  }
}"""


def pool(folder: Path, count: int) -> Path:
    """Tiny images, all different."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    names = "\n".join(f"class {number}" for number in range(1, CLASSES + 1))
    (folder / "classes.txt").write_text(names)
    for number in range(count):
        pixels = rng.integers(0, 256, (3, 3, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((24, 24)).save(folder / f"{number:05}.png")
    return folder


def page_memory(page: Page, tools: CDPSession) -> tuple[float, int]:
    """(MB of JavaScript heap, DOM nodes) that are still held."""
    tools.send("HeapProfiler.collectGarbage")
    metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    return metrics["JSHeapUsedSize"] / 2**20, int(metrics["Nodes"])


def resident(pid: int) -> float:
    """MB of memory of a process."""
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=1000)
    given = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    table = Table(title=f"One long session ({machine()})")
    for head in ("labeled", "seconds", "page heap, MB", "DOM nodes", "server, MB"):
        table.add_column(head, justify="right")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        # More than are labeled, so that the last page is like the first.
        server = Server(Path(place) / "home", pool(Path(place) / "pool", given.samples + 100))
        browser = launch(playwright)
        server.start()
        try:
            page = browser.new_page()
            page.set_default_timeout(0)
            page.goto(server.url)
            board.on_screen(page)
            board.Script(server.url, server.home).embedded()
            tools = page.context.new_cdp_session(page)
            tools.send("Performance.enable")
            begin = time.perf_counter()
            for done in range(0, given.samples + 1, given.every):
                if done:
                    page.evaluate(LABEL % HONE, given.every)
                heap, nodes = page_memory(page, tools)
                seconds = time.perf_counter() - begin
                server_size = resident(server.pid)
                row = (f"{done}", f"{seconds:.0f}", f"{heap:.1f}", f"{nodes}", f"{server_size:.0f}")
                table.add_row(*row)
                print(*row, flush=True)
            board.saved(page)
        finally:
            browser.close()
            server.kill()
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
