"""Every label beside a prediction made without it: the base of all figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labeling.store import Answer, Certificate
from labeling.store.certificates import ACCURACY
from labeling.store.provenance import CERTIFICATE
from models.head import HEADS

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.evidence.accuracy import Accuracy
    from models.evidence.left_out import LeftOut
    from models.evidence.out_of_fold import OutOfFold

UNIFORM = ("audit", "random", "unscored")  # drawn uniformly from the pool; blind ones count
CHECKS = 10  # blind ones; below this, no accuracy and no calibration is shown

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Every trained label beside a prediction made without it, oldest label first.

    Attributes
    ----------
    round_id, through, changed : the round, and the last answer and change of classes in it.
    ids : the samples (n).
    rows, labels : (n,) rows of the table, and class ids given.
    left_out : predictions (n) by heads that have seen neither the row nor its near-duplicates.
    uniform : (n,) drawn uniformly and labeled without seeing a guess.
    chance : (n,) acquisition probability, NaN where unknown.
    groups : (n,) near-duplicates.
    open_rows : rows without a person's label; `open_confidence` (m,) is the head's on them.
    """

    round_id: int
    through: int
    changed: int
    ids: tuple[str, ...]
    rows: Indices
    labels: Indices
    left_out: "LeftOut"
    uniform: Bools
    chance: Floats
    groups: Indices
    open_rows: Indices
    open_confidence: Floats

    @property
    def hits(self) -> Bools:
        """Whether each left-out prediction is the label."""
        hits: Bools = self.left_out.predicted == self.labels
        return hits

    @property
    def out_of_fold(self) -> "OutOfFold":
        """The labels, and the accuracy that they imply for the unlabeled images."""
        from models.evidence.out_of_fold import OutOfFold

        sure, left = self.left_out.confidence, len(self.open_rows)
        return OutOfFold(self.hits, sure, self.uniform, self.chance, self.groups, left)


def gather(
    round_: "Round", answers: Mapping[str, Answer], certificates: Sequence[Certificate]
) -> Evidence | None:
    """The evidence of a round with a head; None if its labels are all of one class."""
    from models.evidence.near_duplicates import near_duplicates

    assert round_.head is not None and round_.scores is not None and round_.id is not None
    table, rows, given = round_.table, round_.snapshot.rows, round_.snapshot.labels
    if len(np.unique(given)) < 2:
        return None
    ids = tuple(table.id(row) for row in rows.tolist())
    told = [answers.get(key) for key in ids]
    groups = near_duplicates(table.features[rows])
    chance = [np.nan if a is None else a.acquisition_probability or np.nan for a in told]
    is_open = np.ones(len(table), dtype=bool)
    is_open[round_.snapshot.answered] = False
    is_open &= round_.scores.best >= 0
    open_rows = np.flatnonzero(is_open)
    return Evidence(
        round_id=round_.id,
        through=round_.snapshot.through,
        changed=round_.snapshot.changed,
        ids=ids,
        rows=rows,
        labels=given,
        left_out=_left_out(round_, given, groups),
        uniform=np.array([a is not None and _is_uniform(a, certificates) for a in told]),
        chance=np.array(chance, dtype=np.float64),
        groups=groups,
        open_rows=open_rows,
        open_confidence=round_.scores.first[open_rows].astype(np.float64),
    )


def _is_uniform(answer: Answer, certificates: Sequence[Certificate]) -> bool:
    """Whether a sample was drawn uniformly from the pool and labeled without seeing a guess.

    Draws of an acceptance come from the surest pre-labels alone and say nothing about the rest.
    """
    if answer.shown or answer.query != CERTIFICATE:
        return answer.query in UNIFORM and not answer.shown
    drawn_by = [
        one for one in certificates if one.round_id == answer.round_id and one.at <= answer.at
    ]
    return bool(drawn_by) and drawn_by[-1].kind == ACCURACY


def _left_out(round_: "Round", labels: Indices, groups: Indices) -> "LeftOut":
    """Leave-one-out if the head has a closed form, else ten folds of the labels."""
    from models.evidence.left_out import cross_predict, leave_out
    from models.head.linear import LinearHead

    head, everything = round_.head, np.arange(len(labels))
    features = round_.basis.features[round_.snapshot.rows]
    assert head is not None
    if isinstance(head, LinearHead):
        return leave_out(
            features,
            labels,
            everything,
            strength=head.strength,
            temperature=head.temperature,
            groups=groups,
        )
    rng = np.random.default_rng(len(labels))
    return cross_predict(HEADS["mlp"], features, labels, everything, rng, groups)


def until_checked(checks: int, needed: int, share: float) -> int | None:
    """About how many more labels bring the blind checks that are missing; None if they are off."""
    return round(max(1, needed - checks) / share) if share else None


def pool_accuracy(evidence: Evidence, level: float = 0.95) -> "Accuracy | None":
    """Accuracy of the newest head on unlabeled images; None if too little is known.

    If the query's draws have probabilities, all labels count, else only the uniform blind ones.
    """
    if len(evidence.open_confidence) == 0:
        return None
    return evidence.out_of_fold.accuracy(float(evidence.open_confidence.mean()), level)
