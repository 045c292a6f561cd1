"""How good the model is and what that allows: curve, forecast, and what to certify or accept."""

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from labeling.evidence.certificates import MOST_DRAWS
from labeling.evidence.figures import Evidence, pool_accuracy
from labeling.evidence.progress import pace
from labeling.loop.session import Session
from labeling.store.certificates import ACCEPT, ACCURACY

if TYPE_CHECKING:
    from models.evidence.acceptance import Proposal
    from models.evidence.certificate import Length
    from models.evidence.forecast import Forecast
    from models.evidence.learning_curve import Beside, Point

POOL_SAMPLE = 3000  # rows without a label that a curve's confidence is averaged over
UNKNOWN = 4.0  # audits that a guess is worth before any has been made


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


@dataclass(frozen=True)
class Effort:
    """A forecast in labels, and in minutes at the pace of late, where it is known."""

    forecast: "Forecast"
    minutes: tuple[float, float | None] | None


def effort(session: Session, evidence: Evidence, curve: Curve, target: float) -> Effort | None:
    """What a target accuracy will take; None before that can be meant."""
    from models.evidence.forecast import forecast

    classes, left = len(evidence.left_out.classes), len(evidence.open_rows)
    rng = np.random.default_rng(evidence.round_id)
    found = forecast(curve.points, classes, left, target, rng)
    if found is None:
        return None
    speed = pace(session.store.answers.all()).recent
    minutes = None
    if speed and found.low is not None:
        minutes = (found.low / speed, None if found.high is None else found.high / speed)
    return Effort(found, minutes)


def expected(evidence: Evidence) -> tuple[float, float]:
    """Right and wrong predictions that what is known of the accuracy is worth."""
    found = pool_accuracy(evidence)
    if found is not None:
        return found.value * found.effective, (1 - found.value) * found.effective
    mean = float(evidence.open_confidence.mean()) if len(evidence.open_confidence) else 0.5
    return UNKNOWN * mean, UNKNOWN * (1 - mean)


def certificate_length(session: Session, evidence: Evidence, share: float) -> "Length":
    """How many blind checks it will probably take to prove "at least `share` right"."""
    from models.evidence.certificate import probable_length

    right, wrong = expected(evidence)
    return probable_length(
        right,
        wrong,
        max(1, len(evidence.open_rows)),
        share,
        np.random.default_rng(0),
        alpha=session.certifier.alpha(ACCURACY),
        limit=MOST_DRAWS,
    )


@dataclass(frozen=True, eq=False)
class Offerable:
    """What may be accepted under a bound, and how many blind checks that will probably take."""

    proposal: "Proposal"
    length: "Length | None"


def acceptable(session: Session, evidence: Evidence, bound: float) -> Offerable:
    """The largest set of pre-labels that will probably pass an audit for `bound`."""
    from models.evidence.acceptance import SMALLEST, probable_audit, propose

    round_ = session.round
    assert round_ is not None and round_.scores is not None
    rows = session.certifier.open_rows(round_)
    audits = evidence.uniform
    proposal = propose(
        round_.scores.first[rows],
        evidence.left_out.confidence[audits],
        evidence.hits[audits],
        bound,
    )
    if len(proposal.rows) < SMALLEST:
        return Offerable(proposal, None)
    size, error = len(proposal.rows), proposal.error
    alpha = session.certifier.alpha(ACCEPT)
    length = probable_audit(size, bound, error, np.random.default_rng(0), alpha)
    return Offerable(proposal, length)


CURVES = Curves()
