"""A counter that goes up with each change of a session, so that others can wait for changes."""

import asyncio
import threading

Waiter = tuple[asyncio.AbstractEventLoop, asyncio.Event, bool]


class Notifier:
    """A counter that threads raise; coroutines of any event loop wait for it.

    `version` counts every change. `ranked` is the version of the newest round or the newest change
    of classes: boards should get these at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[Waiter] = set()
        self.version = 0
        self.ranked = 0

    @property
    def waiting(self) -> int:
        """The number of coroutines that wait for a change now."""
        return len(self._waiting)

    def bump(self, *, ranked: bool = False) -> None:
        """Count a change and wake all that wait; any thread may call it."""
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
        """Return at the first change after `version`, or when the time is over.

        If the change has come already, return at once. With `ranked`, only changes of `ranked`
        count, and `version` is one of its values.
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
