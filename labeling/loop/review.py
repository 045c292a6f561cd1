"""What a reviewer looks at: suspected errors, disagreements, unsure ones, and single classes."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labeling.answers.current import CurrentAnswers, Moment
from labeling.answers.disputes import Dispute, disputes
from labeling.evidence.figures import Figures
from labeling.evidence.gathering import Evidence
from labeling.evidence.suspects import LIKELY, Suspect, alike, chances, confirmed, thin
from labeling.learning.learner import Learner
from labeling.project.project import Project
from labeling.store.answers import ADJUDICATED

if TYPE_CHECKING:
    from models.evidence.ridge_loo import LeaveOneOut

DISAGREEMENTS, SUSPECTS, UNSURE, CLASS = "disagreements", "suspects", "unsure", "class"
EVEN = 0.5  # the model is unsure of a label if no class has a larger chance
PRESENT = 60.0  # seconds after a request in which a browser still shows what it had in sight


@dataclass(frozen=True)
class Wanted:
    """Which list: one by its name, or the first that is not empty.

    `class_id` is the class of the list of one class. `given` and `predicted` limit the suspects to
    one pair of classes.
    """

    name: str = ""
    class_id: int | None = None
    given: int | None = None
    predicted: int | None = None


@dataclass(frozen=True)
class Opinion:
    """One person's answer on a sample."""

    annotator: str
    kind: str
    class_id: int | None
    seconds: float | None


@dataclass(frozen=True)
class Item:
    """One sample to decide.

    `answer` is the id of the answer that counts now, and `given` its class. `predicted` is the
    class that the other labels suggest; `probabilities` maps the likeliest classes to their chance
    by these labels. `decided` says that a reviewer has decided it, `complete` that nobody else
    needs to be asked.
    """

    sample_id: str
    name: str
    answer: int
    given: int | None
    predicted: int | None
    probabilities: dict[int, float]
    opinions: list[Opinion]
    complete: bool
    decided: bool


@dataclass(frozen=True)
class ReviewPage:
    """A part of one list.

    `items` are the first samples of the list that the browser does not hold. `changed` are those
    that it holds and whose answer is another now, null if it has no answer any more. `total` is the
    length of the list, `counts` that of each list, `pairs` the suspects of each (given, predicted).
    `judged` labels were compared, without those of the classes in `thin`, which have too few.
    """

    name: str
    items: list[Item]
    changed: dict[str, Item | None]
    total: int
    counts: dict[str, int]
    pairs: list[tuple[int, int, int]]
    judged: int
    thin: list[int]
    team: bool


@dataclass(frozen=True, eq=False)
class _State:
    """What the lists are made of, at one moment."""

    moment: Moment
    settled: set[str]  # a reviewer, or the same label twice, has confirmed these
    evidence: Evidence | None
    judged: "LeaveOneOut | None"
    disputes: dict[str, Dispute]

    def place(self) -> dict[str, int]:
        """The place of each sample that was judged."""
        if self.evidence is None or self.judged is None:
            return {}
        return {key: place for place, key in enumerate(self.evidence.ids)}


