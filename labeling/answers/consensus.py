"""The panel: samples that more than one person answers, and their common answer.

An answer is an opinion of a panel if its query is `overlap`: the person saw neither a guess nor
other people's answers. A sample without such an answer has no panel: its latest answer counts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from labeling.settings import Overlap
from labeling.store import Answer
from labeling.store.answers import ADJUDICATED
from labeling.store.provenance import OVERLAP
from labeling.store.sql.schema import OFFER_FIELDS
from models.evidence.consensus import one_coin

SURE = 0.9  # three or more labels settle a sample if its likeliest class has at least this chance
FEW = 3  # people's skill is weighed if a sample has at least this many labels

Opinions = Mapping[str, Answer]  # by annotator


class Judgement(NamedTuple):
    """Chances (samples, classes) in the order of the samples, and each person's share right.

    `classes` are the ids of the columns; one more column may stand for any other class.
    """

    classes: list[int]
    posterior: npt.NDArray[np.float64]
    skill: dict[str, float]


class Consensus:
    """Each person's latest opinion on the samples that several people answer."""

    def __init__(self, overlap: Overlap) -> None:
        self.overlap = overlap
        self._opinions: dict[str, Opinions] = {}
        self._waiting: dict[str, None] = {}  # answered, but not yet by enough people
        self._contested: set[str] = set()  # only people's skill settles these

    def settle(self, answers: Mapping[str, Sequence[Answer]]) -> dict[str, Answer]:
        """What counts for each sample, given its standing answers, oldest first; omitted if none.

        More samples than given may come back: new answers change how far people are trusted.
        """
        settled: dict[str, Answer] = {}
        told = False
        for key, standing in answers.items():
            told |= self._forget(key)
            if not standing:
                continue
            settled[key] = standing[-1]
            if len(standing) > 1 or self.overlap.covers(key):
                opinions = {one.annotator: one for one in standing}
                settled[key] = ruling(opinions) or standing[-1]
                if self.overlap.covers(key) or _is_panel(opinions):
                    told |= self._take(key, opinions)
        everything = told and self._contested
        again = self._opinions if everything else [key for key in answers if key in self._opinions]
        panels = {key: self._opinions[key] for key in again if _is_panel(self._opinions[key])}
        return settled | self._judged(panels)

    def opinions(self, sample_id: str) -> list[Answer]:
        """People's opinions on a sample of a panel, in the order of their answers."""
        return sorted(self._opinions.get(sample_id, {}).values(), key=lambda one: one.id)

    def all(self) -> dict[str, list[Answer]]:
        """The labels of every sample that two or more people have labeled independently."""
        panels = {key: _labels(one) for key, one in self._opinions.items() if _is_panel(one)}
        return {key: labels for key, labels in panels.items() if len(labels) > 1}

    def waiting(self, annotator: str) -> Iterator[str]:
        """The samples on which this person's opinion is still wanted."""
        return (key for key in list(self._waiting) if annotator not in self._opinions.get(key, {}))

    def waits_for(self, sample_id: str, annotator: str) -> bool:
        """Whether this person's opinion on a sample is still wanted."""
        return sample_id in self._waiting and annotator not in self._opinions.get(sample_id, {})

    def is_complete(self, sample_id: str) -> bool:
        """Whether a sample needs no more people."""
        return sample_id not in self._waiting

    def _forget(self, key: str) -> bool:
        """Drop a sample; whether it was one of a panel."""
        self._waiting.pop(key, None)
        self._contested.discard(key)
        return _is_panel(self._opinions.pop(key, {}))

    def _take(self, key: str, opinions: Opinions) -> bool:
        """Take a sample in; whether it is one of a panel."""
        self._opinions[key] = opinions
        said = sum(is_opinion(one) for one in opinions.values())
        if self.overlap.covers(key) and 0 < said < self.overlap.people and not ruling(opinions):
            self._waiting[key] = None
        if not _is_panel(opinions):
            return False
        labels = _labels(opinions)
        if len(labels) >= FEW and len(_classes(labels)) > 1:
            self._contested.add(key)
        return True

    def _judged(self, panels: Mapping[str, Opinions]) -> dict[str, Answer]:
        """The consensus on samples with a panel; undecided samples count as unsure."""
        labels = {key: _labels(opinions) for key, opinions in panels.items()}
        told = {key: one for key, one in labels.items() if one}
        sure = _weighed(told) if told and self._contested else {}
        return {
            key: ruling(opinions) or _verdict(opinions, labels[key], sure.get(key))
            for key, opinions in panels.items()
        }


