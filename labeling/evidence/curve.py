"""The learning curve so far, and what more labels will bring."""

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from labeling.evidence.figures import Evidence
from labeling.loop.session import Session

if TYPE_CHECKING:
    from models.evidence.learning_curve import Beside, Point


POOL_SAMPLE = 3000  # rows without a label that a curve's confidence is averaged over


@dataclass(frozen=True, eq=False)
class Curve:
    """A session's learning curve and random picking's beside it, as of a round."""

    round_id: int
    points: "list[Point]"
    beside: "list[Beside]"

    @property
    def loses(self) -> bool:
        """Whether active picking is behind random picking, beyond chance, at the last size."""
        return bool(self.beside) and self.beside[-1].gain.high < 0


class Curves:
    """Measures curves once for each round; a curve takes a second or more."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: WeakKeyDictionary[Session, Curve] = WeakKeyDictionary()

    def of(self, session: Session, evidence: Evidence) -> Curve:
        """The curve of a session as of the evidence."""
        with self._lock:
            known = self._known.get(session)
            if known is None or known.round_id != evidence.round_id:
                known = self._known[session] = measure(session, evidence)
            return known


def measure(session: Session, evidence: Evidence) -> Curve:
    """Fit heads along the session's labels and judge them on its audits."""
    from models.evidence.learning_curve import Labels, beside_random, measured
    from models.head import HEADS

    round_ = session.round
    assert round_ is not None
    rng = np.random.default_rng(evidence.round_id)
    rows = evidence.open_rows
    if len(rows) > POOL_SAMPLE:
        rows = np.sort(rng.choice(rows, POOL_SAMPLE, replace=False))
    labels = Labels(
        features=round_.table.features[evidence.rows],
        labels=evidence.labels,
        uniform=evidence.uniform,
        chance=evidence.chance,
        groups=evidence.groups,
        pool=round_.table.features[rows],
        left=len(evidence.open_rows),
    )
    points = measured(labels, HEADS["logistic"]) if len(rows) else []
    return Curve(evidence.round_id, points, beside_random(labels, points, HEADS["logistic"], rng))


CURVES = Curves()
