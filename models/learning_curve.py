"""Learning curves of a labeling session, from its own labels and audits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.accuracy import FEWEST, Accuracy, audited
from models.head import FitHead, LinearHead
from models.left_out import leave_out
from models.metrics import MeanInterval, mean_interval

POINTS_APART = 1.35  # a point wherever the labels have grown by so much
FIRST_POINT = 10
REPEATS = 12  # subsets that random picking is simulated with, at each size

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Labels:
    """A session's labels in the order of the answers.

    Attributes
    ----------
    features : (n, D) rows of a Space.
    labels : (n,) class ids.
    uniform : (n,) truth values, which of them are blind uniform audits.
    groups : (n,) near-duplicates.
    pool : (m, D) a sample of the rows without a label.
    """

    features: npt.NDArray[Any]
    labels: npt.NDArray[Any]
    uniform: npt.NDArray[np.bool_]
    groups: Indices
    pool: npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Point:
    """Accuracy on the pool after so many labels.

    `residual` (a,) is hit - confidence of every audit, and `confidence` the mean over the pool:
    what the value is made of, for whoever wants to draw the audits again.
    """

    labels: int
    accuracy: Accuracy
    hits: npt.NDArray[np.bool_]
    residual: Floats
    confidence: float


@dataclass(frozen=True)
class Beside:
    """Random picking with so many labels, and how far the session was ahead of it then."""

    labels: int
    random: MeanInterval
    gain: MeanInterval


def sizes(n: int) -> list[int]:
    """Numbers of labels at which a curve of n labels is measured; the last is n."""
    found, size = [], float(FIRST_POINT)
    while size < n / POINTS_APART**0.5:
        found.append(round(size))
        size *= POINTS_APART
    return [*found, n]


def measured(session: Labels, fit: FitHead) -> list[Point]:
    """The session's curve: heads fitted on its first 10, 14, 18, … labels, judged on all audits.

    Audits that a head was fitted on are left out one by one (with their near-duplicates), the
    later ones it has not seen. All points share the same audits, so that they rise and fall
    together: the shape is known better than the height. Empty below 10 audits.
    """
    points = []
    for size in sizes(len(session.labels)):
        point = _point(session, fit, size)
        if point is not None:
            points.append(point)
    return points


def _point(session: Labels, fit: FitHead, size: int) -> Point | None:
    labels, uniform = session.labels[:size], session.uniform
    if len(np.unique(labels)) < 2 or uniform.sum() < FEWEST:
        return None
    features = session.features[:size]
    head = fit(features, labels, audits=uniform[:size])
    assert isinstance(head, LinearHead)
    audits = np.flatnonzero(uniform)
    old, new = audits[audits < size], audits[audits >= size]
    left = leave_out(
        features,
        labels,
        old,
        strength=head.strength,
        temperature=head.temperature,
        groups=session.groups[:size],
    )
    proba = head.predict_proba(session.features[new])
    predicted = np.concatenate([left.predicted, head.classes[proba.argmax(axis=1)]])
    confidence = np.concatenate([left.confidence, proba.max(axis=1)])
    hits = predicted == session.labels[audits]
    mean = float(head.predict_proba(session.pool).max(axis=1).mean())
    found = audited(hits, confidence, mean, groups=session.groups[audits])
    return None if found is None else Point(size, found, hits, hits - confidence, mean)


def beside_random(
    session: Labels, points: list[Point], fit: FitHead, rng: np.random.Generator
) -> list[Beside]:
    """What random picking would have reached, from the audits alone, at equal numbers of labels.

    Heads fitted on random subsets of the audits are judged on the other audits, at every size of
    the curve that leaves ten of them. The gain pairs each audit's hit in the session with its
    mean hit under random picking.
    """
    audits = np.flatnonzero(session.uniform)
    result = []
    for point in points:
        if point.labels > len(audits) - FEWEST:
            break
        hits = np.zeros((2, len(audits)))  # sums of hits, and how often each was judged
        for _ in range(REPEATS):
            order = rng.permutation(len(audits))
            train, test = audits[order[: point.labels]], order[point.labels :]
            if len(np.unique(session.labels[train])) < 2:
                predicted = np.full(len(test), session.labels[train[0]])
            else:
                head = fit(session.features[train], session.labels[train])
                proba = head.predict_proba(session.features[audits[test]])
                predicted = head.classes[proba.argmax(axis=1)]
            hits[0, test] += predicted == session.labels[audits[test]]
            hits[1, test] += 1
        judged = np.flatnonzero(hits[1])
        share = hits[0, judged] / hits[1, judged]
        gain = point.hits[judged] - share
        result.append(Beside(point.labels, mean_interval(share), mean_interval(gain)))
    return result
