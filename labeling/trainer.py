"""One background worker: the newest request wins, its state has a name, its errors are kept."""

import threading
from collections.abc import Callable
from enum import StrEnum

REST = 0.05  # seconds between two runs that follow at once: many people share the cores with them


class State(StrEnum):
    """What the worker is doing, in words that the screen shows."""

    IDLE = "idle"
    EMBEDDING = "embedding"
    WAITING_FOR_LABELS = "waiting_for_labels"
    FITTING = "fitting"
    SCORING = "scoring"
    FAILED = "failed"


Report = Callable[[State], None]
Newer = Callable[[], bool]
Work = Callable[[Report, Newer], State]


class Trainer:
    """Runs `work` in one thread, once for any number of requests that came while it was busy.

    Between two runs that follow at once it rests for a moment. `work` takes its own snapshot when
    it begins, so the newest is always the one that is used. It reports its stages, may ask whether
    a newer request has come and give up its own, and returns the state to rest in. If it raises,
    the state is FAILED and `error` holds the reason until a later run succeeds. `told` is called
    when either is another than after the last run.
    """

    def __init__(self, work: Work, told: Callable[[], None] = lambda: None) -> None:
        self._work = work
        self._told = told
        self._changed = threading.Condition()
        self._requested = False
        self._running = False
        self._stopped = False
        self._thread: threading.Thread | None = None
        self.state = State.IDLE
        self.error: str | None = None
        self._last: tuple[State, str | None] | None = None

    def request(self) -> None:
        """Ask for a run; returns at once."""
        with self._changed:
            if self._stopped:
                return
            self._requested = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="trainer", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until nothing is requested or running; False if the timeout came first."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._requested or self._running), timeout)

    def stop(self, timeout: float = 10.0) -> None:
        """Let the current run finish and end the thread."""
        with self._changed:
            self._stopped = True
            self._requested = False
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._requested or self._stopped)
                if self._stopped:
                    return
                self._requested, self._running = False, True
            self._run_once()
            with self._changed:
                self._running = False
                self._changed.notify_all()
                if self._requested:
                    self._changed.wait_for(lambda: self._stopped, REST)

    def _run_once(self) -> None:
        try:
            self.state = self._work(self._report, lambda: self._requested or self._stopped)
            self.error = None
        except Exception as error:  # the thread must outlive any failed round
            self.state = State.FAILED
            self.error = f"{type(error).__name__}: {error}"
        last, self._last = self._last, (self.state, self.error)
        if self._last != last:
            self._told()

    def _report(self, state: State) -> None:
        self.state = state
