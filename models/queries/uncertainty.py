"""Uncertainty: queries that pick the rows of which the head is least sure."""

import numpy as np

from models.pool import Floats, Indices, Picks, Pool
from models.queries.coverage import after_cold_start
from models.queries.ranking import Proposals, descending, largest, picks_of, size

BLOCK_ROWS = 4096  # rows whose probabilities are in memory at once


@after_cold_start
def least_confidence(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Score 1 - p₁ in [0, 1 - 1/K], p₁ the largest probability; O(M)."""
    assert pool.scores is not None
    return _most(pool, n, rng, 1.0 - pool.scores.first[pool.available])


@after_cold_start
def margin(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Score 1 - (p₁ - p₂) in [0, 1], of the two largest probabilities; O(M)."""
    assert pool.scores is not None
    return _most(pool, n, rng, pool.scores.margin(pool.available))


@after_cold_start
def entropy(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Score -Σ p·log p in [0, log K]; poor with few labels.

    Only the two largest probabilities of a row are stored, which bound its entropy from above. Rows
    are predicted again in order of this bound until no other can be among the best: O(M), and
    O(m·D·K) for the m ≤ M rows predicted.
    """
    n = size(pool, n)
    return picks_of(pool, n, _by_entropy(pool, n, rng))


def _by_entropy(pool: Pool, n: int, rng: np.random.Generator) -> Proposals:
    """Yield the available rows by falling entropy, as soon as their position is certain."""
    rows, scores = pool.available[:0], np.empty(0, dtype=np.float32)
    bounds = entropy_bounds(pool, pool.available)
    for window, limits in descending(pool.available, bounds, n, rng):
        rows = np.concatenate([rows, window])
        scores = np.concatenate([scores, entropies(pool, window)])
        order = largest(scores, len(scores), rng)
        sure = int(np.count_nonzero(scores >= limits[-1]))
        yield rows[order[:sure]], scores[order[:sure]]
        rows, scores = rows[order[sure:]], scores[order[sure:]]
    yield rows, scores


def entropy_bounds(pool: Pool, rows: Indices) -> Floats:
    """The largest entropy (m,) that two probabilities allow: with all others equal."""
    assert pool.head is not None and pool.scores is not None
    first, second = pool.scores.first[rows], pool.scores.second[rows]
    others = max(1, len(pool.head.classes) - 2)
    rest = np.maximum(1.0 - first - second, 0.0) / others
    bounds: Floats = _surprise(first) + _surprise(second) + others * _surprise(rest)
    return bounds


def _surprise(proba: Floats) -> Floats:
    """-p·log p, 0 where p is 0."""
    result: Floats = -proba * np.log(np.maximum(proba, np.finfo(np.float32).tiny))
    return result


def entropies(pool: Pool, rows: Indices) -> Floats:
    """-Σ p·log p (m,) of `rows` (m,), with 0·log 0 = 0; the pool has a head."""
    assert pool.head is not None
    result = np.empty(len(rows), dtype=np.float32)
    for begin in range(0, len(rows), BLOCK_ROWS):
        block = rows[begin : begin + BLOCK_ROWS]
        proba = pool.head.predict_proba(pool.rows(block))
        result[begin : begin + len(block)] = _surprise(proba).sum(axis=1)
    return result


def _most(pool: Pool, n: int, rng: np.random.Generator, scores: Floats) -> Picks:
    """The available rows with the largest score (M,)."""
    n = size(pool, n)
    return picks_of(pool, n, descending(pool.available, scores, n, rng))
