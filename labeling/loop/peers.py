"""Peers: processes that have the same project open and follow each other's changes quickly.

Each process looks at the store's revisions. One of them leads: it embeds the pool and trains. The
others take over its rounds, and one of them takes the lead when it ends.
"""

import threading
import time
import traceback
from dataclasses import dataclass, replace

from labeling.answers.current import CurrentAnswers
from labeling.embedding.ingest import Ingest
from labeling.errors import StorageError
from labeling.evidence.certificates import Certifier
from labeling.learning.learner import Learner
from labeling.learning.worker import Worker
from labeling.loop.notifier import Notifier
from labeling.loop.rules import Rules
from labeling.project.project import Project
from labeling.store import Pulse

LOOK = 0.3  # seconds from one look at the revisions to the next
ALONE = 1.0  # … while this process leads and no other process works
LIVELY = 30.0  # seconds without changes by others before a process counts as alone
CALL = 2.0  # … and from one attempt to win the lead to the next
SHARE = 20  # reading a large pool again takes at most one part in this many of the time


@dataclass(frozen=True)
class News:
    """Changes by other processes since the last look; `back`: the database was away before.

    `through` is the newest answer of all processes.
    """

    through: int
    rounds: bool
    rules: bool
    pool: bool
    back: bool = False


class Peers:
    """A thread that watches the store and takes over other processes' changes.

    `since` is the pulse of the store before the other parts read it. Embedding waits for up to
    `patience` seconds until a board has received the first images.
    """

    def __init__(
        self,
        project: Project,
        since: Pulse,
        ingest: Ingest,
        current: CurrentAnswers,
        certifier: Certifier,
        learner: Learner,
        worker: Worker,
        rules: Rules,
        notifier: Notifier,
    ) -> None:
        self._project, self._store = project, project.store
        self._ingest, self._current, self._certifier = ingest, current, certifier
        self._learner, self._worker = learner, worker
        self._rules, self._notifier = rules, notifier
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._last = since
        self._is_away = False
        self._next_call = 0.0
        self._lively_until = 0.0
        self._pool_after = 0.0  # the pool is not read again before this time
        self._patience = 0.0
        self.leads = False

    def start(self, patience: float = 0.0) -> None:
        """Try to win the lead, then go on looking in the background."""
        self._patience = patience
        self._call()
        self._thread = threading.Thread(target=self._loop, name="peers", daemon=True)
        self._thread.start()

    def win(self) -> bool:
        """Take the lead if no other process has it, but do not follow; for scripts."""
        self.leads = self._store.lead.win()
        return self.leads

    def stop(self) -> None:
        """Stop looking; the lead stays until the store is closed."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10.0)

    # -- looking -----------------------------------------------------------------------------

    def _loop(self) -> None:
        while not self._stop.wait(self.rest()):
            try:
                self._look()
                if time.monotonic() >= self._next_call:
                    self._call()
            except StorageError:
                self._is_away = True
                self._lead(False)  # without the store, a process cannot know that it leads
            except Exception:  # the thread must outlive any fault of what it calls
                traceback.print_exc()

    def rest(self) -> float:
        """Seconds until the next look."""
        is_alone = self.leads and time.monotonic() > self._lively_until
        return ALONE if is_alone else LOOK

    def _look(self) -> None:
        """Take over other processes' changes since the last time."""
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
        lively = self.take_in(news)
        end = time.monotonic()
        if lively:
            self._lively_until = end + LIVELY
        if pool:
            self._pool_after = end + SHARE * (end - begin)
        self._last = now if pool else replace(now, pool=last.pool)
        self._is_away = False

    def take_in(self, news: News) -> bool:
        """Read the changes, notify the boards, and rank again if necessary.

        Returns whether other processes changed anything.
        """
        grown = False
        if news.rules:
            self._take_in_rules()
        if news.pool:
            self._current.reload()
        answered = self._current.refresh(news.through)
        if self.leads and self._ingest.cut_off:
            self._ingest.start()
        if not self.leads:
            grown = self._ingest.follow() and self._learner.grown()
        changed = news.rules or news.pool or answered or grown
        if changed:
            self._notifier.bump()
        if news.rules or news.back or grown or (answered if self.leads else news.rounds):
            self._worker.request()
        return changed

    def _take_in_rules(self) -> None:
        """Classes, people, settings or certificates have changed."""
        self._store.look_again()
        self._rules.follow()
        self._certifier.reload()
        settings = self._project.settings()
        if settings.overlap != self._current.consensus.overlap:
            self._current.reload(settings.overlap)
        if self.leads and not self._ingest.is_of(settings):
            self._ingest.stop()
            self._ingest.start()

    # -- leading -----------------------------------------------------------------------------

    def _call(self) -> None:
        self._next_call = time.monotonic() + CALL
        self._lead(self._store.lead.win())

    def _lead(self, leads: bool) -> None:
        """Start to embed and train when the lead is won; stop when it is lost."""
        if leads == self.leads:
            return
        self.leads = leads
        if not leads:
            self._ingest.stop()  # another process may write embeddings now
        elif not self._ingest.is_whole():
            self._ingest.start(self._patience)
        self._worker.request()