class Reviews:
    """The lists of a project, and what each reviewer has in sight."""

    def __init__(
        self, project: Project, figures: Figures, current: CurrentAnswers, learner: Learner
    ) -> None:
        self._store, self._figures = project.store, figures
        self._current, self._learner = current, learner
        self._in_sight: dict[str, tuple[float, frozenset[str]]] = {}

    def page(
        self,
        holder: str,
        wanted: Wanted,
        count: int,
        held: Mapping[str, int],
        screen: int = 0,
    ) -> ReviewPage:
        """The first `count` samples of a list that `holder` does not hold yet.

        `held` maps what it holds to the id of the answer that it shows, in its order; the first
        `screen` samples are on its screen. What others have on theirs comes last, so that no two
        decide the same.
        """
        state = self._state()
        suspected = self._suspected(state)
        pairs = Counter((one.given, one.predicted) for one in suspected)
        lists = {
            DISAGREEMENTS: [key for key, one in state.disputes.items() if len(one.opinions) > 1],
            SUSPECTS: [one.sample_id for one in suspected],
        }
        lists[UNSURE] = self._unsure(state, set(lists[SUSPECTS]))
        name = wanted.name or next((key for key, ids in lists.items() if ids), SUSPECTS)
        ids = self._of_class(state, wanted.class_id) if name == CLASS else lists[name]
        if name == SUSPECTS and wanted.given is not None:
            pair = (wanted.given, wanted.predicted)
            ids = [one.sample_id for one in suspected if (one.given, one.predicted) == pair]
        ids = [key for key in ids if key in state.moment.sample_index]
        elsewhere = self._elsewhere(holder)
        fresh = sorted((key for key in ids if key not in held), key=elsewhere.__contains__)[:count]
        self._in_sight[holder] = (time.monotonic(), frozenset([*held, *fresh][:screen]))
        changed = [key for key, answer in held.items() if _id(state.moment, key) != answer]
        found = self._items(state, [*fresh, *changed])
        few = set() if state.evidence is None else thin(state.evidence.labels)
        return ReviewPage(
            name=name,
            items=[found[key] for key in fresh if key in found],
            changed={key: found.get(key) for key in changed},
            total=len(ids),
            counts={key: len(one) for key, one in lists.items()},
            pairs=[(*pair, number) for pair, number in pairs.most_common()],
            judged=0 if state.evidence is None else len(state.evidence.rows),
            thin=sorted(few),
            team=self._current.consensus.overlap.share > 0,
        )

    def alike(self, sample_id: str, class_ids: Sequence[int]) -> dict[int, list[tuple[str, float]]]:
        """The most similar labeled samples of each class, with their similarity."""
        round_, evidence = self._learner.round, self._figures.evidence()
        if round_ is None or evidence is None:
            return {}
        return alike(round_, evidence, sample_id, class_ids)

    def _state(self) -> _State:
        evidence = self._figures.evidence()
        return _State(
            self._current.moment(),
            confirmed(self._store.answers.standing()),
            evidence,
            None if evidence is None else self._figures.judged(evidence),
            {one.sample_id: one for one in disputes(self._current)},
        )

    def _suspected(self, state: _State) -> list[Suspect]:
        if state.evidence is None:
            return []
        return self._figures.suspects(state.evidence, state.settled)

    def _unsure(self, state: _State, suspected: set[str]) -> list[str]:
        """The answers of kind unsure that nobody contradicts, then the least sure labels."""
        told = [key for key, one in state.disputes.items() if len(one.opinions) < 2]
        if state.evidence is None:
            return told
        done = state.settled | suspected
        sure, answers = state.evidence.left_out.confidence, state.moment.answers
        least = (
            state.evidence.ids[place]
            for place in np.argsort(sure, kind="stable").tolist()
            if sure[place] <= EVEN
        )
        return told + [
            key
            for key in least
            if key not in done and key in answers and answers[key].kind == "label"
        ]

    def _of_class(self, state: _State, class_id: int | None) -> list[str]:
        """The labels of a class that no reviewer has confirmed, the least likely first."""
        place, judged = state.place(), state.judged

        def chance(key: str) -> float:
            known = judged is not None and key in place and class_id in judged.classes
            if not known:
                return 1.0
            assert judged is not None and class_id is not None
            column = int(np.searchsorted(judged.classes, class_id))
            return float(judged.proba[place[key], column])

        ids = [
            key
            for key, answer in state.moment.answers.items()
            if answer.kind == "label" and answer.class_id == class_id and key not in state.settled
        ]
        return sorted(ids, key=chance)

    def _elsewhere(self, holder: str) -> set[str]:
        """What other browsers have in sight."""
        since = time.monotonic() - PRESENT
        # A list, because other threads may add to the dict meanwhile.
        present = {key: one for key, one in list(self._in_sight.items()) if one[0] > since}
        self._in_sight = present
        return {key for other, (_, ids) in list(present.items()) if other != holder for key in ids}

    def _items(self, state: _State, ids: Sequence[str]) -> dict[str, Item]:
        """Those of the samples that are in the pool and have an answer."""
        answers, index = state.moment.answers, state.moment.sample_index
        ids = [key for key in ids if key in answers and key in index]
        samples, seen = self._store.samples.many(ids), self._chances(state, ids)
        found = dict[str, Item]()
        for key in ids:
            answer, dispute = answers[key], state.disputes.get(key)
            told = (answer,) if dispute is None else dispute.opinions
            likely = seen.get(key, {})
            found[key] = Item(
                sample_id=key,
                name=next(iter(samples[key].paths), key[:12]),
                answer=answer.id,
                given=answer.class_id,
                predicted=next(iter(likely), None),
                probabilities=likely,
                opinions=[Opinion(a.annotator, a.kind, a.class_id, a.seconds) for a in told],
                complete=dispute is None or dispute.complete,
                decided=answer.source == ADJUDICATED,
            )
        return found

    def _chances(self, state: _State, ids: Sequence[str]) -> dict[str, dict[int, float]]:
        """The likeliest classes of each sample by the other labels, the predicted one first."""
        place, answers = state.place(), state.moment.answers
        found = dict[str, dict[int, float]]()
        for key in ids:
            if state.judged is not None and key in place:
                found[key] = dict(chances(state.judged, place[key], answers[key].class_id))
        round_ = self._learner.round
        rest = [key for key in ids if key not in found]
        if round_ is None or round_.head is None or not rest:
            return found
        rows = round_.table.rows(rest)
        rest = [key for key, row in zip(rest, rows.tolist(), strict=True) if row >= 0]
        for key, proba in zip(rest, round_.predict(rows[rows >= 0]) if rest else (), strict=True):
            order = np.argsort(-proba, kind="stable")[:LIKELY]
            classes = round_.head.classes[order].tolist()
            found[key] = dict(zip(classes, proba[order].astype(float).tolist(), strict=True))
        return found


def _id(moment: Moment, sample_id: str) -> int | None:
    """The answer that counts for a sample of the pool now."""
    answer = moment.answers.get(sample_id)
    return answer.id if answer is not None and sample_id in moment.sample_index else None
