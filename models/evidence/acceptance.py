"""Which pre-labels may be accepted unseen, so that the share of wrong ones stays below a bound."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.evidence.certificate import LEVEL, Bet, Length, bounds, probable_length

CAUTION = 0.5  # a set is proposed if its expected error is at most this part of the bound
EXPECTED_WORTH = 40.0  # the expected error counts as this many labels
SMALLEST = 20  # pre-labels; labeling fewer by hand is as fast

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Proposal:
    """A set of pre-labels that will probably pass the audit.

    `rows` (n,) are places in the given confidences, most confident first. `error` is the expected
    share of wrong ones.
    """

    rows: npt.NDArray[np.int64]
    error: float


def propose(
    confidence: npt.NDArray[Any],
    audit_confidence: npt.NDArray[Any],
    audit_hits: npt.NDArray[Any],
    bound: float,
) -> Proposal:
    """The largest set of most confident pre-labels whose expected error is well below the bound.

    The expected error of a set is the mean of 1 - confidence, times the factor by which equally
    confident audits were wrong more often than predicted. It decides what is tried, not what is
    proven: the proof depends only on the audit of the set.

    Parameters
    ----------
    confidence : (N,) of the head, of rows without an answer.
    audit_confidence, audit_hits : (n,) leave-one-out on uniform audits.
    bound : the largest share of wrong ones, in (0, 1).
    """
    if not 0 < bound < 1:
        raise ValueError(f"the bound on the error lies between 0 and 1, not {bound}")
    order = np.argsort(-np.asarray(confidence), kind="stable")
    falling = np.asarray(confidence, dtype=np.float64)[order]
    claimed = np.cumsum(1.0 - falling) / np.arange(1, len(falling) + 1)
    expected = claimed * _excess(falling, np.asarray(audit_confidence), np.asarray(audit_hits))
    good = np.flatnonzero(expected <= CAUTION * bound)
    size = int(good[-1]) + 1 if len(good) else 0
    rows = order[:size].astype(np.int64)
    return Proposal(rows, float(expected[size - 1]) if size else 0.0)


def _excess(falling: Floats, confidence: Floats, hits: npt.NDArray[Any]) -> Floats:
    """Wrong audits divided by the predicted number, among all at least as confident.

    Two pseudo-audits with the predicted error limit the weight of few audits.
    """
    order = np.argsort(-confidence, kind="stable")
    wrong = np.concatenate([[0.0], np.cumsum(~np.asarray(hits, dtype=bool)[order])])
    expected = np.concatenate([[0.0], np.cumsum(1.0 - confidence[order])])
    count = np.searchsorted(-confidence[order], -falling, side="right")
    pseudo = 2.0 * (1.0 - falling) + 0.1
    ratio: Floats = (wrong[count] + pseudo) / (expected[count] + pseudo)
    return ratio


@dataclass(frozen=True)
class Verdict:
    """The state of a set's audit after the draws so far.

    `wrong` were found and corrected; `left` pre-labels would be accepted. At the level, at most
    `most_wrong` of these are wrong; `passed` says whether that is within the bound.
    """

    drawn: int
    wrong: int
    left: int
    most_wrong: int
    passed: bool

    @property
    def error(self) -> float:
        """The largest share of wrong ones among those that would be accepted."""
        return self.most_wrong / self.left if self.left else 0.0


def audit_bet(expected_error: float) -> Bet:
    """The bet for the audit of a set with that expected share of errors."""
    return Bet.around(1.0 - expected_error, strength=EXPECTED_WORTH)


def judge(
    right: npt.NDArray[Any], size: int, bound: float, bet: Bet, alpha: float = 1 - LEVEL
) -> Verdict:
    """Whether the pre-labels that were not drawn may be accepted.

    The drawn rows have a person's label, so only errors among the others count: the errors of the
    whole set, bounded by the draws, minus those found.

    Parameters
    ----------
    right : (t,) bool, whether each drawn pre-label was right, in the order of the draws.
    size : N pre-labels in the set.
    bound : the largest share of wrong ones among those that are accepted.
    """
    drawn, found = len(right), int((~np.asarray(right, dtype=bool)).sum())
    stands = bounds(right, size, bet, alpha)
    most = max(0, size - stands.low - found)
    left = size - drawn
    return Verdict(drawn, found, left, min(most, left), left > 0 and most <= bound * left)


def probable_audit(
    size: int, bound: float, error: float, rng: np.random.Generator, alpha: float = 1 - LEVEL
) -> Length:
    """The number of draws that an audit probably takes, if that share of the set is wrong."""
    return probable_length(
        EXPECTED_WORTH * (1 - error),
        EXPECTED_WORTH * error,
        size,
        1 - bound,
        rng,
        alpha=alpha,
        bet=audit_bet(error),
    )
