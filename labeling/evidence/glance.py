"""The accuracy at a glance: the newest figure, those before it, and how far off the first one is.

A round lands after every answer, and its accuracy can cost more than the round. So it is measured
only when somebody looks, and not again before ten times its cost has passed.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from labeling.evidence.gathering import CHECKS, pool_accuracy, until_checked
from labeling.project.project import Project

if TYPE_CHECKING:
    from labeling.evidence.figures import Figures

MEASURED = "measured.json"
SHARE = 9.0  # measuring rests this many times as long as it took, so it takes a tenth of one core
MOST = 64  # points of the curve; beyond that, every second one is dropped


@dataclass(frozen=True)
class Measure:
    """An accuracy with its 95 % interval, as it was measured when there were so many labels."""

    labels: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Glance:
    """What is known of the model's accuracy; `points` are the measures so far, oldest first.

    `accuracy` is the newest, None as long as there are fewer blind `checks` than are `needed`; then
    about `labels_left` more labels bring them, None if blind checks are off. `left` counts the
    images without an answer. `is_newest` says whether it is about the newest round.
    """

    accuracy: Measure | None = None
    points: tuple[Measure, ...] = ()
    checks: int = 0
    needed: int = CHECKS
    labels_left: int | None = None
    left: int = 0
    is_newest: bool = True


class Glancer:
    """Keeps the newest glance, and the measured points in a file of the project."""

    def __init__(
        self, project: Project, figures: "Figures", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._project, self._figures, self._clock = project, figures, clock
        self._file = project.folder / MEASURED
        self._lock = Lock()
        self._again = 0.0
        self._last: Glance | None = None
        self._points = _read(self._file)

    def look(self) -> Glance | None:
        """The newest glance, measured now if it is time; None before there is a model."""
        if not self._lock.acquire(blocking=False):
            return self._not_newest()
        try:
            begin = self._clock()
            if begin < self._again:
                return self._not_newest()
            self._last = self._measure()
            end = self._clock()
            self._again = end + SHARE * (end - begin)
            return self._last
        finally:
            self._lock.release()

    def _not_newest(self) -> Glance | None:
        known = self._last
        return None if known is None else Glance(**vars(known) | {"is_newest": False})

    def _measure(self) -> Glance | None:
        evidence = self._figures.evidence()
        if evidence is None:
            return None
        found, labels = pool_accuracy(evidence), len(evidence.rows)
        checks = int(evidence.uniform.sum())
        measure = None
        if found is not None:
            ends = (round(one, 4) for one in (found.value, found.low, found.high))
            measure = Measure(labels, *ends)
            self._keep(measure)
        share = self._project.settings().audit_share
        return Glance(
            accuracy=measure,
            points=tuple(one for one in self._points if one.labels <= labels),
            checks=checks,
            labels_left=None if measure else until_checked(checks, CHECKS, share),
            left=len(evidence.open_rows),
        )

    def _keep(self, measure: Measure) -> None:
        """Add a point; those of as many labels or more are of a state that was taken back."""
        if self._points and self._points[-1] == measure:
            return
        before = [one for one in self._points if one.labels < measure.labels]
        if len(before) >= MOST:
            before = before[::2]
        self._points = [*before, measure]
        _write(self._file, self._points)


def _read(file: Path) -> list[Measure]:
    """The points of a file; none if it is missing or damaged, since new ones will follow."""
    try:
        return [Measure(**one) for one in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def _write(file: Path, points: list[Measure]) -> None:
    """Replace the file in one step; without room on the disk, the points are kept in memory."""
    text = json.dumps([asdict(one) for one in points])
    staged = file.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        staged.write_text(text, encoding="utf-8")
        os.replace(staged, file)
