"""A round: one fitted head with everything derived from it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labeling.learning.table import Table
from labeling.learning.worker import State
from labeling.store import Offer
from models.head import HEADS, Head
from models.pool import Picks, Pool
from models.queries import DEFAULT_QUERY, QUERIES, acting_query, draw_probability
from models.queries import random as draw_uniformly
from models.scoring import Scores

RANKED = 48  # ranked ahead of one annotator; each answer ranks anew
AUDIT = "audit"

Indices = npt.NDArray[np.int64]
Report = Callable[[State], None]
Stop = Callable[[], bool]


def never() -> bool:
    """Nothing newer is waiting."""
    return False


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a round is computed from, taken at one moment.

    `labels` maps rows of the table to class ids in the order of their answers, and `audits` are
    those of them that were uniformly random, blind picks. `certainty` is the chance that the label
    of a row is right, 1 for those that it leaves out. `answered` are all rows that must not be
    asked, `through` is the last answer seen, `changed` the last change of classes.
    """

    table: Table
    labels: Mapping[int, int]
    audits: frozenset[int]
    answered: Indices
    through: int
    changed: int = 0
    certainty: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """Which head learns, which query asks, the share of blind picks, and how many are ranked."""

    head: str = "logistic"
    query: str = DEFAULT_QUERY
    audit_share: float = 0.1
    ranked: int = RANKED


