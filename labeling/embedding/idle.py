"""Lookers: whether anybody has got images yet, and whether anybody is getting some now."""

import threading
import time
from collections.abc import Callable

QUIET, LONGEST_RUSH = 3.0, 60.0  # seconds without requests, and the longest wait for them
GAP, LONGEST_QUEUE = 0.3, 1.5  # the same where people come back at once


class Lookers:
    """Heavy work waits here for a moment in which nobody waits for images."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._first = threading.Event()
        self._last = 0.0

    def look(self) -> None:
        """Note that somebody has got images."""
        self._last = self._now()
        self._first.set()

    def wait_for_first(self, patience: float) -> None:
        """Block until somebody has got images, for up to `patience` seconds."""
        self._first.wait(patience)

    def let_pass(self, patience: float, stop: threading.Event) -> None:
        """The same, and then let those pass who come back at once after a restart."""
        self.wait_for_first(patience)
        self._wait(GAP, LONGEST_QUEUE, stop)

    def wait_for_quiet(self, stop: threading.Event) -> None:
        """Block until nobody gets images for 3 seconds, for up to a minute, or until `stop`."""
        self._wait(QUIET, LONGEST_RUSH, stop)

    def _wait(self, quiet: float, longest: float, stop: threading.Event) -> None:
        end = self._now() + longest
        while self._now() < min(end, self._last + quiet) and not stop.is_set():
            stop.wait(quiet / 10)
