"""How good the model is and what to do next: forecast, certify or accept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labeling.evidence.certificates import MOST_DRAWS, Certifier
from labeling.evidence.curve import Curve
from labeling.evidence.gathering import Evidence, pool_accuracy
from labeling.evidence.progress import pace
from labeling.store import Answer
from labeling.store.certificates import ACCEPT, ACCURACY

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.evidence.acceptance import Proposal
    from models.evidence.certificate import Length
    from models.evidence.forecast import Forecast

UNKNOWN = 4.0  # a guess counts as this many audits before the first real one


@dataclass(frozen=True)
class Effort:
    """A forecast in labels, and in minutes at the latest pace if known."""

    forecast: "Forecast"
    minutes: tuple[float, float | None] | None


def effort(
    answers: Sequence[Answer], evidence: Evidence, curve: Curve, target: float
) -> Effort | None:
    """The labels for a target accuracy, at the pace of all answers; None while unknown."""
    from models.evidence.forecast import forecast

    classes, left = len(evidence.left_out.classes), len(evidence.open_rows)
    rng = np.random.default_rng(evidence.round_id)
    found = forecast(curve.points, classes, left, target, rng)
    if found is None:
        return None
    speed = pace(answers).recent
    minutes = None
    if speed and found.low is not None:
        minutes = (found.low / speed, None if found.high is None else found.high / speed)
    return Effort(found, minutes)


def expected(evidence: Evidence) -> tuple[float, float]:
    """The known accuracy, as a number of right and of wrong predictions."""
    found = pool_accuracy(evidence)
    if found is not None:
        return found.value * found.effective, (1 - found.value) * found.effective
    mean = float(evidence.open_confidence.mean()) if len(evidence.open_confidence) else 0.5
    return UNKNOWN * mean, UNKNOWN * (1 - mean)


def certificate_length(certifier: Certifier, evidence: Evidence, share: float) -> "Length":
    """The number of blind checks that will probably prove "at least `share` right"."""
    from models.evidence.certificate import probable_length

    right, wrong = expected(evidence)
    return probable_length(
        right,
        wrong,
        max(1, len(evidence.open_rows)),
        share,
        np.random.default_rng(0),
        alpha=certifier.alpha(ACCURACY),
        limit=MOST_DRAWS,
    )


@dataclass(frozen=True, eq=False)
class Offerable:
    """The set that may be accepted under a bound, and the blind checks that it probably takes."""

    proposal: "Proposal"
    length: "Length | None"


def acceptable(
    certifier: Certifier, round_: "Round", evidence: Evidence, bound: float
) -> Offerable:
    """The largest set of pre-labels that will probably pass an audit for `bound`."""
    from models.evidence.acceptance import SMALLEST, probable_audit, propose

    assert round_.scores is not None
    rows = certifier.open_rows(round_)
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
    alpha = certifier.alpha(ACCEPT)
    length = probable_audit(size, bound, error, np.random.default_rng(0), alpha)
    return Offerable(proposal, length)
