"""What a person at the board sees and does, as functions of a page."""

import csv
import json
import shutil
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, TimeoutError, expect

from labeling.paths import project_key
from labeling.people.tokens import Person, issue, local_secret

SAMPLE = Path(__file__).parents[2] / "sample_data" / "emoji"
ON_SCREEN = """() => {
  const caption = document.querySelector("[data-testid=stBidiComponentIsolated]")
    ?.shadowRoot?.querySelector(".caption");
  const shown = caption?.getRootNode().querySelector(".stage img, .stage article");
  const name = shown && (shown.alt ?? shown.getAttribute("aria-label"));
  return name && name === caption.title ? name : null;
}"""


def true_labels() -> dict[str, str]:
    """Path -> class of the sample data."""
    with (SAMPLE / "labels.csv").open(newline="") as file:
        return {row["path"]: row["label"] for row in csv.DictReader(file)}


def on_screen(page: Page) -> str:
    """The path of the image that is shown and decoded, or the place of the text."""
    name: str = page.wait_for_function(ON_SCREEN).json_value()
    return name


def after(page: Page, name: str) -> str:
    """The path of the image that is shown once `name` is not."""
    page.wait_for_function(f"name => (({ON_SCREEN})() ?? name) !== name", arg=name)
    return on_screen(page)


def turn_to(page: Page, screen: str) -> None:
    """Go to a screen by the menu, which costs a part of what it costs to load the app again."""
    page.get_by_role("link", name=screen, exact=True).click()


def held_ahead(page: Page, count: int) -> None:
    """Wait until this many images have been loaded, the one on screen among them."""
    page.wait_for_function(
        """count => performance.getEntriesByType("resource")
          .filter(({ name }) => name.includes("/view?")).length >= count""",
        arg=count,
    )
    page.wait_for_timeout(300)  # until the last ones are decoded


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
    model = page.locator(f".model[data-seen='{labels}'][data-labels='{labels}']")
    expect(model).to_have_count(1, timeout=30_000)


def image_box(page: Page) -> dict[str, float]:
    """Where the image on the stage lies in the window, in CSS pixels, clipped or not."""
    # While a larger copy takes its place, an image is for a moment in no place at all.
    found = page.wait_for_function(
        """() => {
          const board = document.querySelector("[data-testid=stBidiComponentIsolated]");
          const box = board?.shadowRoot?.querySelector(".stage img")?.getBoundingClientRect();
          return box?.width ? { x: box.x, y: box.y, width: box.width, height: box.height } : null;
        }"""
    )
    box: dict[str, float] = found.json_value()
    return box


def find_class(page: Page, typed: str) -> None:
    """Type into the class search and take what it finds first."""
    page.keyboard.press("/")
    page.keyboard.type(typed)
    page.keyboard.press("Enter")


def part_of_sample(folder: Path, every: int) -> Path:
    """A pool of every so many images of the sample data, with its classes."""
    (folder / "images").mkdir(parents=True)
    for name in sorted(true_labels())[::every]:
        shutil.copy(SAMPLE / name, folder / name)
    shutil.copy(SAMPLE / "classes.txt", folder)
    return folder


RECORD = (
    """(() => {
  // Every press is noted with the image that was on screen at that moment, across reloads.
  const onScreen = """
    + ON_SCREEN
    + """;
  window.addEventListener("keydown", ({ key }) => {
    if (!/^[1-9]$/.test(key)) return;
    const name = onScreen();
    const before = localStorage.getItem("pressed") ?? "";
    if (name) localStorage.setItem("pressed", `${before}${name} ${key}\\n`);
  }, true);
})()"""
)
MASH = """([gap, most]) => {
  const answered = () => new Set((localStorage.getItem("pressed") ?? "")
    .split("\\n").map((line) => line.slice(0, -2))).size - 1;  // the end is empty
  window.answered = answered;
  window.enough = answered() + most;
  let press = 0;
  window.mashing = setInterval(() => {
    if (answered() >= window.enough) return;
    const key = String((press += 1) % 7 + 1);
    const event = { key, code: `Digit${key}`, bubbles: true, composed: true, cancelable: true };
    document.body.dispatchEvent(new KeyboardEvent("keydown", event));
    document.body.dispatchEvent(new KeyboardEvent("keyup", event));
  }, gap);
}"""
MOST = 40  # images answered while nobody waits for it: a slow test must not use up the pool


