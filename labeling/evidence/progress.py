"""Pace, habits and rounds, each derived from the answers and rounds alone.

Every function takes answers oldest first: the whole history or a part of it. Undone answers and
undos are left out here, so the caller need not remove them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from labeling.store import Answer, LabelClass, RoundRecord
from models.evidence.anchoring import Anchoring, anchoring
from models.evidence.metrics import agreement

LONGEST_GAP = 120.0  # a person who gave no answer for so many seconds has left
WINDOW = 20


def _one_by_one(answer: Answer) -> bool:
    """Whether a person gave the answer to an image on its own, not to a page of the grid."""
    return answer.source == "human" and answer.query != "grid"


@dataclass(frozen=True)
class Tally:
    """How many of a set of answers agreed with their pre-label."""

    agreed: int
    total: int


@dataclass(frozen=True, eq=False)
class PrelabelAgreement:
    """Agreement of pre-labels with answers.

    `matches` (n,) bool and `rolling` (n,) float64 in [0, 1] follow the answers, oldest first;
    `rounds` maps the id of the round that made the pre-label to its tally.
    """

    matches: npt.NDArray[np.bool_]
    rolling: npt.NDArray[np.float64]
    rounds: dict[int, Tally]


@dataclass(frozen=True, eq=False)
class Seconds:
    """Seconds per label: a rolling median (n,) float64, oldest first, and the overall one."""

    rolling: npt.NDArray[np.float64]
    median: float | None


@dataclass(frozen=True)
class Pace:
    """Labels per minute, latest and overall, None if no time has passed; active seconds."""

    recent: float | None
    overall: float | None
    active_seconds: float


@dataclass(frozen=True)
class RoundRow:
    """One round for a table; times in milliseconds, `at` in seconds since 1970, None: unknown."""

    id: int
    at: float
    labels: int | None
    classes: int | None
    fit_ms: float | None
    score_ms: float | None
    rank_ms: float | None
    total_ms: float
    mean_confidence: float | None


def prelabel_agreement(answers: Sequence[Answer], window: int = WINDOW) -> PrelabelAgreement:
    """How often the pre-label and the person's label were the same class.

    This is NOT accuracy. The samples were chosen because the model was unsure of them, so it
    understates the accuracy on the pool, often by a lot. And a person who sees a pre-label tends to
    accept it. Use `figures.pool_accuracy` instead.

    Parameters
    ----------
    answers : n answers. Only labels given one by one (not in the grid, imported or propagated)
        that had a prediction, shown or not, count.
    window : how many of the latest to average, ≥ 1.
    """
    counted = [
        answer
        for answer in _standing(answers)
        if answer.kind == "label" and _one_by_one(answer) and answer.predicted_class is not None
    ]
    matches = [answer.class_id == answer.predicted_class for answer in counted]
    rounds: dict[int, Tally] = {}
    for answer, match in zip(counted, matches, strict=True):
        if answer.round_id is not None:
            before = rounds.get(answer.round_id, Tally(0, 0))
            rounds[answer.round_id] = Tally(before.agreed + match, before.total + 1)
    return PrelabelAgreement(np.array(matches, dtype=np.bool_), agreement(matches, window), rounds)


def labels_per_class(answers: Iterable[Answer], classes: Iterable[LabelClass]) -> dict[int, int]:
    """The number of samples of each given class now, 0 included, in the order of the classes."""
    counts = {one.id: 0 for one in classes}
    current = {answer.sample_id: answer.class_id for answer in _standing(list(answers))}
    for class_id in current.values():
        if class_id in counts:
            counts[class_id] += 1
    return counts


def seconds_per_label(answers: Sequence[Answer], window: int = WINDOW) -> Seconds:
    """How long a person looks at one image before labeling it.

    Counts labels given by hand, one image at a time: a grid's seconds belong to many images.

    Parameters
    ----------
    answers : n answers. Only those with seconds count.
    window : number of answers for the rolling median, fewer at the start; ≥ 1.
    """
    if window < 1:
        raise ValueError(f"a window holds at least one answer, not {window}")
    seconds = [
        answer.seconds
        for answer in _standing(answers)
        if answer.kind == "label" and _one_by_one(answer) and answer.seconds is not None
    ]
    median = float(np.median(seconds)) if seconds else None
    return Seconds(_rolling_median(np.array(seconds, dtype=np.float64), window), median)


def pace(answers: Sequence[Answer], window: int = WINDOW) -> Pace:
    """Labels per minute of active time, one image at a time, over the last `window` and overall.

    Active time is the time between two answers given by hand, of any kind, undone or not, unless it
    is longer than LONGEST_GAP. A label counts if it ends such a time and was not undone. Several
    people who label at once have one common pace.
    """
    standing = {answer.id for answer in _standing(answers) if answer.kind == "label"}
    by_hand = sorted(filter(_one_by_one, answers), key=lambda answer: answer.at)
    times = np.array([answer.at for answer in by_hand], dtype=np.float64)
    labels = np.array([answer.id in standing for answer in by_hand], dtype=np.bool_)
    gaps = np.diff(times)
    active = gaps <= LONGEST_GAP
    lately = max(0, len(gaps) - (window - 1))  # window answers have one gap fewer
    return Pace(
        recent=_per_minute(gaps[lately:], active[lately:] & labels[1:][lately:], active[lately:]),
        overall=_per_minute(gaps, active & labels[1:], active),
        active_seconds=float(gaps[active].sum()),
    )


def rounds_table(rounds: Iterable[RoundRecord]) -> list[RoundRow]:
    """One row for each round, in the order given."""
    return [_row(record) for record in rounds]


def _row(record: RoundRecord) -> RoundRow:
    times = {stage: 1000.0 * seconds for stage, seconds in record.seconds.items()}
    return RoundRow(
        id=record.id,
        at=record.at,
        labels=record.metrics.get("labels"),
        classes=record.metrics.get("classes"),
        fit_ms=times.get("fit"),
        score_ms=times.get("score"),
        rank_ms=times.get("rank"),
        total_ms=sum(times.values()),
        mean_confidence=record.metrics.get("mean_confidence"),
    )


def _standing(answers: Sequence[Answer]) -> list[Answer]:
    undone = {answer.undoes for answer in answers}
    return [answer for answer in answers if answer.kind != "undo" and answer.id not in undone]


def _rolling_median(values: npt.NDArray[np.float64], window: int) -> npt.NDArray[np.float64]:
    """Rolling median of the last `window` values; of fewer values at the beginning."""
    first = [np.median(values[:end]) for end in range(1, min(window, len(values) + 1))]
    if len(values) < window:
        return np.array(first, dtype=np.float64)
    return np.concatenate([first, np.median(sliding_window_view(values, window), axis=1)])


def _per_minute(
    gaps: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_], active: npt.NDArray[np.bool_]
) -> float | None:
    seconds = float(gaps[active].sum())
    return 60.0 * float(labels.sum()) / seconds if seconds > 0 else None


def unchanged(answers: Sequence[Answer]) -> Tally:
    """How many of the guesses that a person saw one by one were accepted unchanged."""
    seen = [
        answer.class_id == answer.predicted_class
        for answer in _standing(answers)
        if answer.kind == "label" and _one_by_one(answer) and answer.shown
    ]
    return Tally(sum(seen), len(seen))


def sway(answers: Sequence[Answer]) -> Anchoring | None:
    """Whether seeing a guess makes a person agree with it; see `models.evidence.anchoring`."""
    told = [
        answer
        for answer in _standing(answers)
        if answer.kind == "label"
        and _one_by_one(answer)
        and answer.predicted_class is not None
        and answer.predicted_confidence is not None
    ]
    return anchoring(
        np.array([answer.class_id == answer.predicted_class for answer in told], dtype=bool),
        np.array([answer.predicted_confidence for answer in told], dtype=np.float64),
        np.array([answer.shown for answer in told], dtype=bool),
    )
