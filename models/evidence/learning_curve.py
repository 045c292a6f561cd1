"""Learning curves of a labeling session, from its own labels and audits."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.evidence.accuracy import FEWEST, Accuracy
from models.evidence.left_out import leave_out
from models.evidence.metrics import MeanInterval, mean_interval
from models.evidence.out_of_fold import OutOfFold
from models.head import FitHead
from models.head.linear import LinearHead

POINTS_APART = 1.35  # a new point when the labels have grown by this factor
FIRST_POINT = 10
REPEATS = 12  # subsets for the simulation of random picking, at each size

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Labels:
    """A session's labels in the order of the answers.

    Attributes
    ----------
    features : (n, D) rows of a Space.
    labels : (n,) class ids.
    uniform : (n,) bool, which of them are blind uniform audits.
    chance : (n,) acquisition probabilities, NaN if unknown.
    groups : (n,) near-duplicates.
    pool : (m, D) a sample of the rows without a label.
    left : the number of rows without a label.
    """

    features: npt.NDArray[Any]
    labels: npt.NDArray[Any]
    uniform: npt.NDArray[np.bool_]
    chance: Floats
    groups: Indices
    pool: npt.NDArray[Any]
    left: int


@dataclass(frozen=True, eq=False)
class Point:
    """Accuracy of the head after this many labels, on the rows without a label now.

    `residual` (r,) is each used label's estimate of the mean of hit - confidence over these
    rows, and `confidence` the mean confidence. The value consists of these, so a caller can
    resample the labels. `hits` (a,) are the hits of the audits. `picked` is the share of the
    query's own picks that the head predicts right without them (NaN without picks).
    """

    labels: int
    accuracy: Accuracy
    hits: npt.NDArray[np.bool_]
    residual: Floats
    confidence: float
    picked: float


@dataclass(frozen=True)
class Beside:
    """Random picking with this many labels, and the session's lead over it.

    `random` is the session's accuracy minus the gain, with the gain's interval: on the same rows
    as the session's own curve.
    """

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

    Labels that a head was fitted on are left out one by one (with their near-duplicates); it has
    not seen the later ones. All points are for the same rows, those without a label now, and share
    the same audits (or weighted labels). So they rise and fall together: the shape is more certain
    than the height. The last point is the newest head's. Empty below 10 audits.
    """
    points = []
    for size in sizes(len(session.labels)):
        point = _point(session, fit, size)
        if point is not None:
            points.append(point)
    return points


def _point(session: Labels, fit: FitHead, size: int) -> Point | None:
    uniform = session.uniform
    if len(np.unique(session.labels[:size])) < 2 or uniform.sum() < FEWEST:
        return None
    head = fit(session.features[:size], session.labels[:size], audits=uniform[:size])
    assert isinstance(head, LinearHead)
    told = _foreseen(session, head, size)
    mean = float(head.predict_proba(session.pool).max(axis=1).mean())
    found = told.accuracy(mean)
    if found is None:
        return None
    picked = float(told.hits[~uniform].mean()) if not uniform.all() else np.nan
    return Point(size, found, told.hits[uniform], told.on_the_rest(), mean, picked)


def _foreseen(session: Labels, head: LinearHead, size: int) -> OutOfFold:
    """All labels, predicted by a head fitted on the first ones."""
    groups = session.groups[:size]
    if size < len(session.labels):
        # Near-duplicates without an audit count only in the part subtracted: no fit for each.
        alone = np.arange(size) + session.groups.max() + 1
        groups = np.where(np.isin(groups, groups[session.uniform[:size]]), groups, alone)
    left = leave_out(
        session.features[:size],
        session.labels[:size],
        np.arange(size),
        strength=head.strength,
        temperature=head.temperature,
        groups=groups,
    )
    proba = head.predict_proba(session.features[size:])
    predicted = np.concatenate([left.predicted, head.classes[proba.argmax(axis=1)]])
    return OutOfFold(
        predicted == session.labels,
        np.concatenate([left.confidence, proba.max(axis=1)]),
        session.uniform,
        session.chance,
        session.groups,
        session.left,
    )


def beside_random(
    session: Labels, points: list[Point], fit: FitHead, rng: np.random.Generator
) -> list[Beside]:
    """The curve of random picking, from the audits alone, at equal numbers of labels.

    Heads fitted on random subsets of the audits are judged on the other audits, at every size of
    the curve that leaves ten of them. The gain pairs each audit's hit in the session with its
    mean hit under random picking.
    """
    audits = np.flatnonzero(session.uniform)
    result = []
    for point in points:
        if point.labels > len(audits) - FEWEST:
            break
        hits = np.zeros((2, len(audits)))  # sums of hits, and the number of judgements
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
        gain = mean_interval(point.hits[judged] - hits[0, judged] / hits[1, judged])
        value = point.accuracy.value
        random = np.clip([value - gain.mean, value - gain.high, value - gain.low], 0.0, 1.0)
        result.append(Beside(point.labels, MeanInterval(*random.tolist()), gain))
    return result
