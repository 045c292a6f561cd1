"""Labels that need a second look, because the other labels contradict them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labeling.evidence.gathering import Evidence
from labeling.store import Answer
from labeling.store.answers import ADJUDICATED

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.evidence.ridge_loo import LeaveOneOut

NEIGHBOURS = 4  # of each class
LIKELY = 4  # possible classes of a suspect
FEWEST = 20  # labels; with fewer there is no contradiction

# A class with fewer labels says too little to contradict, or to be contradicted, and the predicted
# class must be `TIMES` as likely as the given one. Measured by bundled embeddings, means of three
# to five draws. With true labels alone, of 122 labels of 40 classes 47 were suspects without these
# two rules and 7 are with them; of 300 of 7 classes (emoji) 57 and 35; of 300 of 10 classes
# (CIFAR-10) 104 and 64. With a tenth of the labels flipped, 31 and 45 % of the suspects are wrong
# labels (emoji; CIFAR-10 20 and 37 %), and 95 and 91 % of the wrong labels are suspects (96 and
# 83 %). Of the 122 labels, where too little is known, they find 17 %. With ten times instead of
# three, only 18 % are found once a third of the labels is wrong, instead of 68 %.
ENOUGH = 5
TIMES = 3.0


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


def suspects(
    evidence: Evidence,
    judged: "LeaveOneOut",
    labels: Mapping[str, Answer],
    settled: Iterable[str],
) -> list[Suspect]:
    """Labels that are probably wrong, the least likely first.

    Only labels are listed whose class and predicted class both have `ENOUGH` labels, and only if
    the predicted one is `TIMES` as likely. `judged` is what the other labels predict for each label
    of the evidence, `labels` the current answer of each sample, `settled` the samples whose label
    was confirmed. These, and labels given again since the round, are left out, so that nobody is
    asked twice while the next round is computed. No label is changed here: only a person knows.
    """
    few = list(thin(evidence.labels))
    likeliest = judged.proba.max(axis=1)
    doubted = judged.suspect & (TIMES * judged.self_confidence < likeliest)
    doubted &= ~np.isin(evidence.labels, few) & ~np.isin(judged.predicted, few)
    stand = {key for key, answer in labels.items() if answer.id <= evidence.through}
    stand.difference_update(settled)
    return [
        Suspect(
            evidence.ids[place],
            int(evidence.labels[place]),
            int(judged.predicted[place]),
            float(judged.self_confidence[place]),
            chances(judged, place, int(evidence.labels[place])),
        )
        for place in np.argsort(judged.self_confidence, kind="stable").tolist()
        if doubted[place] and evidence.ids[place] in stand
    ]


def thin(labels: npt.NDArray[np.int64]) -> set[int]:
    """The classes with too few labels (n,) to judge theirs; not those without any."""
    classes, counts = np.unique(labels, return_counts=True)
    return set(classes[counts < ENOUGH].tolist())


def chances(found: "LeaveOneOut", place: int, given: int | None) -> tuple[tuple[int, float], ...]:
    """The likeliest classes of a label, the predicted and the given one first."""
    proba = dict(zip(found.classes.tolist(), found.proba[place].tolist(), strict=True))
    first = [key for key in (int(found.predicted[place]), given) if key in proba]
    others = sorted(proba.keys() - set(first), key=lambda key: -proba[key])
    return tuple((key, proba[key]) for key in list(dict.fromkeys([*first, *others]))[:LIKELY])


def alike(
    round_: "Round", evidence: Evidence, sample_id: str, class_ids: Sequence[int]
) -> dict[int, list[tuple[str, float]]]:
    """The most similar labeled samples of each class, with their similarity, most similar first."""
    from models.evidence.explain import nearest_of_each_class

    row = round_.table.row(sample_id)
    if row is None or max(evidence.rows) >= len(round_.table):
        return {}
    rows, labels, features = evidence.rows, evidence.labels, round_.table.features
    found = nearest_of_each_class(features, row, rows, labels, class_ids, NEIGHBOURS)
    return {
        class_id: [
            (round_.table.id(at), value)
            for at, value in zip(near.tolist(), values.tolist(), strict=True)
        ]
        for class_id, (near, values) in zip(class_ids, found, strict=True)
    }


def confirmed(standing: Sequence[Answer]) -> set[str]:
    """Samples that a reviewer has decided, or that got the same label twice in a row."""
    given: dict[str, list[int | None]] = defaultdict(list)
    decided = set[str]()
    for answer in standing:
        if answer.kind != "label" or answer.certificate_id is None:
            given[answer.sample_id].append(answer.class_id)
            (decided.add if answer.source == ADJUDICATED else decided.discard)(answer.sample_id)
    return decided | {
        key
        for key, classes in given.items()
        if len(classes) > 1 and classes[-1] is not None and classes[-1] == classes[-2]
    }
