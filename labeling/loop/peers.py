"""Following: what other processes do with the same project, seen within a moment.

Every process that has a project open looks at its pulse. One of them has the lead: it embeds the
pool and trains. The others take over its rounds, and the lead when it ends.
"""

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

from labeling.errors import StorageError
from labeling.store import Store

LOOK = 0.3  # seconds from one look at the pulse to the next
ALONE = 1.0  # … where this process leads and has seen nothing of others
LIVELY = 30.0  # … for so long
CALL = 2.0  # … and from one try to win the lead to the next
SHARE = 20  # reading a large pool again takes no more than one part in so many of the time


@dataclass(frozen=True)
class News:
    """What has changed by others since the last look; `back` if the database was away till now.

    `through` is the newest answer, be it one's own.
    """

    through: int
    rounds: bool
    rules: bool
    pool: bool
    back: bool = False


class Peers:
    """Looks after the store in a thread of its own, and tells what others change from now on.

    `told` is called with the news of each look, be there any or not, and says whether others have
    done something; `led` is called when this process has won the lead, or lost it.
    """

    def __init__(
        self, store: Store, told: Callable[[News], bool], led: Callable[[bool], None]
    ) -> None:
        self._store, self._told, self._led = store, told, led
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._last = store.pulse()
        self._is_away = False
        self._next_call = 0.0
        self._lively_until = 0.0
        self._pool_after = 0.0  # not before this time the pool is read again
        self.leads = False

    def start(self) -> None:
        """Try to win the lead, then go on looking in the background."""
        self._call()
        self._thread = threading.Thread(target=self._loop, name="follower", daemon=True)
        self._thread.start()

    def win(self) -> bool:
        """Take the lead if nobody has it, without following; for scripts."""
        self.leads = self._store.lead.win()
        return self.leads

    def stop(self) -> None:
        """Look no more; the lead stays until the store is closed."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10.0)

    def _loop(self) -> None:
        while not self._stop.wait(self._rest()):
            try:
                self._look()
                if time.monotonic() >= self._next_call:
                    self._call()
            except StorageError:
                self._is_away = True
                self._lead(False)  # whoever cannot reach the store cannot know that it leads
            except Exception:  # the thread must outlive whatever it tells
                traceback.print_exc()

    def _rest(self) -> float:
        is_alone = self.leads and time.monotonic() > self._lively_until
        return ALONE if is_alone else LOOK

    def _look(self) -> None:
        """Tell what others have changed since the last time."""
        now, last = self._store.pulse(), self._last
        pool = now.pool != last.pool and time.monotonic() >= self._pool_after
        news = News(
            through=now.answer,
            rounds=now.round != last.round,
            rules=now.rules != last.rules,
            pool=pool,
            back=self._is_away,
        )
        begin = time.monotonic()
        lively = self._told(news)
        end = time.monotonic()
        if lively:
            self._lively_until = end + LIVELY
        if pool:
            self._pool_after = end + SHARE * (end - begin)
        self._last = now if pool else replace(now, pool=last.pool)
        self._is_away = False

    def _call(self) -> None:
        self._next_call = time.monotonic() + CALL
        self._lead(self._store.lead.win())

    def _lead(self, leads: bool) -> None:
        if leads != self.leads:
            self.leads = leads
            self._led(leads)
