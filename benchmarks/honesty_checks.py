"""The checks of `benchmarks.honesty` on each simulated session: is what the app says true?"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.contest import Sheet
from benchmarks.honesty_sessions import BATCH, Played
from benchmarks.sets import EmbeddedSet
from models.evidence.acceptance import audit_bet, judge, propose
from models.evidence.accuracy import Accuracy, Later, audited, weighted
from models.evidence.anchoring import anchoring
from models.evidence.certificate import Bet, proven_at
from models.evidence.forecast import forecast
from models.evidence.learning_curve import Labels, measured
from models.evidence.left_out import LeftOut, leave_out
from models.evidence.metrics import clopper_pearson
from models.evidence.near_duplicates import near_duplicates
from models.evidence.ridge_loo import leave_one_out
from models.head import HEADS
from models.head.linear import LinearHead
from models.head.mlp import folds
from models.scoring import Scores

LAST = 50  # of the prequential figure
BOUNDS = (0.02, 0.05, 0.1)
ORDERS = 3  # of draws for each certificate and set
LONGEST_AUDIT, LOOKS = 400, 20
SWAYED, FLIPPED = 0.5, 0.1
FAR = 0.97  # an accuracy that no session reaches

Fact = dict[str, Any]


@dataclass(eq=False)
class Moment:
    """A session after some labels: its head, its statements about the pool, and the truth."""

    played: Played
    sheet: Sheet
    size: int
    head: LinearHead = field(init=False)
    left: LeftOut = field(init=False)

    def __post_init__(self) -> None:
        rows = self.played.asked[: self.size]
        self.rows, self.labels = rows, self.sheet.truth[rows]
        self.features = self.sheet.half[rows]
        self.audits = self.played.audits[: self.size]
        head = HEADS["logistic"](self.features, self.labels, audits=self.audits)
        assert isinstance(head, LinearHead)
        self.head, self.scores = head, Scores.empty(len(self.sheet.truth))
        self.sheet.view.scorer.score(head, self.scores)
        self.open = np.setdiff1d(np.arange(len(self.sheet.truth)), rows)
        self.right = self.scores.best[self.open] == self.sheet.truth[self.open]
        self.truth = float(self.right.mean())
        self.groups = near_duplicates(self.features)
        self.left = leave_out(
            self.features,
            self.labels,
            np.arange(self.size),
            strength=head.strength,
            temperature=head.temperature,
            groups=self.groups,
        )
        self.hits = self.left.predicted == self.labels
        self.mean = float(self.scores.first[self.open].mean())

    def fact(self, what: str, **values: Any) -> Fact:
        """A row of the results."""
        one = self.played
        return {
            "what": what,
            "images": one.images,
            "query": one.query,
            "seed": one.seed,
            "labels": self.size,
            **values,
        }


def moments(images: EmbeddedSet, played: Played, sizes: tuple[int, ...]) -> Iterator[Moment]:
    """The session after each of some numbers of labels."""
    sheet = Sheet(images, played.seed)
    for size in sizes:
        if size <= len(played.asked):
            yield Moment(played, sheet, size)


def estimates(moment: Moment) -> Iterator[Fact]:
    """Every estimate of the accuracy, also those of other tools."""

    def told(name: str, value: float, low: float = np.nan, high: float = np.nan) -> Fact:
        return moment.fact(
            "estimate",
            name=name,
            error=value - moment.truth,
            low=low,
            high=high,
            truth=moment.truth,
        )

    played, audits = moment.played, moment.audits
    guessed = played.guessed[: moment.size]
    matches = (guessed == moment.labels)[guessed >= 0][-LAST:]
    yield told("prequential, last 50", float(matches.mean()), *_ends(matches))
    cross = moment.hits  # leave-one-out is cross-validation with as many folds as labels
    yield told("cross-validation on the chosen", float(cross.mean()), *_ends(cross))
    held = folds(moment.labels, 5) == 0
    if len(np.unique(moment.labels[~held])) >= 2:
        head = HEADS["logistic"](moment.features[~held], moment.labels[~held])
        best = head.classes[head.predict_proba(moment.features[held]).argmax(axis=1)]
        kept = best == moment.labels[held]
        yield told("held-out fifth of the chosen", float(kept.mean()), *_ends(kept))
    if audits.sum() >= 10:
        then = (guessed == moment.labels)[audits & (guessed >= 0)]
        yield told("audits, heads of their time", float(then.mean()), *_ends(then))
    found = audited(
        moment.hits[audits],
        moment.left.confidence[audits],
        moment.mean,
        later=Later.of(moment.hits, moment.left.confidence, audits, len(moment.open)),
        groups=moment.groups[audits],
    )
    if found is not None:
        yield _ours(told, "Hone, blind checks", found)
    chance = played.chance[: moment.size]
    drawn = np.isfinite(chance)
    if drawn.sum() > moment.size / 2:
        hits, sure = moment.hits[drawn], moment.left.confidence[drawn]
        found = weighted(hits, sure, moment.mean, chance[drawn], len(moment.open))
        assert found is not None
        yield _ours(told, "Hone, weighted labels", found)


def _ours(told: Any, name: str, found: Accuracy) -> Fact:
    fact: Fact = told(name, found.value, found.low, found.high)
    return fact


def _ends(hits: npt.NDArray[Any]) -> tuple[float, float]:
    interval = clopper_pearson(int(hits.sum()), len(hits))
    return interval.low, interval.high


def certificates(moment: Moment, rng: np.random.Generator) -> Iterator[Fact]:
    """Claims that are barely false, tested after every draw, and one that is true."""
    size, good = len(moment.right), int(moment.right.sum())
    for _ in range(ORDERS):
        drawn = rng.permutation(moment.right)
        false = proven_at(drawn, size, (good + 1) / size, Bet.around(moment.mean))
        true = proven_at(drawn, size, max(0.0, good / size - 0.05), Bet.around(moment.mean))
        yield moment.fact("certificate", violated=false is not None, draws=true, size=size)


def acceptances(moment: Moment, rng: np.random.Generator) -> Iterator[Fact]:
    """Sets that would be accepted, and how many of them are really wrong."""
    audits = moment.audits
    for bound in BOUNDS:
        found = propose(
            moment.scores.first[moment.open],
            moment.left.confidence[audits],
            moment.hits[audits],
            bound,
        )
        if len(found.rows) < 20:
            continue
        right, bet = moment.right[found.rows], audit_bet(found.error)
        for _ in range(ORDERS):
            drawn = rng.permutation(right)
            passed = _passes(drawn, bound, bet)
            wrong = 0.0 if passed is None else float((~drawn[passed:]).mean())
            yield moment.fact(
                "acceptance",
                bound=bound,
                size=len(right),
                draws=passed,
                violated=passed is not None and wrong > bound,
                wrong=wrong,
                pool=len(moment.right),
            )


def _passes(drawn: npt.NDArray[np.bool_], bound: float, bet: Bet) -> int | None:
    """The number of draws until the rest may be accepted, tested after each."""
    for look in range(LOOKS, min(LONGEST_AUDIT, len(drawn)), LOOKS):
        if judge(drawn[:look], len(drawn), bound, bet).passed:
            return look
    return None


def forecasts(moment: Moment, rng: np.random.Generator) -> Iterator[Fact]:
    """Labels to accuracies that the session reached later, and to one that it never reached."""
    played, sheet = moment.played, moment.sheet
    sample = np.sort(rng.choice(moment.open, min(2000, len(moment.open)), replace=False))
    labels = Labels(
        features=moment.features,
        labels=moment.labels,
        uniform=moment.audits,
        chance=played.chance[: moment.size],
        groups=moment.groups,
        pool=sheet.half[sample],
        left=len(moment.open),
    )
    points = measured(labels, HEADS["logistic"])
    classes, left = len(np.unique(moment.labels)), len(moment.open)
    smooth = np.maximum.accumulate(np.convolve(played.accuracy, np.ones(5) / 5, "same"))
    for factor in (1.2, 1.4, 1.6):
        later = round(factor * moment.size)
        if later > len(played.asked) - 2 * BATCH:
            continue
        target = float(smooth[later // BATCH - 1])
        if target <= smooth[moment.size // BATCH - 1] + 0.01:
            continue
        needed = (int(np.argmax(smooth >= target)) + 1) * BATCH - moment.size
        found = forecast(points, classes, left, target, rng)
        if found is None:
            continue
        low = np.inf if found.low is None else found.low
        high = np.inf if found.high is None else found.high
        yield moment.fact("forecast", needed=needed, low=low, high=high, held=low <= needed <= high)
    found = forecast(points, classes, left, FAR, rng)
    if found is not None:
        yield moment.fact(
            "far target", told_never=not found.reachable, truth=float(played.accuracy[-1])
        )


def planted(moment: Moment, rng: np.random.Generator) -> Iterator[Fact]:
    """An influenced annotator and an unbiased one; flipped labels."""
    played, n = moment.played, moment.size
    guessed, sure = played.guessed[:n], played.sure[:n]
    told = guessed >= 0
    shown = ~moment.audits
    agreed = guessed == moment.labels
    swayed = agreed | (shown & (rng.random(n) < SWAYED))
    for name, given in (("unbiased", agreed), ("swayed", swayed)):
        found = anchoring(given[told], sure[told], shown[told])
        if found is not None:
            yield moment.fact("anchoring", name=name, detected=found.detected, effect=found.effect)
    flipped = rng.random(n) < FLIPPED
    classes = np.unique(moment.labels)
    labels = moment.labels.copy()
    labels[flipped] = classes[
        (np.searchsorted(classes, labels[flipped]) + rng.integers(1, len(classes), flipped.sum()))
        % len(classes)
    ]
    if flipped.any() and len(np.unique(labels)) >= 2:
        order = np.argsort(leave_one_out(moment.features, labels).self_confidence, kind="stable")
        k = int(flipped.sum())
        yield moment.fact(
            "flipped",
            recall=float(flipped[order[:k]].mean()),
            recall_twice=float(flipped[order[: 2 * k]].sum() / k),
            random=float(k / n),
        )
