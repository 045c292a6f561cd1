"""The wait from key press to next image, compared with a plain Streamlit page.

    python -m benchmarks.board_latency [--presses 40] [--sessions 1 4 8] [--classes 7 40 300]

Labels with each number of classes, and decisions in Review; with the fewest classes also in several
sessions at once. All servers show the sample data to the same headless Chromium on the same
machine. Each session presses a class key every 0.5 to 0.9 s; the time is measured in the page, from
the key event to the frame with another, decoded image. Hone trains after every answer; of the two
plain pages, one has no model, the other fits one in the script, in the simplest way. The server's
CPU time is that of its whole process, with the training threads counted separately; the browser
copies of the images exist beforehand, since they are made only once per image. The browser uses the
same cores.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from tests.journeys import board
from tests.journeys.conftest import launch
from tests.journeys.serving import Server, free_port

TICKS = os.sysconf("SC_CLK_TCK")
DOUBTFUL = 240  # labels before Review
TRAINING = ("worker", "ingest")
HONE = """document.querySelector("[data-testid=stBidiComponentIsolated]")
  ?.shadowRoot?.querySelector(".stage img")"""
NAIVE = """document.querySelector("[data-testid=stImage] img")"""
DRIVE = """([presses, seed]) => {
  const shown = () => %s;
  const sleep = (ms) => new Promise((go) => setTimeout(go, ms));
  let state = seed;
  const random = () => (state = (state * 16807) %% 2147483647) / 2147483647;
  const next = (before) => new Promise((resolve) => {
    const look = () => {
      const image = shown();
      if (image && image.src !== before && image.complete && image.naturalWidth)
        image.decode().then(() => resolve(performance.now()), () => requestAnimationFrame(look));
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  window.waited = [];
  window.done = (async () => {
    await sleep(700 * random());
    for (let press = 0; press < presses; press += 1) {
      const key = String(1 + Math.floor(5 * random()));
      const where = { bubbles: true, composed: true, cancelable: true };
      const event = { key, code: `Digit${key}`, keyCode: 48 + Number(key), ...where };
      const before = shown().src;
      const begin = performance.now();
      document.body.dispatchEvent(new KeyboardEvent("keydown", event));
      document.body.dispatchEvent(new KeyboardEvent("keyup", event));
      window.waited.push((await next(before)) - begin);
      await sleep(500 + 400 * random());
    }
  })();
}"""
PLAIN_PAGE = """
import glob, json, sys
import streamlit as st
files = sorted(glob.glob(sys.argv[1] + "/images/*.png"))
answers = st.session_state.setdefault("answers", {})
def pick():
    left = [n for n in range(len(files)) if n not in answers]
    if sys.argv[3] == "no model" or len(set(answers.values())) < 2:
        return left[0]
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    if "features" not in st.session_state:
        st.session_state["features"] = np.random.default_rng(0).normal(size=(len(files), 480))
    features = st.session_state["features"]
    head = LogisticRegression().fit(features[list(answers)], list(answers.values()))
    return left[head.predict_proba(features[left]).max(axis=1).argmin()]
at = pick()
def answer(name):
    answers[at] = name
    with open(sys.argv[2], "a") as store:
        store.write(json.dumps([files[at], name]) + "\\n")
st.image(files[at], width=500)
columns = st.columns(5)
for number in range(1, int(sys.argv[4]) + 1):
    key = str(number) if number <= 5 else None
    at_column = columns[(number - 1) % 5]
    at_column.button(f"class {number}", shortcut=key, on_click=answer, args=(number,))
"""
# Gives each thread its name in the kernel, so that its CPU time can be counted separately.
NAMES = """
import threading
inner = threading.Thread._bootstrap_inner
def named(self):
    try:
        open(f"/proc/self/task/{threading.get_native_id()}/comm", "w").write(self.name[:15])
    except OSError:
        pass
    inner(self)
threading.Thread._bootstrap_inner = named
"""


@dataclass(frozen=True)
class Measured:
    """Waits of all sessions in ms, and the server's CPU time in ms per answer."""

    waits: list[float]
    serving: float
    training: float


def cpu(pid: int) -> tuple[float, float]:
    """CPU time of a process and of its training threads so far, in ms."""
    training = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name, used = (task / "comm").read_text(), (task / "stat").read_text()
        except OSError:  # it has just ended
            continue
        if name.startswith(TRAINING):
            training += _ticks(used)
    return _ticks(Path(f"/proc/{pid}/stat").read_text()), training


def _ticks(stat: str) -> float:
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def drive(
    browser: Browser, url: str, pid: int, image: str, sessions: int, presses: int
) -> Measured:
    """Label in several browser sessions at once."""
    pages: list[Page] = []
    for _ in range(sessions):
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.goto(url)
        page.wait_for_function(f"() => ({image})?.naturalWidth > 0", timeout=120_000)
        pages.append(page)
    pages[0].wait_for_timeout(2500)  # the first images are loading ahead
    before = cpu(pid)
    for seed, page in enumerate(pages, 1):
        page.evaluate(DRIVE % image, [presses, seed * 7919])
    waits: list[float] = []
    for page in pages:
        page.evaluate("window.done")
        waits += page.evaluate("window.waited")
    pages[0].wait_for_timeout(500)
    after = cpu(pid)
    for page in pages:
        page.context.close()
    training = (after[1] - before[1]) / len(waits)
    return Measured(waits, (after[0] - before[0]) / len(waits) - training, training)


@contextmanager
def hone(home: Path, classes: int, path: str = "") -> Iterator[tuple[str, int]]:
    """Hone on the sample data with the whole pool embedded and a model that is learning.

    Review gets labels to doubt: a third of `DOUBTFUL` ones are wrong.
    """
    server = Server(home / f"hone-{classes}{path}")
    server.start()
    try:
        script = board.Script(server.url, server.home)
        script.embedded()
        known = len(script("status")["classes"])
        for number in range(known, classes):
            script("classes", {"name": f"class {number + 1:03}"})
        script.teach(*((DOUBTFUL, 3) if path else (24,)))
        script.fetch_images()
        yield f"{server.url}/{path}", server.pid
    finally:
        server.kill()


@contextmanager
def plain(home: Path, model: str, classes: int) -> Iterator[tuple[str, int]]:
    """The simplest page: an image and a button for each class, five of them with a key."""
    port = free_port()
    script = home / "plain.py"
    script.write_text(PLAIN_PAGE)
    options = ["--server.port", str(port), "--server.headless", "true"]
    options += ["--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none"]
    arguments = [str(board.SAMPLE), str(home / "plain.jsonl"), model, str(classes)]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *options, "--", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.kill()
        process.wait()


def machine() -> str:
    """The machine in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GB of memory"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=40, help="key presses per session")
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--classes", type=int, nargs="+", default=[7, 40, 300])
    given = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    table = Table(title=f"Key press to next image decoded, ms ({machine()}, browser included)")
    for head in ("page", "sessions", "presses", "p50", "p95", "slowest", "CPU/answer", "training"):
        table.add_column(head, justify="left" if head == "page" else "right")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        home = Path(place)
        (home / "sitecustomize.py").write_text(NAMES)
        os.environ["PYTHONPATH"] = place
        browser = launch(playwright)
        for name, serving, image, several in pages_of(home, given.classes):
            with serving as (url, pid):
                for sessions in given.sessions if several else given.sessions[:1]:
                    result = drive(browser, url, pid, image, sessions, given.presses)
                    quantiles = np.percentile(result.waits, [50, 95, 100])
                    table.add_row(
                        name,
                        str(sessions),
                        str(len(result.waits)),
                        *(f"{value:.0f}" for value in quantiles),
                        f"{result.serving:.1f}",
                        f"{result.training:.1f}",
                    )
        browser.close()
    Console(width=110).print(table)


def pages_of(
    home: Path, classes: list[int]
) -> Iterator[tuple[str, AbstractContextManager[tuple[str, int]], str, bool]]:
    """(name, server, where its image is, whether several sessions are measured) of each page."""
    for count in classes:
        yield f"Hone, {count} classes", hone(home, count), HONE, count == classes[0]
    yield "Hone, Review", hone(home, classes[0], "review"), HONE, False
    for model in ("no model", "model"):
        for count in classes:
            name = f"plain Streamlit, {model}, {count} classes"
            yield name, plain(home, model, count), NAIVE, count == classes[0]


if __name__ == "__main__":
    main()
