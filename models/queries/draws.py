"""Draws: queries that pick at random with known chances."""

import numpy as np
import numpy.typing as npt

from models.pool import Floats, Indices, Picks, Pool
from models.queries.ranking import descending, distinct, largest, size

POWER = 1.0  # β of power margin: 0 is random, large is margin
LEAST_MARGIN = 1e-6  # a saturated probability must not exclude a row

Weights = npt.NDArray[np.float64]


def random(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Uniform draws without replacement; the baseline, and the audit. All scores are 0.

    The chance of draw i from M available rows is 1 / (M - i). Near-duplicates are not delayed:
    the sample must be uniform, so that results measured on it hold for the pool. O(n).
    """
    n = size(pool, n)
    indices = rng.choice(pool.available, n, replace=False)
    left = len(pool.available) - np.arange(n)
    return Picks(
        indices.astype(np.int64), np.zeros(n, dtype=np.float32), (1.0 / left).astype(np.float32)
    )


def power_weights(pool: Pool, rows: Indices) -> Weights:
    """Weight u^β (m,) of `rows`, u = 1 - (p₁ - p₂) at least 1e-6. The pool has scores."""
    assert pool.scores is not None
    margin = pool.scores.margin(rows).astype(np.float64)
    weights: Weights = np.maximum(margin, LEAST_MARGIN) ** POWER
    return weights


def race(weights: Weights, rng: np.random.Generator) -> Weights:
    """Keys (M,): sorted in descending order, they draw by `weights` (M,) > 0, no replacement.

    A key is w / e with e exponential; its logarithm is log w + Gumbel noise.
    """
    # float64: among a million float32 draws the smallest would be ties.
    keys: Weights = weights / rng.standard_exponential(len(weights))
    return keys


def drawn_by(weights: Weights, n: int, rng: np.random.Generator) -> Indices:
    """n ≤ M positions drawn without replacement by `weights` (M,) > 0: a race, fast for small n."""
    sums = np.cumsum(weights)
    hits = np.searchsorted(sums, rng.random(4 * n) * sums[-1], side="right")
    rows, firsts = np.unique(hits, return_index=True)
    if len(rows) < n:  # a few rows have nearly all the weight, or n is most of M
        return largest(race(weights, rng), n, rng)
    drawn: Indices = hits[np.sort(firsts)[:n]].astype(np.int64)
    return drawn


def drawn_probability(weights: Weights, keys: Weights, rows: Indices) -> Floats:
    """The chance (m,) of positions `rows` in their draw: w over the remaining weights."""
    drawn = np.flatnonzero(keys >= keys[rows].min())
    drawn = drawn[np.argsort(-keys[drawn])]
    left = weights.sum() - (np.cumsum(weights[drawn]) - weights[drawn])
    probability = np.zeros(len(weights), dtype=np.float32)
    probability[drawn] = np.minimum(weights[drawn] / np.maximum(left, weights[drawn]), 1.0)
    chosen: Floats = probability[rows]
    return chosen


def power_margin(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Draws without replacement, each row by its margin score to the power β = 1.

    The n largest of β·log u + Gumbel noise, u = 1 - (p₁ - p₂), which is also the score. The
    probability of a draw is u^β over the sum of the remaining rows. A near-duplicate of
    an earlier draw counts as drawn in its draw, but is moved to the end of the batch. The pool
    has scores. O(M).

    Kirsch, Farquhar, Atighehchian, Jesson, Branchaud-Charron, Gal, "Stochastic Batch Acquisition:
    A Simple Baseline for Deep Active Learning", arXiv 2106.12059.
    """
    n = size(pool, n)
    if n == 0:
        return random(pool, 0, rng)
    weights = power_weights(pool, pool.available)
    keys = race(weights, rng)
    rows, scores = distinct(pool, n, descending(pool.available, keys, n, rng))
    place = np.empty(len(pool.features), dtype=np.int64)
    place[pool.available] = np.arange(len(pool.available))
    return Picks(rows, np.log(scores), drawn_probability(weights, keys, place[rows]))


def uniform_chance(pool: Pool, rows: Indices) -> Floats:
    """The chance (m,) of each of `rows` to be the first draw of `random`."""
    return _chance(pool, rows, np.ones(len(rows)), float(len(pool.available)))


def power_chance(pool: Pool, rows: Indices) -> Floats:
    """The chance (m,) of each of `rows` to be the first draw of `power_margin`."""
    total = float(power_weights(pool, pool.available).sum())
    return _chance(pool, rows, power_weights(pool, rows), total)


def _chance(pool: Pool, rows: Indices, weights: Weights, total: float) -> Floats:
    """Weight by total; 0 where a row is not available."""
    available = np.zeros(len(pool.features), dtype=bool)
    available[pool.available] = True
    chance: Floats = np.where(available[rows], weights / max(total, LEAST_MARGIN), 0.0)
    return chance.astype(np.float32)
