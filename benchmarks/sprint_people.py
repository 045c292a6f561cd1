"""The people of a sprint: each with a connection, a queue of images, and a board's retries."""

import http.client
import json
import math
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

QUEUE, LOW = 12, 6  # images that a person holds ahead, and when new ones are requested
PACE = 1.0  # seconds between two answers
RETRY = 0.25  # seconds until a request without a reply is sent again, as on the board
GIVEN_UP = 120.0  # seconds after which the server counts as lost
WAIT, CALM = 25, 0.5  # seconds of a long poll, and between two


@dataclass
class Holdings:
    """Which person has which image before an answer; the same image twice is a fault."""

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


class Line:
    """One connection to the server, which may be interrupted."""

    def __init__(self, port: int, token: str) -> None:
        self.again = 0  # requests that had to be sent again
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection = self._connect()

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The reply, after as many tries as necessary."""
        content = None if body is None else json.dumps(body)
        end = time.monotonic() + GIVEN_UP
        while True:
            try:
                status, told = self._send(path, content)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                self._connection, status, told = self._connect(), 503, repr(error).encode()
            if status == 200:
                reply: dict[str, Any] = json.loads(told)
                return reply
            if status != 503 or time.monotonic() > end:
                raise RuntimeError(f"{path}: {status} {told[:200]!r}")
            self.again += 1
            time.sleep(RETRY)

    def _send(self, path: str, content: str | None) -> tuple[int, bytes]:
        self._connection.request("GET" if content is None else "POST", path, content, self._headers)
        response = self._connection.getresponse()
        return response.status, response.read()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)


class Person:
    """One annotator at one browser."""

    def __init__(self, number: int, port: int, token: str, holdings: Holdings) -> None:
        self.number, self.holdings = number, holdings
        self.seconds: list[float] = []  # of each answer with a reply at the first try
        self.saved: list[str] = []
        self.refused: list[str] = []
        self.line, self._news = Line(port, token), Line(port, token)
        self._random = random.Random(number)
        self._classes: list[int] = []
        self._given = 0

    @property
    def again(self) -> int:
        """The number of repeated requests."""
        return self.line.again

    def wait_until_embedded(self) -> None:
        """Return when the model has seen every image, as before a sprint."""
        self.line.ask("/api/next", {"holder": "tab", "count": 0})
        while self.line.ask("/api/status")["status"]["ingest"]["stage"] != "done":
            time.sleep(1)

    def watch(self, end: float) -> None:
        """Wait for news until `end`, as a board does while labeling."""
        version = -1
        while time.perf_counter() < end:
            path = f"/api/status?after={version}&wait={WAIT}"
            version = self._news.ask(path)["status"]["version"]
            time.sleep(CALM)

    def work(self, end: float) -> None:
        """Label one image a second until `end`."""
        time.sleep(self._random.random() * PACE)
        queue: list[str] = []
        due = time.perf_counter()
        while time.perf_counter() < end:
            if len(queue) < LOW:
                body = {"holder": "tab", "count": QUEUE - len(queue), "keep": queue}
                reply = self.line.ask("/api/next", body)
                fresh = [card["sample_id"] for card in reply["cards"]]
                self.holdings.take(self.number, fresh)
                queue += fresh
                self._classes = [one["id"] for one in reply["classes"]]
            if queue:
                self._answer(queue.pop(0))
            # People do not catch up after an outage, so it does not synchronise them.
            behind = time.perf_counter() - PACE - due
            due += PACE * max(1, math.ceil(behind / PACE))
            time.sleep(max(0.0, due - time.perf_counter()))
        for key in queue:
            self.holdings.give(key)
        self.line.ask("/api/next", {"holder": "tab", "count": 0})

    def _answer(self, key: str) -> None:
        self._given += 1
        answer = {
            "client_id": f"{self.number}-{self._given}",
            "sample_id": key,
            "kind": "label",
            "class_id": self._random.choice(self._classes),
            "seconds": PACE,
        }
        self.holdings.give(key)  # after the commit it may be somebody else's second opinion
        before, begin = self.line.again, time.perf_counter()
        reply = self.line.ask("/api/answers", {"answers": [answer]})
        if self.line.again == before:
            self.seconds.append(time.perf_counter() - begin)
        self.saved += reply["saved"]
        self.refused += list(reply["refused"].values())