def current(standing: Iterable[Answer]) -> dict[str, Answer]:
    """What counts for each sample, given all standing answers, oldest first."""
    return Consensus(Overlap()).settle(by_sample(standing))


def by_sample(standing: Iterable[Answer]) -> dict[str, list[Answer]]:
    """The standing answers of each sample, in their order."""
    found: dict[str, list[Answer]] = defaultdict(list)
    for answer in standing:
        found[answer.sample_id].append(answer)
    return found


def ruling(opinions: Opinions) -> Answer | None:
    """The latest decision of a reviewer, which outweighs everything else."""
    ruled = [one for one in opinions.values() if one.source == ADJUDICATED]
    return max(ruled, key=lambda one: one.id, default=None)


def _is_panel(opinions: Opinions) -> bool:
    return any(one.query == OVERLAP for one in opinions.values())


def is_opinion(answer: Answer) -> bool:
    """Whether a person has looked at the sample and answered it."""
    by_person = answer.source in ("human", "accepted") and answer.certificate_id is None
    return by_person and answer.kind in ("label", "unsure")


def _labels(opinions: Opinions) -> list[Answer]:
    return [one for one in opinions.values() if is_opinion(one) and one.kind == "label"]


def _classes(labels: Iterable[Answer]) -> set[int | None]:
    return {one.class_id for one in labels}


def _verdict(opinions: Opinions, labels: Sequence[Answer], sure: int | None) -> Answer:
    """What counts for one sample: the agreed class, or else that it is undecided."""
    ordered = sorted(opinions.values(), key=lambda one: one.id)
    agreed = next(iter(_classes(labels))) if len(_classes(labels)) == 1 else sure
    if any(one.kind == "unsure" for one in ordered) or (labels and agreed is None):
        return replace(ordered[-1], kind="unsure", class_id=None)
    if not labels:
        return ordered[-1]
    supporting = [one for one in ordered if one in labels and one.class_id == agreed]
    # The first answer says why the sample was picked: it may be a blind check.
    shown = {name: getattr(ordered[0], name) for name in OFFER_FIELDS}
    return replace(supporting[-1], **shown)


def _weighed(labels: Mapping[str, Sequence[Answer]]) -> dict[str, int]:
    """The class of each sample with enough labels whose class is sure given people's skill."""
    found = judged(labels)
    best = found.posterior.argmax(axis=1)
    return {
        key: int(found.classes[best[place]])
        for place, (key, given) in enumerate(labels.items())
        if len(given) >= FEW and found.posterior[place, best[place]] >= SURE
    }


def judged(labels: Mapping[str, Sequence[Answer]]) -> Judgement:
    """The common answer of the labels of several people; needs at least one label."""
    told = [(place, one) for place, given in enumerate(labels.values()) for one in given]
    classes, codes = np.unique([one.class_id for _, one in told], return_inverse=True)
    names, people = np.unique([one.annotator for _, one in told], return_inverse=True)
    items = np.array([place for place, _ in told], dtype=np.int64)
    posterior, skills = one_coin(items, people, codes, max(2, len(classes)))
    skill = dict(zip(names.tolist(), skills.tolist(), strict=True))
    return Judgement(classes.tolist(), posterior, skill)
