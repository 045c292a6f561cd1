"""What deserves a second look: labels that the others contradict, and what is confused."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from labeling.errors import HoneError
from labeling.evidence.figures import FIGURES, Evidence
from labeling.loop.session import Session
from labeling.store import Answer, NewAnswer
from labeling.store.answers import ADJUDICATED

if TYPE_CHECKING:
    from models.evidence.ridge_loo import LeaveOneOut

NEIGHBOURS = 4  # of each class
LIKELY = 4  # classes between which a suspect may lie
FEWEST = 20  # labels; fewer cannot contradict one another


@dataclass(frozen=True)
class Suspect:
    """A label that a ridge fitted on all the others finds unlikely.

    `likelihood` is the probability that it gives to the label, `chances` are (class id,
    probability) of the predicted class, the given one and the likeliest others, in that order.
    """

    sample_id: str
    given: int
    predicted: int
    likelihood: float
    chances: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Alike:
    """A class with its probability, and (sample id, similarity) of what looks most alike there."""

    class_id: int
    chance: float
    samples: tuple[tuple[str, float], ...]


def suspects(session: Session, evidence: Evidence) -> list[Suspect]:
    """Labels that are probably wrong, the least likely first.

    Those that were confirmed, or given anew since the round, are left out: nobody is asked twice
    while the next round is on its way. None is changed here: only a person knows.
    """
    if len(evidence.rows) < FEWEST or (found := FIGURES.judged(session, evidence)) is None:
        return []
    settled = confirmed(session.store.answers.standing())
    labels = session.labels()
    stand = {key for key, answer in labels.items() if answer.id <= evidence.through} - settled
    return [
        Suspect(
            evidence.ids[place],
            int(evidence.labels[place]),
            int(found.predicted[place]),
            float(found.self_confidence[place]),
            _chances(found, place, int(evidence.labels[place])),
        )
        for place in np.argsort(found.self_confidence, kind="stable").tolist()
        if found.suspect[place] and evidence.ids[place] in stand
    ]


def _chances(found: "LeaveOneOut", place: int, given: int) -> tuple[tuple[int, float], ...]:
    """The classes that a suspect may be of, the predicted and the given one first."""
    proba = dict(zip(found.classes.tolist(), found.proba[place].tolist(), strict=True))
    first = (int(found.predicted[place]), given)
    others = sorted(proba.keys() - set(first), key=lambda key: -proba[key])
    return tuple((key, proba[key]) for key in (*first, *others)[:LIKELY])


def alike(session: Session, evidence: Evidence, suspect: Suspect) -> list[Alike]:
    """What was labeled with each of the classes that a suspect may be of and looks most alike."""
    from models.evidence.explain import nearest_of_each_class

    round_ = session.round
    if round_ is None or max(evidence.rows) >= len(round_.table):
        return []
    rows, labels = evidence.rows, evidence.labels
    ids = dict(zip(rows.tolist(), evidence.ids, strict=True))
    found = nearest_of_each_class(
        round_.table.features,
        int(rows[evidence.ids.index(suspect.sample_id)]),
        rows,
        labels,
        [class_id for class_id, _ in suspect.chances],
        NEIGHBOURS,
    )
    return [
        Alike(
            class_id,
            chance,
            tuple(
                (ids[row], value) for row, value in zip(near.tolist(), values.tolist(), strict=True)
            ),
        )
        for (class_id, chance), (near, values) in zip(suspect.chances, found, strict=True)
    ]


def confirmed(standing: Sequence[Answer]) -> set[str]:
    """Samples whose label was given twice in a row by people: it is meant."""
    given: dict[str, list[int | None]] = defaultdict(list)
    for answer in standing:
        if answer.kind != "label" or answer.certificate_id is None:
            given[answer.sample_id].append(answer.class_id)
    return {
        key
        for key, classes in given.items()
        if len(classes) > 1 and classes[-1] is not None and classes[-1] == classes[-2]
    }


def decide(session: Session, annotator: str, sample_id: str, class_id: int) -> None:
    """Confirm a label by giving it again, or mend it by giving another."""
    answer = NewAnswer(f"review:{uuid4()}", sample_id, "label", class_id, source=ADJUDICATED)
    refused = session.answer(annotator, [answer])
    if refused:
        raise HoneError(refused[answer.client_id])


@dataclass(frozen=True)
class Cell:
    """Samples of one class that are foreseen as another (or as the same)."""

    given: int
    predicted: int
    sample_ids: tuple[str, ...]


def confusion(evidence: Evidence, *, uniform: bool) -> list[Cell]:
    """Labels against what is foreseen without them, on blind checks alone or on all labels.

    All labels hold more of the hard images than the pool does: good to see what is mixed up, not
    how often.
    """
    cells: dict[tuple[int, int], list[str]] = defaultdict(list)
    predicted = evidence.left_out.predicted.tolist()
    for place, key in enumerate(evidence.ids):
        if evidence.uniform[place] or not uniform:
            cells[int(evidence.labels[place]), predicted[place]].append(key)
    return [Cell(given, found, tuple(keys)) for (given, found), keys in sorted(cells.items())]
