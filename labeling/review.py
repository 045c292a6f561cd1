"""What deserves a second look: labels that the others contradict, and what is confused."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import numpy as np

from labeling.errors import HoneError
from labeling.figures import Evidence
from labeling.session import Session
from labeling.store import Answer, NewAnswer
from labeling.store.answers import ADJUDICATED

NEIGHBOURS = 4
FEWEST = 20  # labels; fewer cannot contradict one another


@dataclass(frozen=True)
class Suspect:
    """A label that a ridge fitted on all the others finds unlikely.

    `likelihood` is the probability that it gives to the label, `neighbours` are (sample id, class
    id) of the labeled samples that look most alike.
    """

    sample_id: str
    given: int
    predicted: int
    likelihood: float
    neighbours: tuple[tuple[str, int], ...]


def suspects(session: Session, evidence: Evidence) -> list[Suspect]:
    """Labels that are probably wrong, the least likely first; those confirmed since are left out.

    None of them is changed here: only a person knows.
    """
    from models.explain import nearest_labeled
    from models.shadow import leave_one_out

    round_ = session.round
    if len(evidence.rows) < FEWEST or round_ is None or max(evidence.rows) >= len(round_.table):
        return []
    features = round_.table.features
    found = leave_one_out(features[evidence.rows], evidence.labels)
    settled = confirmed(session.store.answers.standing())
    place_of = {row: place for place, row in enumerate(evidence.rows.tolist())}
    result = []
    for place in np.argsort(found.self_confidence, kind="stable").tolist():
        if not found.suspect[place] or evidence.ids[place] in settled:
            continue
        row = evidence.rows[place : place + 1]
        near = nearest_labeled(features, row, evidence.rows, NEIGHBOURS)[0][0]
        places = [place_of[row] for row in near.tolist()]
        result.append(
            Suspect(
                evidence.ids[place],
                int(evidence.labels[place]),
                int(found.predicted[place]),
                float(found.self_confidence[place]),
                tuple((evidence.ids[one], int(evidence.labels[one])) for one in places),
            )
        )
    return result


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
