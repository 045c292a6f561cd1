"""A short cache for requests that all read the same few rows."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

SECONDS = 1.0

T = TypeVar("T")


class Memo:
    """Keeps values for a second, or until this process writes such rows.

    So a process sees its own writes at once, and other processes' writes within a second.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._writes = 0

    def get(self, key: Hashable, read: Callable[[], T]) -> T:
        """The value of a key, read again if it is old; the caller must not change it."""
        with self._lock:
            until, value = self._kept.get(key, (0.0, None))
            writes = self._writes
        if self._clock() < until:
            kept: T = value
            return kept
        found = read()
        with self._lock:
            if writes == self._writes:  # else it may be from before the write
                self._kept[key] = (self._clock() + SECONDS, found)
        return found

    def forget(self) -> None:
        """Forget everything, after a write or when a value seems out of date."""
        with self._lock:
            self._writes += 1
            self._kept.clear()
