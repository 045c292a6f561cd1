"""Whether a team's sprint loses, doubles or delays anything: many people, real HTTP, real server.

    python -m benchmarks.sprint [--people 30] [--minutes 1] [--overlap 0.0]

Every person is a thread with a connection and an invitation of its own, holds a queue of images as
the board does, and answers one a second while the server trains in the background. People and
server share the machine's cores. In the end the database is compared with what each was told.
"""

import argparse
import http.client
import json
import random
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.board_latency import machine
from benchmarks.board_memory import pool, resident
from labeling.project import default_folder, open_project
from labeling.store import Answer, Role
from labeling.tokens import for_member, issue, local_secret
from tests.journeys.conftest import Server

QUEUE, LOW = 12, 6  # images that a person holds ahead, and when new ones are fetched
PACE = 1.0  # seconds from one answer to the next
SPARE = 1.3  # images for each answer, so that the pool does not run out


@dataclass
class Holdings:
    """Which person has which image on the way to an answer; the same one twice is a fault."""

    holders: dict[str, int] = field(default_factory=dict)
    doubled: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, person: int, sample_ids: list[str]) -> None:
        with self.lock:
            for key in sample_ids:
                self.doubled += self.holders.get(key, person) != person
                self.holders[key] = person

    def give(self, sample_id: str) -> None:
        with self.lock:
            self.holders.pop(sample_id, None)


class Person:
    """One annotator at one browser."""

    def __init__(self, number: int, port: int, token: str, holdings: Holdings) -> None:
        self.number, self.holdings = number, holdings
        self.seconds: list[float] = []
        self.saved: list[str] = []
        self.refused: list[str] = []
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._random = random.Random(number)
        self._classes: list[int] = []

    def wait_until_embedded(self) -> None:
        """Return when the model has seen every image, as before a sprint."""
        self._ask("/api/next", {"holder": "tab", "count": 0})
        while self._ask("/api/status")["status"]["ingest"]["stage"] != "done":
            time.sleep(1)

    def work(self, end: float) -> None:
        """Label one image a second until `end`."""
        time.sleep(self._random.random() * PACE)
        queue: list[str] = []
        due = time.perf_counter()
        while time.perf_counter() < end:
            if len(queue) < LOW:
                body = {"holder": "tab", "count": QUEUE - len(queue), "keep": queue}
                reply = self._ask("/api/next", body)
                fresh = [card["sample_id"] for card in reply["cards"]]
                self.holdings.take(self.number, fresh)
                queue += fresh
                self._classes = [one["id"] for one in reply["classes"]]
            if queue:
                self._answer(queue.pop(0))
            due += PACE
            time.sleep(max(0.0, due - time.perf_counter()))
        for key in queue:
            self.holdings.give(key)
        self._ask("/api/next", {"holder": "tab", "count": 0})

    def _answer(self, key: str) -> None:
        client_id = f"{self.number}-{len(self.seconds)}"
        answer = {
            "client_id": client_id,
            "sample_id": key,
            "kind": "label",
            "class_id": self._random.choice(self._classes),
            "seconds": PACE,
        }
        self.holdings.give(key)  # from the commit on it may be somebody else's second opinion
        begin = time.perf_counter()
        reply = self._ask("/api/answers", {"answers": [answer]})
        self.seconds.append(time.perf_counter() - begin)
        self.saved += reply["saved"]
        self.refused += list(reply["refused"].values())

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        content = None if body is None else json.dumps(body)
        method = "GET" if body is None else "POST"
        self._connection.request(method, path, content, self._headers)
        response = self._connection.getresponse()
        told = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {told[:200]!r}")
        reply: dict[str, Any] = json.loads(told)
        return reply


def main() -> None:
    """Run a sprint and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--overlap", type=float, default=0.0, help="share that two people answer")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "home"
        count = int(given.people * given.minutes * 60 / PACE * SPARE)
        images = pool(Path(place) / "images", count)
        tokens = _invite(images, home, given.people, given.overlap)
        server = Server(home, images, "0.0.0.0")
        server.start()
        assert server._process is not None
        try:
            holdings = Holdings()
            people = [Person(n, server.port, one, holdings) for n, one in enumerate(tokens)]
            people[0].wait_until_embedded()
            before = resident(server._process.pid)
            end = time.perf_counter() + given.minutes * 60
            with ThreadPoolExecutor(len(people)) as threads:
                for done in [threads.submit(one.work, end) for one in people]:
                    done.result()
            memory = (before, resident(server._process.pid))
        finally:
            server.kill()  # SIGKILL: what was acknowledged must be on disk all the same
        _report(people, holdings, _stored(images, home), memory, given.overlap)


def _folder(images: Path, home: Path) -> Path:
    return home / default_folder(images.resolve()).name


def _invite(images: Path, home: Path, people: int, overlap: float) -> list[str]:
    """The tokens of as many annotators."""
    with closing(open_project(images, _folder(images, home))) as project:
        project.change(overlap_share=overlap)
        secret = local_secret(home)
        members = [
            project.store.people.invite(f"person {n}", Role.ANNOTATOR, 1)[0] for n in range(people)
        ]
        return [issue(for_member(project.folder, one), secret) for one in members]


def _stored(images: Path, home: Path) -> tuple[list[Answer], int]:
    """Every answer in the database, and how many rounds there were."""
    with closing(open_project(images, _folder(images, home))) as project:
        return project.store.answers.all(), len(project.store.rounds.all())


def _report(
    people: list[Person],
    holdings: Holdings,
    stored: tuple[list[Answer], int],
    memory: tuple[float, float],
    overlap: float,
) -> None:
    answers, rounds = stored
    told = Counter(key for one in people for key in one.saved)
    kept = Counter(one.client_id for one in answers)
    given = Counter(one.sample_id for one in answers)
    most = 2 if overlap else 1
    ms = 1000 * np.array([one for person in people for one in person.seconds])
    table = Table("what", "value", title=f"{len(people)} people, {machine()}")
    for what, value in (
        ("answers acknowledged", f"{len(told):,}"),
        ("lost", f"{len(told.keys() - kept.keys())}"),
        ("stored twice", f"{sum(n - 1 for n in kept.values())}"),
        ("samples answered too often", f"{sum(n > most for n in given.values())}"),
        ("refused", f"{sum(len(one.refused) for one in people)}"),
        ("double leases", f"{holdings.doubled}"),
        ("samples with two opinions", f"{sum(n == 2 for n in given.values()):,}"),
        ("ms an answer, median / p95 / max", " / ".join(f"{q:.0f}" for q in _quantiles(ms))),
        ("rounds trained meanwhile", f"{rounds:,}"),
        ("MB of the server, before / after", f"{memory[0]:.0f} / {memory[1]:.0f}"),
    ):
        table.add_row(what, value)
    Console().print(table)


def _quantiles(values: np.ndarray) -> tuple[float, float, float]:
    median, late, most = np.quantile(values, [0.5, 0.95, 1.0])
    return float(median), float(late), float(most)


if __name__ == "__main__":
    main()
