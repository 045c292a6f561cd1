"""What a session tells those who wait: a counter that goes up with each change."""

import asyncio
import threading

Waiter = tuple[asyncio.AbstractEventLoop, asyncio.Event, bool]


class Notifier:
    """A counter that threads raise and that coroutines of any event loop wait for.

    `version` counts every change. `ranked` is the version that brought the newest round, or changed
    the classes: what nobody should wait for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[Waiter] = set()
        self.version = 0
        self.ranked = 0

    @property
    def waiting(self) -> int:
        """How many wait for a change now."""
        return len(self._waiting)

    def bump(self, *, ranked: bool = False) -> None:
        """Count a change and wake everybody who waits; from any thread."""
        with self._lock:
            self.version += 1
            if ranked:
                self.ranked = self.version
            waiting = {one for one in self._waiting if ranked or not one[2]}
            self._waiting -= waiting
        for loop, event, _ in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def after(self, version: int, timeout: float, *, ranked: bool = False) -> None:
        """Return at the first change after `version`, at once if there was one, or in time.

        With `ranked`, only what `ranked` counts is waited for, and `version` is one of these.
        """
        event = asyncio.Event()
        waiter = (asyncio.get_running_loop(), event, ranked)
        with self._lock:
            if (self.ranked if ranked else self.version) != version:
                return
            self._waiting.add(waiter)
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._waiting.discard(waiter)
