"""What the newest round's head says of labels that it has not seen: the base of all figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from labeling.loop.session import Session
from labeling.store import Answer, Certificate
from labeling.store.certificates import ACCURACY
from labeling.store.provenance import CERTIFICATE

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.evidence.accuracy import Accuracy
    from models.evidence.left_out import LeftOut
    from models.evidence.out_of_fold import OutOfFold
    from models.evidence.ridge_loo import LeaveOneOut

UNIFORM = ("audit", "random", "unscored")  # drawn uniformly from the pool; blind ones count
CHECKS = 10  # blind ones; below, no accuracy and no calibration is told
SLOW_GROWTH = 1.1  # heads without a closed form are judged anew when the labels grow by a tenth

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Every trained label beside what the head predicts for it without it, oldest label first.

    Attributes
    ----------
    round_id, through, changed : the round, and the last answer and change of classes it has seen.
    ids : the samples (n).
    rows, labels : (n,) rows of the table, and class ids given.
    left_out : predictions (n) by heads that have seen neither the row nor its near-duplicates.
    uniform : (n,) drawn uniformly and labeled without sight of a guess.
    chance : (n,) acquisition probability, NaN where there is none.
    groups : (n,) near-duplicates.
    open_rows : rows without a label by a person; `open_confidence` (m,) of the head on them.
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
        """The labels with what they say of the images without one."""
        from models.evidence.out_of_fold import OutOfFold

        sure, left = self.left_out.confidence, len(self.open_rows)
        return OutOfFold(self.hits, sure, self.uniform, self.chance, self.groups, left)


class Figures:
    """Gathers evidence once for each round of each session, and judges each label of it once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: WeakKeyDictionary[Session, Evidence] = WeakKeyDictionary()
        self._judging = Lock()  # its own: figures of all others do not wait for a Review
        self._judged: WeakKeyDictionary[Evidence, LeaveOneOut] = WeakKeyDictionary()

    def evidence(self, session: Session) -> Evidence | None:
        """Evidence on the newest complete round, None before there is a head."""
        round_ = session.round
        if round_ is None or round_.head is None or round_.id is None or round_.scores is None:
            return None
        with self._lock:
            known = self._known.get(session)
            if known is not None and not _is_news(known, round_):
                return known
            found = gather(round_, session.labels(), session.store.certificates.all())
            if found is not None:
                self._known[session] = found
            return found

    def judged(self, session: Session, evidence: Evidence) -> "LeaveOneOut | None":
        """What a ridge on all the others says of each label: seconds for thousands of them.

        None where the newest round's embeddings are others than those of the evidence.
        """
        from models.evidence.ridge_loo import leave_one_out

        round_ = session.round
        with self._judging:
            if (known := self._judged.get(evidence)) is not None:
                return known
            if round_ is None or max(evidence.rows) >= len(round_.table):
                return None
            found = leave_one_out(round_.table.features[evidence.rows], evidence.labels)
            self._judged[evidence] = found
            return found


def _is_news(known: Evidence, round_: "Round") -> bool:
    """Whether a round tells more than what is known, at a price worth paying."""
    if (known.round_id, known.through) == (round_.id, round_.snapshot.through):
        return False
    if known.changed != round_.snapshot.changed:
        return True
    from models.head.linear import LinearHead

    return isinstance(round_.head, LinearHead) or (
        len(round_.labels) >= SLOW_GROWTH * len(known.rows) or len(round_.labels) < len(known.rows)
    )


def gather(
    round_: "Round", answers: Mapping[str, Answer], certificates: Sequence[Certificate]
) -> Evidence | None:
    """The evidence of a round with a head; None where its labels are of one class."""
    from models.evidence.near_duplicates import near_duplicates

    assert round_.head is not None and round_.scores is not None and round_.id is not None
    table, labels = round_.table, round_.labels
    rows = np.fromiter(labels.keys(), dtype=np.int64, count=len(labels))
    given = np.fromiter(labels.values(), dtype=np.int64, count=len(labels))
    if len(np.unique(given)) < 2:
        return None
    ids = tuple(table.id(row) for row in rows.tolist())
    told = [answers.get(key) for key in ids]
    features = table.features[rows]
    groups = near_duplicates(features)
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
        left_out=_left_out(round_, features, given, groups),
        uniform=np.array([a is not None and _is_uniform(a, certificates) for a in told]),
        chance=np.array(chance, dtype=np.float64),
        groups=groups,
        open_rows=open_rows,
        open_confidence=round_.scores.first[open_rows].astype(np.float64),
    )


def _is_uniform(answer: Answer, certificates: Sequence[Certificate]) -> bool:
    """Whether a sample was drawn uniformly from the pool and labeled without sight of a guess.

    The draws of an acceptance come from the surest pre-labels alone, and say nothing of others.
    """
    if answer.shown or answer.query != CERTIFICATE:
        return answer.query in UNIFORM and not answer.shown
    drawn_by = [
        one for one in certificates if one.round_id == answer.round_id and one.at <= answer.at
    ]
    return bool(drawn_by) and drawn_by[-1].kind == ACCURACY


def _left_out(
    round_: "Round", features: npt.NDArray[np.float16], labels: Indices, groups: Indices
) -> "LeftOut":
    """Leave-one-out of the head where it has a closed form, else a tenth of the labels at once."""
    from models.evidence.left_out import cross_predict, leave_out
    from models.head import HEADS
    from models.head.linear import LinearHead

    head, everything = round_.head, np.arange(len(labels))
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


def pool_accuracy(evidence: Evidence, level: float = 0.95) -> "Accuracy | None":
    """Accuracy of the newest head on images without a label; None before it can be told.

    Where the query's draws have probabilities all labels count, else the uniform blind ones.
    """
    if len(evidence.open_confidence) == 0:
        return None
    return evidence.out_of_fold.accuracy(float(evidence.open_confidence.mean()), level)


FIGURES = Figures()
