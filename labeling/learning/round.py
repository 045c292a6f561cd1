"""A round: one fitted head with everything derived from it."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from labeling.learning.basis import Basis
from labeling.learning.moved import Moved
from labeling.learning.ranking import rank
from labeling.learning.snapshot import Indices, Policy, Round, Snapshot
from labeling.learning.table import Table
from labeling.learning.worker import State
from models.head import HEADS, Head
from models.scoring import Scores

Report = Callable[[State], None]
Stop = Callable[[], bool]


def never() -> bool:
    """No newer work waits."""
    return False


def compute(
    snapshot: Snapshot,
    policy: Policy,
    rng: np.random.Generator,
    *,
    basis: Basis | None = None,
    round_id: int,
    device: str = "cpu",
    previous: Round | None = None,
    warm: bool = False,
    frozen: tuple[Head, int] | None = None,
    rows: Indices | None = None,
    report: Report = lambda state: None,
    stop: Stop = never,
) -> Round:
    """Fit, score and rank; with fewer than two labeled classes only rank, without a head.

    The head is fitted on the features of `basis`, by default the encoder's own.
    A `frozen` head (a stored one, with the number of labels it has seen) is used instead of a new
    fit. With `rows`, only these are scored and asked: the round is incomplete, and the other rows
    keep the scores of the `previous` round. With `warm`, the fit starts at the previous head. The
    same snapshot and generator give the same round. Raises Cancelled if `stop` returns true while
    the head is fitted.
    """
    basis, seconds = basis or snapshot.table.own, dict[str, float]()
    head, seen = frozen or (None, len(snapshot.labels))
    if head is None and snapshot.can_teach:
        report(State.FITTING)
        with _timed(seconds, "fit"):
            start = _start(previous, basis) if warm else None
            head = _fit(snapshot, basis, policy, start, device, stop)
    scores, scored = None, None
    if head is not None:
        report(State.SCORING)
        with _timed(seconds, "score"):
            scores, scored = _score(snapshot.table, basis, head, previous, rows)
    round_ = Round(
        id=None if head is None else round_id,
        snapshot=snapshot,
        basis=basis,
        head=head,
        scores=scores,
        seen=seen,
        complete=scored is None,
        seconds=seconds,
    )
    round_ = replace(round_, moved=_moved(round_, previous))
    with _timed(seconds, "rank"):
        return replace(round_, ranking=rank(round_, policy, rng, scored))


def sweep(round_: Round, policy: Policy, rng: np.random.Generator, stop: Stop) -> Round | None:
    """The complete round: every row scored and ranked again; None if stopped before."""
    assert round_.head is not None and round_.scores is not None
    scores, seconds = round_.scores.copy(), dict(round_.seconds)
    with _timed(seconds, "sweep"):
        if not round_.basis.scorer.score(round_.head, scores, stop=stop):
            return None
        whole = replace(round_, scores=scores, complete=True, seconds=seconds)
        if (part := round_.moved) is not None:
            # The rows that were left out still had the guesses of the round before.
            late = _changed(whole, round_.scores)
            whole = replace(whole, moved=Moved(part.guesses + late, part.labels))
        return replace(whole, ranking=rank(whole, policy, rng, None))


def _start(previous: Round | None, basis: Basis) -> Head | None:
    """The previous head, if it is on the same kind of features."""
    if previous is None or previous.basis.map_digest != basis.map_digest:
        return None
    return previous.head


def _fit(
    snapshot: Snapshot, basis: Basis, policy: Policy, start: Head | None, device: str, stop: Stop
) -> Head:
    return HEADS[policy.head](
        basis.features[snapshot.rows],
        snapshot.labels,
        audits=snapshot.audits,
        certainty=snapshot.certainty,
        start=start,
        device=device,
        stop=stop,
    )


def _score(
    table: Table, basis: Basis, head: Head, previous: Round | None, rows: Indices | None
) -> tuple[Scores, Indices | None]:
    """Scores, and the rows whose scores are up to date (None: all)."""
    if rows is None:
        scores = Scores.empty(len(table))
    elif previous is not None and previous.table is table and previous.scores is not None:
        scores = previous.scores.copy()
    else:
        scores = Scores.empty(len(table))
    basis.scorer.score(head, scores, rows)
    return scores, rows


def _moved(round_: Round, previous: Round | None) -> Moved | None:
    """What a round has changed, if its rows, features and classes are those of the previous one."""
    if round_.scores is None or previous is None or previous.scores is None:
        return None
    now, then = round_.snapshot, previous.snapshot
    if now.table is not then.table or now.changed != then.changed:
        return None
    if round_.basis is not previous.basis:
        return None  # other features moved them, not the labels
    return Moved(_changed(round_, previous.scores), round_.seen - previous.seen)


def _changed(round_: Round, before: Scores) -> int:
    """The number of open rows, scored before, whose likeliest class is another one now."""
    assert round_.scores is not None
    differs = (round_.scores.best != before.best) & (before.best >= 0)
    differs[round_.snapshot.answered] = False
    return int(np.count_nonzero(differs))


class _timed:  # noqa: N801 - reads as a statement
    """Adds the seconds of a block to a dict under a stage's name."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self._seconds, self._stage = seconds, stage

    def __enter__(self) -> None:
        self._begin = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._stage] = time.perf_counter() - self._begin
