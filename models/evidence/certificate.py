"""Certificates: bounds on a finite set, by random draws one after another, valid at every look.

The draws are without replacement and the set is fixed before the first one. So there are no other
assumptions: the guarantee is only over the order of the draws.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln

LEVEL = 0.95
PRIOR_STRENGTH = 12.0  # the guessed accuracy counts as this many labels in the bet
SIMULATED = 300  # simulated certificates for the forecast of the length
BROAD = 0.2  # weight of a flat bet in the mixture: a wrong guess costs only a few labels

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bet:
    """The bet on each possible share before the first draw: beta(a, b), mixed with a flat one.

    Any bet that is fixed in advance gives valid bounds; a bet near the truth gives narrow ones.
    """

    a: float = 1.0
    b: float = 1.0

    @classmethod
    def around(cls, share: float, strength: float = PRIOR_STRENGTH) -> "Bet":
        """A bet on shares near an estimate in [0, 1]."""
        share = min(max(share, 0.002), 0.998)
        return cls(strength * share + 0.5, strength * (1 - share) + 0.5)

    def log_evidence(self, successes: Floats, failures: Floats) -> Floats:
        """Log probability of a sequence with so many successes and failures, under the bet."""
        informed = betaln(self.a + successes, self.b + failures) - betaln(self.a, self.b)
        flat = betaln(1.0 + successes, 1.0 + failures)
        mixed: Floats = np.logaddexp(np.log1p(-BROAD) + informed, np.log(BROAD) + flat)
        return mixed


def log_likelihood(size: int, good: Any, successes: Any, failures: Any) -> Floats:
    """Log probability of a sequence of draws from `size` rows, `good` of them successes.

    Arrays broadcast; -inf if the set has too few of a kind.
    """
    bad = size - np.asarray(good, dtype=np.float64)
    good, s, f = (np.asarray(part, dtype=np.float64) for part in (good, successes, failures))
    possible = (s <= good) & (f <= bad)
    with np.errstate(invalid="ignore"):
        ways = _falling(np.maximum(good, s), s) + _falling(np.maximum(bad, f), f)
        value = ways - _falling(np.float64(size), s + f)
    result: Floats = np.where(possible, value, -np.inf)
    return result


def log_wealth(size: int, good: Any, successes: Any, failures: Any, bet: Bet) -> Floats:
    """Log wealth of the bet against `good` successes in the set, after these draws.

    If the set has that many, wealth is a supermartingale that starts at 1, and reaches 1/α
    with probability α at most (Ville). This is the prior-posterior ratio of Waudby-Smith, Ramdas,
    "Confidence sequences for sampling without replacement", NeurIPS 2020, arXiv 2006.04347.
    """
    s, f = np.asarray(successes, dtype=np.float64), np.asarray(failures, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        wealth: Floats = bet.log_evidence(s, f) - log_likelihood(size, good, s, f)
    return wealth


@dataclass(frozen=True)
class Bounds:
    """The proven bounds on the number of successes in the whole set, ends included."""

    low: int
    high: int


def bounds(hits: npt.NDArray[Any], size: int, bet: Bet = Bet(), alpha: float = 1 - LEVEL) -> Bounds:
    """The numbers of successes that no look so far has refuted.

    Parameters
    ----------
    hits : (t,) bool, the first t draws in their order.
    size : N ≥ t rows in the set.
    bet : fixed before the first draw.
    alpha : the chance, over the order of the draws, that the truth is ever outside.
    """
    _check(hits, size, alpha)
    s = np.concatenate([[0], np.cumsum(np.asarray(hits, dtype=np.float64))])
    f = np.arange(len(s)) - s
    goal = -np.log(alpha)

    def refuted(good: int) -> bool:
        return bool((log_wealth(size, good, s, f, bet) >= goal).any())

    # A likelihood has one peak, so each look leaves an interval, and so do all looks together.
    peak = min(max(round(size * float(s[-1]) / max(1, len(s) - 1)), 0), size)
    low = _first_unrefuted(refuted, 0, peak)
    high = _first_unrefuted(refuted, size, peak)
    return Bounds(low, high)


def needed(share: float, size: int) -> int:
    """The least number of successes in `size` rows that makes a share of at least `share`."""
    return min(size, int(np.ceil(share * size - 1e-9)))


def proven_at(
    hits: npt.NDArray[Any],
    size: int,
    share: float,
    bet: Bet = Bet(),
    alpha: float = 1 - LEVEL,
) -> int | None:
    """The draws after which "at least `share` of the set are successes" is proven, or None.

    The claim is proven at the first look that refutes every smaller number. Of these, the
    largest is refuted last, while successes are more frequent than `share`.
    """
    _check(hits, size, alpha)
    s = np.cumsum(np.asarray(hits, dtype=np.float64))
    f = np.arange(1, len(s) + 1) - s
    proven = _proven(s, f, size, share, bet, alpha)
    return int(np.argmax(proven)) + 1 if proven.any() else None


def _proven(
    s: Floats, f: Floats, size: int, share: float, bet: Bet, alpha: float
) -> npt.NDArray[np.bool_]:
    """Whether each look proves the claim."""
    worst = needed(share, size) - 1  # the largest number for which it is false
    if worst < 0:
        return np.ones(s.shape, dtype=bool)
    above = s * size >= worst * (s + f)
    result: npt.NDArray[np.bool_] = above & (log_wealth(size, worst, s, f, bet) >= -np.log(alpha))
    return result


@dataclass(frozen=True)
class Length:
    """The number of draws that a certificate probably takes.

    `low`, `middle` and `high` are the 10th, 50th and 90th percentile, None if that many of the
    simulations end without a proof within the limit; `chance` is the share with a proof.
    """

    low: int | None
    middle: int | None
    high: int | None
    chance: float


def probable_length(
    successes: float,
    failures: float,
    size: int,
    share: float,
    rng: np.random.Generator,
    *,
    alpha: float = 1 - LEVEL,
    limit: int = 1000,
    bet: Bet | None = None,
) -> Length:
    """The number of draws needed to prove "at least `share`", by present knowledge.

    The true share is drawn from beta(successes + ½, failures + ½), then the draws from it.

    Parameters
    ----------
    successes, failures : of audits so far, or their effective numbers; need not be whole.
    size : N rows in the set.
    limit : draws after which a person would stop.
    """
    bet = bet or Bet.around((successes + 0.5) / (successes + failures + 1.0))
    limit = min(limit, size)
    truth = rng.beta(successes + 0.5, failures + 0.5, SIMULATED)
    good = np.rint(truth * size)
    # Without replacement, in vectors: draw t succeeds with the share of remaining successes.
    s = np.zeros((SIMULATED, limit))
    found = np.zeros(SIMULATED)
    for draw in range(limit):
        found = found + (rng.random(SIMULATED) * (size - draw) < good - found)
        s[:, draw] = found
    f = np.arange(1, limit + 1) - s
    proven = _proven(s, f, size, share, bet, alpha)
    ended = proven.any(axis=1)
    lengths = np.where(ended, proven.argmax(axis=1) + 1.0, np.inf)
    low, middle, high = (
        None if np.isinf(value) else int(value)
        for value in np.quantile(lengths, (0.1, 0.5, 0.9), method="higher")
    )
    return Length(low, middle, high, float(ended.mean()))


def _first_unrefuted(refuted: Any, begin: int, end: int) -> int:
    """The number nearest to `begin` that is not refuted, by bisection towards `end`."""
    if not refuted(begin):
        return begin
    step = 1 if end >= begin else -1
    near, far = begin, end  # near is refuted
    if refuted(far):  # two looks contradict each other: an event of chance α
        return far
    while abs(far - near) > 1:
        middle = near + step * (abs(far - near) // 2)
        near, far = (middle, far) if refuted(middle) else (near, middle)
    return far


def _falling(n: Any, k: Any) -> Floats:
    """Log of n·(n - 1)···(n - k + 1)."""
    value: Floats = gammaln(n + 1) - gammaln(n - k + 1)
    return value


def _check(hits: npt.NDArray[Any], size: int, alpha: float) -> None:
    """Raise unless the draws fit the set."""
    if len(hits) > size:
        raise ValueError(f"{len(hits)} draws cannot come from a set of {size}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, not {alpha}")
