"""What counts now, in memory: the samples of the pool, and the answer that stands for each."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labeling.panel import Overlap, Panel, by_sample
from labeling.roster import Roster
from labeling.store import Answer
from labeling.store.log import COUNTING

if TYPE_CHECKING:
    from labeling.store import Store


NO_OVERLAP = Overlap()


@dataclass(frozen=True)
class Moment:
    """The ledger at one moment; `changed` is the newest change of what counts (see the log)."""

    roster: Roster
    answers: Mapping[str, Answer]
    last_answer: int
    changed: int = 0


@dataclass(frozen=True)
class Counts:
    """How many samples of the pool carry which kind of answer, and which class."""

    labels: int
    skipped: int
    unsure: int
    per_class: dict[int, int]


class Ledger:
    """The store's present state, kept so that no request has to derive it from all answers.

    `lock` is held while an answer is written: nothing may be offered between its commit and the
    moment in which the ledger knows of it.
    """

    def __init__(self, store: "Store", overlap: Overlap = NO_OVERLAP) -> None:
        self._store = store
        self.panel = Panel(overlap)
        self.lock = threading.RLock()
        self.reload()

    def reload(self, overlap: Overlap | None = None) -> None:
        """Read everything anew, from now on with another overlap if one is given."""
        with self.lock:
            self.roster = Roster(self._store.samples.keys())
            self.left_out = self._store.samples.left_out()
            self.recount(overlap)

    def recount(self, overlap: Overlap | None = None) -> None:
        """Read all answers anew: another overlap, or a change of what counts."""
        with self.lock:
            self.panel = Panel(overlap or self.panel.overlap)
            self.current = self.panel.settle(by_sample(self._store.answers.standing()))
            self.last_answer = self._store.answers.last_id()
            self.changed = self._store.log.version(COUNTING)
            self._again = dict.fromkeys(self._store.answers.asked_again())
            self._tally: Counter[tuple[str, int | None]] = Counter()
            self._count(list(self.current.values()), 1)

    def refresh(self, sample_ids: Sequence[str]) -> None:
        """Read the answers of these samples anew."""
        with self.lock:
            standing, last = self._store.answers.news(sample_ids)
            told = by_sample(standing)
            found = self.panel.settle({key: told.get(key, ()) for key in sample_ids})
            changed = dict.fromkeys([*sample_ids, *found])
            before = [self.current.pop(key) for key in changed if key in self.current]
            self._count(before, -1)
            self._count(list(found.values()), 1)
            self.current.update(found)
            self.last_answer = last

    def is_open(self, sample_id: str) -> bool:
        """Whether a sample is in the pool and has no answer."""
        return sample_id not in self.current and sample_id in self.roster

    def is_open_to(self, annotator: str | None, sample_id: str) -> bool:
        """Whether a person may answer a sample: it is open, or that person's opinion is wanted."""
        if self.is_open(sample_id):
            return True
        wanted = annotator is not None and self.panel.waits_for(sample_id, annotator)
        return wanted and sample_id in self.roster

    def asked_again(self) -> list[str]:
        """Samples of classes that were split which have no answer yet, to be asked first."""
        return [key for key in self._again if self.is_open(key)]

    def is_asked_again(self, sample_id: str) -> bool:
        """Whether a sample is asked again, without a guess, as its class was split."""
        return sample_id in self._again

    def open_places(self) -> tuple[Roster, npt.NDArray[np.bool_]]:
        """The roster, and whether each place of it (pool,) has no answer."""
        with self.lock:
            roster, answered = self.roster, list(self.current)
        is_open = np.ones(len(roster), dtype=bool)
        places = roster.places(answered)
        is_open[places[places >= 0]] = False
        return roster, is_open

    def moment(self) -> Moment:
        """Everything at one moment."""
        with self.lock:
            return Moment(self.roster, dict(self.current), self.last_answer, self.changed)

    def counts(self) -> Counts:
        """Counts of the samples that are in the pool now."""
        with self.lock:
            tally = dict(self._tally)
        kinds: Counter[str] = Counter()
        per_class: Counter[int] = Counter()
        for (kind, class_id), count in tally.items():
            kinds[kind] += count
            if class_id is not None and count:
                per_class[class_id] += count
        return Counts(kinds["label"], kinds["skip"], kinds["unsure"], dict(per_class))

    def _count(self, answers: Sequence[Answer], by: int) -> None:
        places = self.roster.places([answer.sample_id for answer in answers])
        for answer, place in zip(answers, places.tolist(), strict=True):
            if place >= 0:
                self._tally[answer.kind, answer.class_id] += by
