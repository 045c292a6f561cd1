"""A round: one fitted head with everything derived from it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labeling.store import Offer
from labeling.trainer import State
from models.head import HEADS, LinearHead
from models.queries import DEFAULT_QUERY, QUERIES, Picks, Pool, acting_query
from models.queries import random as draw_uniformly
from models.space import Space

RANKED = 48  # ranked ahead of the annotators; each answer ranks anew


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a round is computed from, taken at one moment.

    ids[i] is the sample of row i of `features` (N, D). `labels` maps rows to class ids, and
    `answered` holds every row that must not be asked. `through` is the last answer seen.
    """

    ids: Sequence[str]
    space: Space
    features: npt.NDArray[np.float32]
    labels: Mapping[int, int]
    answered: frozenset[int]
    through: int


@dataclass(frozen=True, eq=False)
class Round:
    """One finished round. A cold one (id None) has a ranking but no head.

    `labels` are all that are known; `seen` is how many of them the head was fitted on, which are
    fewer for a restored one.
    """

    id: int | None
    ids: Sequence[str]
    rows: Mapping[str, int]
    space: Space
    features: npt.NDArray[np.float32]
    labels: Mapping[int, int]
    head: LinearHead | None
    proba: npt.NDArray[np.float32] | None
    ranking: tuple[Offer, ...]
    through: int
    seen: int
    seconds: dict[str, float] = field(default_factory=dict)

    def prediction(self, sample_id: str) -> npt.NDArray[np.float32] | None:
        """Class probabilities (K,) of one sample in the order of head.classes, if it is scored."""
        row = self.rows.get(sample_id)
        return None if row is None or self.proba is None else self.proba[row]

    def offer(self, sample_id: str, query: str, **why: Any) -> Offer:
        """An offer of a sample with what this round predicts for it."""
        proba = self.prediction(sample_id)
        if proba is None or self.head is None:
            return Offer(sample_id, query, **why)
        best = int(proba.argmax())
        return Offer(
            sample_id,
            query,
            round_id=self.id,
            predicted_class=int(self.head.classes[best]),
            predicted_confidence=float(proba[best]),
            **({"shown": True} | why),
        )


def compute(
    snapshot: Snapshot,
    *,
    round_id: int,
    query: str,
    audit_share: float,
    rng: np.random.Generator,
    device: str = "cpu",
    previous: LinearHead | None = None,
    frozen: tuple[LinearHead, int] | None = None,
    report: Callable[[State], None] = lambda state: None,
) -> Round:
    """Fit, score and rank. With fewer than two labeled classes only rank, without a head.

    A `frozen` head (a kept one, with the number of labels it has seen) is used as it is instead of
    a new fit. The same snapshot and generator give the same round.
    """
    seconds: dict[str, float] = {}
    head, seen = frozen or (None, len(snapshot.labels))
    if head is None and len(set(snapshot.labels.values())) >= 2:
        report(State.FITTING)
        with _timed(seconds, "fit"):
            head = _fit(snapshot, previous, device)
    proba = None
    if head is not None:
        report(State.SCORING)
        with _timed(seconds, "score"):
            proba = head.predict_proba(snapshot.features)
    round_ = Round(
        id=None if head is None else round_id,
        ids=snapshot.ids,
        rows={sample_id: row for row, sample_id in enumerate(snapshot.ids)},
        space=snapshot.space,
        features=snapshot.features,
        labels=snapshot.labels,
        head=head,
        proba=proba,
        ranking=(),
        through=snapshot.through,
        seen=seen,
        seconds=seconds,
    )
    with _timed(seconds, "rank"):
        return replace(round_, ranking=_rank(round_, snapshot, query, audit_share, rng))


def _fit(snapshot: Snapshot, previous: LinearHead | None, device: str) -> LinearHead:
    rows = np.fromiter(snapshot.labels.keys(), dtype=np.int64)
    targets = np.fromiter(snapshot.labels.values(), dtype=np.int64)
    return HEADS["logistic"](snapshot.features[rows], targets, start=previous, device=device)


def _rank(
    round_: Round, snapshot: Snapshot, query: str, audit_share: float, rng: np.random.Generator
) -> tuple[Offer, ...]:
    """The best samples to ask next, with a share of blind, uniformly random audit picks."""
    open_rows = sorted(set(range(len(snapshot.ids))) - snapshot.answered)
    available = np.array(open_rows, dtype=np.int64)
    labeled = np.fromiter(snapshot.labels.keys(), dtype=np.int64, count=len(snapshot.labels))
    pool = Pool(snapshot.features, round_.proba, labeled, available)
    # A cold head is not worth an audit, and a cold start is where good picks save the most.
    cold = round_.head is None or acting_query(DEFAULT_QUERY, pool) != DEFAULT_QUERY
    share = 0.0 if cold else audit_share
    is_audit = rng.random(min(RANKED, len(available))) < share
    # Audits are drawn first: an audit that the query could take away would not be uniform.
    audits = draw_uniformly(pool, int(is_audit.sum()), rng)
    left = replace(pool, available=np.setdiff1d(available, audits.indices))
    picks = QUERIES[query](left, len(is_audit) - len(audits.indices), rng)
    acting = acting_query(query, left)
    places = {True: iter(range(len(audits.indices))), False: iter(range(len(picks.indices)))}
    return tuple(
        _offer(round_, audits, next(places[True]), "audit")
        if audit
        else _offer(round_, picks, next(places[False]), acting)
        for audit in is_audit
    )


def _offer(round_: Round, picks: Picks, position: int, query: str) -> Offer:
    probability = float(picks.acquisition_probability[position])
    why: dict[str, Any] = {
        "score": float(picks.scores[position]),
        "acquisition_probability": None if np.isnan(probability) else probability,
    }
    if query == "audit":
        why["shown"] = False
    return round_.offer(round_.ids[int(picks.indices[position])], query, **why)


class _timed:  # noqa: N801 - reads as a statement
    """Adds the seconds of a block to a dict under a stage's name."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self._seconds, self._stage = seconds, stage

    def __enter__(self) -> None:
        self._begin = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._stage] = time.perf_counter() - self._begin
