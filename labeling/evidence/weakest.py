"""Each class by what is known of it, the weakest first, and the images that would teach it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labeling.evidence.gathering import Evidence

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round

PRIOR = 1  # a right and a wrong check that each class is given: one miss of one check is not 0 %


@dataclass(frozen=True)
class ClassFacts:
    """What is known of one class.

    `right` of `checks` blind checks were found, with the 95 % interval `low` to `high` (None
    without checks). Of all its `labels`, `mistaken` were predicted as another class by a model that
    had not seen them, most of them as `mostly`. The model calls `guessed` open images so.
    """

    class_id: int
    labels: int
    right: int
    checks: int
    low: float | None
    high: float | None
    mistaken: int
    mostly: int | None
    guessed: int

    @property
    def share(self) -> float:
        """An estimate of the share found that also ranks classes with few checks, in (0, 1).

        Blind checks alone, if there are some; else all labels, which are harder than the pool.
        """
        right, total = self.right, self.checks
        if not total:
            right, total = self.labels - self.mistaken, self.labels
        return (right + PRIOR) / (total + 2 * PRIOR)


def class_facts(
    evidence: Evidence, guessed: Mapping[int, int], class_ids: list[int]
) -> list[ClassFacts]:
    """The facts of each class, the weakest first; `guessed` counts the open images of each."""
    from models.evidence.accuracy import class_recall

    checked = class_recall(evidence.hits[evidence.uniform], evidence.labels[evidence.uniform])
    predicted = evidence.left_out.predicted
    found = []
    for key in class_ids:
        mine = evidence.labels == key
        wrong = Counter(predicted[mine & ~evidence.hits].tolist())
        right, checks, interval = checked.get(key, (0, 0, None))
        found.append(
            ClassFacts(
                key,
                int(mine.sum()),
                right,
                checks,
                None if interval is None else interval.low,
                None if interval is None else interval.high,
                wrong.total(),
                wrong.most_common(1)[0][0] if wrong else None,
                guessed.get(key, 0),
            )
        )
    return sorted(found, key=lambda one: (one.share, -one.guessed))


def to_teach(round_: "Round", evidence: Evidence, class_id: int, count: int) -> list[str]:
    """Open images that the model calls this class and is least sure of, at most `count`."""
    assert round_.scores is not None
    rows = evidence.open_rows
    if len(rows) and rows.max() >= len(round_.table):
        return []
    rows = rows[round_.scores.best[rows] == class_id]
    order = np.argsort(round_.scores.first[rows], kind="stable")[:count]
    return [round_.table.id(row) for row in rows[order].tolist()]