@dataclass(frozen=True, eq=False)
class Round:
    """One finished round. A cold one (id None) has a ranking but no head.

    `seen` is how many of the snapshot's labels the head was fitted on, fewer for a restored one.
    A round is `complete` when this very head has scored every row; before that, the rows that it
    has not reached hold the scores of heads before it.
    """

    id: int | None
    snapshot: Snapshot
    head: Head | None
    scores: Scores | None
    seen: int
    complete: bool = True
    ranking: tuple[Offer, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def table(self) -> Table:
        return self.snapshot.table

    @property
    def labels(self) -> Mapping[int, int]:
        return self.snapshot.labels

    def offer(self, sample_id: str, query: str, **why: Any) -> Offer:
        """An offer of a sample with what this round predicts for it."""
        row = self.table.row(sample_id)
        if row is None:
            return Offer(sample_id, query, **why)
        return self.offers(np.array([row]), [{"query": query, **why}])[0]

    def offers(self, rows: Indices, whys: Sequence[dict[str, Any]]) -> list[Offer]:
        """Offers of rows of the table, each for its reason, predicted all at once."""
        keys = [self.table.id(row) for row in rows.tolist()]
        if self.head is None or not keys:
            return [Offer(key, **why) for key, why in zip(keys, whys, strict=True)]
        proba = self.head.predict_proba(self.table.features[rows])
        classes = self.head.classes[proba.argmax(axis=1)].tolist()
        predicted = zip(classes, proba.max(axis=1).tolist(), strict=True)
        return [
            Offer(
                key,
                round_id=self.id,
                predicted_class=best,
                predicted_confidence=confidence,
                **({"shown": True} | why),
            )
            for key, why, (best, confidence) in zip(keys, whys, predicted, strict=True)
        ]


def compute(
    snapshot: Snapshot,
    policy: Policy,
    rng: np.random.Generator,
    *,
    round_id: int,
    device: str = "cpu",
    previous: Round | None = None,
    warm: bool = False,
    frozen: tuple[Head, int] | None = None,
    rows: Indices | None = None,
    report: Report = lambda state: None,
    stop: Stop = never,
) -> Round:
    """Fit, score and rank. With fewer than two labeled classes only rank, without a head.

    A `frozen` head (a kept one, with the number of labels it has seen) is used as it is instead of
    a new fit. Given `rows`, only these are scored and asked, which leaves the round incomplete;
    the others keep the scores of the `previous` round. `warm` starts the fit at its head. The
    same snapshot and generator give the same round. Raises Cancelled if `stop` says so while the
    head is fitted.
    """
    seconds: dict[str, float] = {}
    head, seen = frozen or (None, len(snapshot.labels))
    if head is None and len(set(snapshot.labels.values())) >= 2:
        report(State.FITTING)
        with _timed(seconds, "fit"):
            start = previous.head if warm and previous is not None else None
            head = _fit(snapshot, policy, start, device, stop)
    scores, scored = None, None
    if head is not None:
        report(State.SCORING)
        with _timed(seconds, "score"):
            scores, scored = _score(snapshot.table, head, previous, rows)
    round_ = Round(
        id=None if head is None else round_id,
        snapshot=snapshot,
        head=head,
        scores=scores,
        seen=seen,
        complete=scored is None,
        seconds=seconds,
    )
    with _timed(seconds, "rank"):
        return replace(round_, ranking=_rank(round_, policy, rng, scored))


def sweep(round_: Round, policy: Policy, rng: np.random.Generator, stop: Stop) -> Round | None:
    """The round completed: every row scored and the ranking made anew; None if stopped before."""
    assert round_.head is not None and round_.scores is not None
    scores, seconds = round_.scores.copy(), dict(round_.seconds)
    with _timed(seconds, "sweep"):
        if not round_.table.scorer.score(round_.head, scores, stop=stop):
            return None
        whole = replace(round_, scores=scores, complete=True, seconds=seconds)
        return replace(whole, ranking=_rank(whole, policy, rng, None))


def _fit(snapshot: Snapshot, policy: Policy, start: Head | None, device: str, stop: Stop) -> Head:
    rows = np.fromiter(snapshot.labels.keys(), dtype=np.int64)
    targets = np.fromiter(snapshot.labels.values(), dtype=np.int64)
    audits = np.array([row in snapshot.audits for row in rows.tolist()])
    sure = np.array([snapshot.certainty.get(row, 1.0) for row in rows.tolist()])
    told: dict[str, Any] = {"audits": audits, "certainty": sure if snapshot.certainty else None}
    fit, features = HEADS[policy.head], snapshot.table.features[rows]
    return fit(features, targets, **told, start=start, device=device, stop=stop)


def _score(
    table: Table, head: Head, previous: Round | None, rows: Indices | None
) -> tuple[Scores, Indices | None]:
    """Scores, and the rows that are up to date in them (None: all)."""
    if rows is None:
        scores = Scores.empty(len(table))
    elif previous is not None and previous.table is table and previous.scores is not None:
        scores = previous.scores.copy()
    else:
        scores = Scores.empty(len(table))
    table.scorer.score(head, scores, rows)
    return scores, rows


def _rank(
    round_: Round, policy: Policy, rng: np.random.Generator, rows: Indices | None
) -> tuple[Offer, ...]:
    """The best samples to ask next, with a share of blind, uniformly random audit picks."""
    whole = _pool(round_)
    pool = whole if rows is None else _part(whole, rows)
    # A cold head is not worth an audit, and a cold start is where good picks save the most.
    cold = round_.head is None or acting_query(DEFAULT_QUERY, pool) != DEFAULT_QUERY
    share = 0.0 if cold else policy.audit_share
    is_audit = rng.random(min(policy.ranked, len(pool.available))) < share
    # Audits are drawn first: an audit that the query could take away would not be uniform.
    audits = draw_uniformly(whole, int(is_audit.sum()), rng)
    left = replace(pool, available=_without(pool.available, audits.indices))
    picks = QUERIES[policy.query](left, len(is_audit) - len(audits.indices), rng)
    acting = acting_query(policy.query, left)
    audits, picks = _mixed(audits, picks, whole, acting, share)
    ranked = np.empty(len(is_audit), dtype=np.int64)
    ranked[is_audit], ranked[~is_audit] = audits.indices, picks.indices
    asked, checks = iter(_whys(picks, acting)), iter(_whys(audits, AUDIT))
    whys = [next(checks if audit else asked) for audit in is_audit.tolist()]
    return tuple(round_.offers(ranked, whys))


def _pool(round_: Round) -> Pool:
    """What the query sees: the whole pool less what is answered."""
    snapshot = round_.snapshot
    is_open = np.ones(len(snapshot.table), dtype=bool)
    is_open[snapshot.answered] = False
    labeled = np.fromiter(snapshot.labels.keys(), dtype=np.int64, count=len(snapshot.labels))
    labels = np.fromiter(snapshot.labels.values(), dtype=np.int64, count=len(snapshot.labels))
    order = np.argsort(labeled)  # the ranking must not depend on the order of the answers
    return Pool(
        features=snapshot.table.features,
        labeled=labeled[order],
        labels=labels[order],
        available=np.flatnonzero(is_open),
        head=round_.head,
        scores=round_.scores,
    )


def _part(pool: Pool, rows: Indices) -> Pool:
    """The pool with only those of ascending `rows` to ask that it offers."""
    places = np.searchsorted(pool.available, rows)
    places = np.minimum(places, len(pool.available) - 1)
    return replace(pool, available=rows[pool.available[places] == rows])


def _mixed(
    audits: Picks, picks: Picks, pool: Pool, query: str, share: float
) -> tuple[Picks, Picks]:
    """Acquisition probabilities of the mixture, where the query has any.

    A slot is an audit with probability `share`, so that of M open rows one of chance q in the
    query's next draw has share/M + (1 - share)·q: what an importance-weighted estimate needs
    (Farquhar et al., arXiv 2101.11665). What the few slots before it take away is left out.
    """
    if share == 0.0 or len(pool.available) == 0:
        return audits, picks

    def mixed(drawn: Picks) -> Picks:
        chance = draw_probability(query, pool, drawn.indices)
        if chance is None:
            return drawn
        chance = share / len(pool.available) + (1 - share) * chance
        return replace(drawn, acquisition_probability=chance.astype(np.float32))

    return mixed(audits), mixed(picks)


def _without(rows: Indices, few: Indices) -> Indices:
    """Ascending `rows` less a few others."""
    places = np.searchsorted(rows, few)
    places = places[places < len(rows)]
    return np.delete(rows, places[np.isin(rows[places], few)])


def _whys(picks: Picks, query: str) -> list[dict[str, Any]]:
    """Why each was picked, as it is stored with the answer."""
    blind = {"shown": False} if query == AUDIT else {}
    chances = zip(picks.scores.tolist(), picks.acquisition_probability.tolist(), strict=True)
    return [
        {
            "query": query,
            "score": score,
            "acquisition_probability": None if np.isnan(chance) else chance,
            **blind,
        }
        for score, chance in chances
    ]


class _timed:  # noqa: N801 - reads as a statement
    """Adds the seconds of a block to a dict under a stage's name."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self._seconds, self._stage = seconds, stage

    def __enter__(self) -> None:
        self._begin = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._stage] = time.perf_counter() - self._begin
