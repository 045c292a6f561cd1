"""What counts now, in memory: the samples of the pool, and the current answer of each."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labeling.answers.consensus import Consensus, by_sample
from labeling.answers.sample_index import SampleIndex
from labeling.settings import Overlap
from labeling.store import Answer
from labeling.store.log import COUNTING

if TYPE_CHECKING:
    from labeling.store import Store


NO_OVERLAP = Overlap()
# A tab holds some fifty; a script may ask for half of the most at once.
LEAST_HELD, MOST_HELD, FAIR_PARTS = 100, 1000, 4


@dataclass(frozen=True)
class Moment:
    """The current answers at one moment; `changed` is the newest change of what counts.

    `panels` are the labels of each sample that several people have labeled.
    """

    sample_index: SampleIndex
    answers: Mapping[str, Answer]
    last_answer: int
    changed: int = 0
    panels: Mapping[str, Sequence[Answer]] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """The number of samples of the pool by kind of answer, and by class."""

    labels: int
    skipped: int
    unsure: int
    per_class: dict[int, int]


class CurrentAnswers:
    """The store's current state, kept so that no request has to derive it from all answers.

    It follows the store by the ids of answers, which are in the order of their commits, from any
    process. `last_answer` is set when everything up to it is known.
    """

    def __init__(self, store: "Store", overlap: Overlap = NO_OVERLAP) -> None:
        self._store = store
        self.consensus = Consensus(overlap)
        self.lock = threading.RLock()
        self.reload()

    def reload(self, overlap: Overlap | None = None) -> None:
        """Read everything again; with another overlap from now if one is given."""
        with self.lock:
            self.sample_index = SampleIndex(self._store.samples.keys())
            self.left_out = self._store.samples.left_out()
            self.recount(overlap)

    def recount(self, overlap: Overlap | None = None) -> None:
        """Read all answers again, after a new overlap or a change of what counts."""
        with self.lock:
            changed = self._store.log.version(COUNTING)
            last = self._store.answers.last_id()  # first: later answers are read again
            consensus = Consensus(overlap or self.consensus.overlap)
            current = consensus.settle(by_sample(self._store.answers.standing()))
            self.consensus, self.answers, self.last_answer = consensus, current, last
            self.changed = changed
            self._again = dict.fromkeys(self._store.reshaping.asked_again())
            self._tally: Counter[tuple[str, int | None]] = Counter()
            self._count(list(current.values()), 1)

    def refresh(self, through: int | None = None) -> bool:
        """Take in the newer answers of all processes, unless all up to `through` are known.

        Returns whether there was any. Each sample changes in one step, for concurrent readers.
        """
        with self.lock:
            if through is not None and through <= self.last_answer:
                return False
            samples, standing, last = self._store.answers.news(self.last_answer)
            told = by_sample(standing)
            found = self.consensus.settle({key: told.get(key, ()) for key in samples})
            for key in dict.fromkeys([*samples, *found]):
                if (before := self.answers.get(key)) is not None:
                    self._count([before], -1)
                if (now := found.get(key)) is not None:
                    self._count([now], 1)
                    self.answers[key] = now
                else:
                    self.answers.pop(key, None)
            self.last_answer = last
            return bool(samples)

    def is_open(self, sample_id: str) -> bool:
        """Whether a sample is in the pool and has no answer."""
        return sample_id not in self.answers and sample_id in self.sample_index

    def is_open_to(self, annotator: str | None, sample_id: str) -> bool:
        """Whether a person may answer a sample: it is open, or that person's opinion is wanted."""
        if self.is_open(sample_id):
            return True
        wanted = annotator is not None and self.consensus.waits_for(sample_id, annotator)
        return wanted and sample_id in self.sample_index

    def asked_again(self) -> list[str]:
        """Unanswered samples of split classes, which are asked first."""
        return [key for key in self._again if self.is_open(key)]

    def is_asked_again(self, sample_id: str) -> bool:
        """Whether a sample is asked again, without a guess, because its class was split."""
        return sample_id in self._again

    def open_places(self) -> tuple[SampleIndex, npt.NDArray[np.bool_]]:
        """The index of samples, and whether each place of it (pool,) has no answer."""
        with self.lock:
            sample_index, answered = self.sample_index, list(self.answers)
        is_open = np.ones(len(sample_index), dtype=bool)
        places = sample_index.places(answered)
        is_open[places[places >= 0]] = False
        return sample_index, is_open

    def fair_share(self) -> int:
        """How many samples one person may hold, so that enough is left for the team."""
        left = len(self.sample_index) - len(self.answers)
        return max(LEAST_HELD, min(MOST_HELD, left // FAIR_PARTS))

    def moment(self) -> Moment:
        """The whole state at one moment."""
        with self.lock:
            answers, panels = dict(self.answers), self.consensus.all()
            return Moment(self.sample_index, answers, self.last_answer, self.changed, panels)

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
        places = self.sample_index.places([answer.sample_id for answer in answers])
        for answer, place in zip(answers, places.tolist(), strict=True):
            if place >= 0:
                self._tally[answer.kind, answer.class_id] += by
