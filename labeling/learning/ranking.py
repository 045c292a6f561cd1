"""The order in which samples are asked."""

from dataclasses import replace
from typing import Any

import numpy as np

from labeling.learning.snapshot import AUDIT, Indices, Policy, Round
from labeling.store import Offer
from models.pool import Picks, Pool
from models.queries import DEFAULT_QUERY, QUERIES, acting_query, draw_probability
from models.queries import random as draw_uniformly


def rank(
    round_: Round, policy: Policy, rng: np.random.Generator, rows: Indices | None
) -> tuple[Offer, ...]:
    """The best samples to ask next, mixed with a share of blind, uniformly random audits."""
    whole = _pool(round_)
    pool = whole if rows is None else _part(whole, rows)
    # Before the first head there is nothing to audit, and good picks save the most.
    cold = round_.head is None or acting_query(DEFAULT_QUERY, pool) != DEFAULT_QUERY
    share = 0.0 if cold else policy.audit_share
    is_audit = rng.random(min(policy.ranked, len(pool.available))) < share
    # Audits are drawn first: if the query could take samples away, they would not be uniform.
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
    """What the query sees: the whole pool without the answered rows."""
    snapshot = round_.snapshot
    is_open = np.ones(len(snapshot.table), dtype=bool)
    is_open[snapshot.answered] = False
    order = np.argsort(snapshot.rows)  # the ranking must not depend on the order of the answers
    return Pool(
        features=round_.basis.features,
        labeled=snapshot.rows[order],
        labels=snapshot.labels[order],
        available=np.flatnonzero(is_open),
        head=round_.head,
        scores=round_.scores,
        kernel=round_.basis.kernel,
    )


def _part(pool: Pool, rows: Indices) -> Pool:
    """The pool, offering only those of the ascending `rows` that it offered before."""
    places = np.searchsorted(pool.available, rows)
    places = np.minimum(places, len(pool.available) - 1)
    return replace(pool, available=rows[pool.available[places] == rows])


def _mixed(
    audits: Picks, picks: Picks, pool: Pool, query: str, share: float
) -> tuple[Picks, Picks]:
    """Acquisition probabilities of the mixture, if the query has probabilities.

    A slot is an audit with probability `share`. So one of M open rows, which has chance q in the
    query's next draw, has the probability share/M + (1 - share)·q. An importance-weighted estimate
    needs it (Farquhar et al., arXiv 2101.11665). The few slots before it are neglected.
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
    """Ascending `rows` without a few others."""
    places = np.searchsorted(rows, few)
    places = places[places < len(rows)]
    return np.delete(rows, places[np.isin(rows[places], few)])


def _whys(picks: Picks, query: str) -> list[dict[str, Any]]:
    """Why each row was picked, as stored with the answer."""
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
