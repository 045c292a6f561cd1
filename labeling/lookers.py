"""Lookers: whether anybody has got images yet, and whether anybody wants some just now."""

import threading
import time

QUIET, LONGEST_RUSH = 3.0, 60.0  # seconds without anybody, and how long they are waited for


class Lookers:
    """What asks much of the machine waits for a moment in which nobody waits for images."""

    def __init__(self) -> None:
        self._first = threading.Event()
        self._last = 0.0

    def look(self) -> None:
        """Somebody has got images."""
        self._last = time.monotonic()
        self._first.set()

    def wait_for_first(self, patience: float) -> None:
        """Block until somebody has got images, for up to `patience` seconds."""
        self._first.wait(patience)

    def wait_for_quiet(self, stop: threading.Event) -> None:
        """Block until nobody gets images for 3 seconds, for up to a minute, or until `stop`."""
        end = time.monotonic() + LONGEST_RUSH
        while time.monotonic() < min(end, self._last + QUIET) and not stop.is_set():
            stop.wait(QUIET / 10)
