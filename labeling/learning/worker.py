"""One background worker: the newest request wins, states have names, errors are kept."""

import threading
import time
from collections.abc import Callable
from enum import StrEnum

REST = 0.05  # seconds of rest between two runs
CALM = 4.0  # … times the length of a run, when requests come faster than runs
LONGEST_REST = 10.0  # seconds


class State(StrEnum):
    """What the worker does, in the words of the screen."""

    IDLE = "idle"
    EMBEDDING = "embedding"
    WAITING_FOR_LABELS = "waiting_for_labels"
    FITTING = "fitting"
    SCORING = "scoring"
    FAILED = "failed"


Report = Callable[[State], None]
Newer = Callable[[], bool]
Work = Callable[[Report, Newer], State]


class Worker:
    """Runs `work` in one thread; all requests that come during a run share the next run.

    If a request waits, it rests for a moment before the next run. So each answer of one person gets
    a run. If several requests come during a run, many people label, and they need the cores too:
    then it rests so long that runs take a fifth of the time.
    `work` takes its own snapshot when it begins, so it always uses the newest. It reports its
    stages and returns the state to rest in. It may stop what is not urgent when a newer request has
    come, and the rest when the run `gives_way`. If it raises, the state is FAILED and `error` holds
    the reason until a later run succeeds. `told` is called when the state or the error differs
    from the last run's.
    """

    def __init__(self, work: Work, told: Callable[[], None] = lambda: None) -> None:
        self._work = work
        self._told = told
        self._changed = threading.Condition()
        self._requested = 0  # requests since the last run began
        self._running = False
        self._gave_way = False  # whether the current run was asked to
        self._patient = False  # whether it must run to its end
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
            self._requested += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="worker", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until nothing is requested or running; False if the timeout came first."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._requested or self._running), timeout)

    def gives_way(self) -> bool:
        """Whether the current run should end now: a newer request came, or everything stops.

        A run goes to its end if the run before gave way, or if several requests came during that
        one. Otherwise no run would ever end while many people label.
        """
        if self._requested and not self._patient:
            self._gave_way = True
        return self._gave_way or self._stopped

    def stop(self, timeout: float = 10.0) -> None:
        """Let the current run finish and end the thread."""
        with self._changed:
            self._stopped = True
            self._requested = 0
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
                self._requested, self._running, self._gave_way = 0, True, False
            begin = time.monotonic()
            self._run_once()
            took = time.monotonic() - begin
            with self._changed:
                self._running = False
                self._changed.notify_all()
                crowded = self._requested > 1
                self._patient = self._gave_way or crowded
                if self._requested:
                    calm = min(CALM * took, LONGEST_REST) if crowded else 0.0
                    self._changed.wait_for(lambda: self._stopped, max(REST, calm))

    def _run_once(self) -> None:
        try:
            self.state = self._work(self._report, lambda: bool(self._requested) or self._stopped)
            self.error = None
        except Exception as error:  # the thread must outlive any failed round
            self.state = State.FAILED
            self.error = f"{type(error).__name__}: {error}"
        last, self._last = self._last, (self.state, self.error)
        if self._last != last:
            self._told()

    def _report(self, state: State) -> None:
        self.state = state
