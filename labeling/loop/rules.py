"""The rules: classes, and which answers count. They change while people label."""

from labeling.answers.current import CurrentAnswers
from labeling.evidence.certificates import Certifier
from labeling.learning.worker import Worker
from labeling.loop.notifier import Notifier
from labeling.store import Store
from labeling.store.log import COUNTING


class Rules:
    """Follows the log of changes; `version` is the newest change that this process knows."""

    def __init__(
        self,
        store: Store,
        version: int,
        current: CurrentAnswers,
        certifier: Certifier,
        worker: Worker,
        notifier: Notifier,
    ) -> None:
        self._store, self.version = store, version
        self._current, self._certifier = current, certifier
        self._worker, self._notifier = worker, notifier

    def follow(self) -> None:
        """Read the changes since the last time, by any process."""
        if self._store.log.version() == self.version:
            return
        with self._current.lock:
            self.version = self._store.log.version()
            counts = self._store.log.version(COUNTING) != self._current.changed
            if counts:
                self._current.recount()
                self._certifier.reload()
        self._notifier.bump(ranked=True)  # boards fetch again at once
        if counts:
            self._worker.request()