def mash(page: Page, gap: int = 50) -> None:
    """Press the class keys in turn, one each `gap` ms, without waiting for anything."""
    page.evaluate(MASH, [gap, MOST])


def mashed_on(page: Page, more: int = 10) -> None:
    """Wait until that has answered so many images more."""
    goal = page.evaluate(
        "([more, most]) => (window.enough = answered() + most) - most + more", [more, MOST]
    )
    try:
        # Looked at by a timer: a window that is not painted just now still has one.
        page.wait_for_function("goal => answered() >= goal", arg=goal, timeout=60_000, polling=100)
    except TimeoutError as error:
        shown = page.locator(".board").inner_text()
        raise AssertionError(f"no {more} images were answered; on screen:\n{shown}") from error


def mashed(page: Page) -> None:
    """Stop pressing, and wait until all of it is on disk."""
    page.evaluate("clearInterval(window.mashing)")
    saved(page)


def pressed(page: Page) -> dict[str, str]:
    """Path -> the first key pressed while that image was on screen (see RECORD)."""
    first: dict[str, str] = {}
    for line in (page.evaluate("localStorage.getItem('pressed')") or "").splitlines():
        name, key = line.rsplit(" ", 1)
        first.setdefault(name, key)
    return first


class Script:
    """A person's script at the API of a server, with a token made on the server's machine."""

    def __init__(self, url: str, home: Path, name: str = "script") -> None:
        (folder,) = [path.parent for path in home.glob("*/hone.sqlite")]
        self.folder = folder
        self._url = url
        self._token = issue(Person(project_key(folder), name), local_secret(home))

    def __call__(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self._url}/api/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            answer: dict[str, Any] = json.load(reply)
        return answer

    def embedded(self) -> None:
        """Wait until the whole pool is embedded."""
        self("next", {"holder": "script", "count": 0})  # it begins once somebody looks
        now = self("status")["status"]
        while now["ingest"]["stage"] != "done":
            now = self(f"status?after={now['version']}&wait=20")["status"]

    def fetch_images(self) -> None:
        """Have the copies of all images made that browsers get."""
        with closing(sqlite3.connect(self.folder / "hone.sqlite")) as connection:
            ids = [key for (key,) in connection.execute("SELECT id FROM samples")]
        for key in ids:
            for size in ("thumb", "view"):
                url = f"{self._url}/api/samples/{key}/{size}?token={self._token}"
                urllib.request.urlopen(url, timeout=60).close()

    def teach(self, count: int, wrong_every: int = 0) -> None:
        """Give true labels to what the model asks for, until it has seen `count`.

        Of each `wrong_every` labels one is the next class instead.
        """
        truth = true_labels()
        now = self("status")
        classes = {one["name"]: one["id"] for one in now["classes"]}
        ids = list(classes.values())
        while (left := count - now["status"]["labels"]) > 0:
            cards = self("next", {"holder": "script", "count": min(left, 12)})["cards"]
            answers = []
            for number, card in enumerate(cards, 1):
                given = classes[truth[card["name"]]]
                if wrong_every and number % wrong_every == 0:
                    given = ids[(ids.index(given) + 1) % len(ids)]
                answers.append(
                    {
                        "client_id": f"taught-{card['sample_id']}",
                        "sample_id": card["sample_id"],
                        "kind": "label",
                        "class_id": given,
                    }
                )
            now = self("answers", {"answers": answers})
            while now["status"]["seen"] != now["status"]["labels"]:
                now = self(f"status?after={now['status']['version']}&wait=20")
        self("next", {"holder": "script", "count": 0})
