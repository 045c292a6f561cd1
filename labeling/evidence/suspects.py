"""Labels that need a second look, because the other labels contradict them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labeling.evidence.gathering import Evidence
from labeling.store import Answer

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.evidence.ridge_loo import LeaveOneOut

NEIGHBOURS = 4  # of each class
LIKELY = 4  # possible classes of a suspect
FEWEST = 20  # labels; with fewer there is no contradiction


@dataclass(frozen=True)
class Suspect:
    """A label that a ridge fitted on all other labels finds unlikely.

    `likelihood` is its probability of the label. `chances` are (class id,
    probability) of the predicted class, the given class and the likeliest others, in that order.
    """

    sample_id: str
    given: int
    predicted: int
    likelihood: float
    chances: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Alike:
    """A class, its probability, and (sample id, similarity) of its most similar samples."""

    class_id: int
    chance: float
    samples: tuple[tuple[str, float], ...]


def suspects(
    evidence: Evidence,
    judged: "LeaveOneOut",
    labels: Mapping[str, Answer],
    standing: Sequence[Answer],
) -> list[Suspect]:
    """Labels that are probably wrong, the least likely first.

    `judged` has the other labels' prediction for each label of the evidence, `labels` the current
    answer of each sample, `standing` all answers that were not undone. Labels that were confirmed,
    or given again since the round, are left out, so that nobody is asked twice while the next round
    is computed. No label is changed here: only a person knows.
    """
    settled = confirmed(standing)
    stand = {key for key, answer in labels.items() if answer.id <= evidence.through} - settled
    return [
        Suspect(
            evidence.ids[place],
            int(evidence.labels[place]),
            int(judged.predicted[place]),
            float(judged.self_confidence[place]),
            _chances(judged, place, int(evidence.labels[place])),
        )
        for place in np.argsort(judged.self_confidence, kind="stable").tolist()
        if judged.suspect[place] and evidence.ids[place] in stand
    ]


def _chances(found: "LeaveOneOut", place: int, given: int) -> tuple[tuple[int, float], ...]:
    """The possible classes of a suspect, the predicted and the given one first."""
    proba = dict(zip(found.classes.tolist(), found.proba[place].tolist(), strict=True))
    first = (int(found.predicted[place]), given)
    others = sorted(proba.keys() - set(first), key=lambda key: -proba[key])
    return tuple((key, proba[key]) for key in (*first, *others)[:LIKELY])


def alike(round_: "Round", evidence: Evidence, suspect: Suspect) -> list[Alike]:
    """The most similar labeled samples of each possible class of a suspect."""
    from models.evidence.explain import nearest_of_each_class

    if max(evidence.rows) >= len(round_.table):
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
    """Samples that people gave the same label twice in a row, so it is intended."""
    given: dict[str, list[int | None]] = defaultdict(list)
    for answer in standing:
        if answer.kind != "label" or answer.certificate_id is None:
            given[answer.sample_id].append(answer.class_id)
    return {
        key
        for key, classes in given.items()
        if len(classes) > 1 and classes[-1] is not None and classes[-1] == classes[-2]
    }
