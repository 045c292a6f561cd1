"""Queries: which samples to ask next. A query sees features and probabilities, never labels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.herding import Floats, Herd, Indices, without
from models.space import require_finite

REFERENCE_ROWS = 1500  # rows of the pool that stand for all of it
SHORTLIST = 400  # candidates weighed against each other, half of them the most uncertain
SMALL_POOL = 2000  # up to here a cold start weighs every available row
MIN_LABELS = 10  # fewer labels, or fewer than classes: uncertainty means little
BLOCK_VALUES = 1 << 20  # probabilities handled at once


@dataclass(frozen=True, eq=False)
class Pool:
    """All that a query may know.

    Attributes
    ----------
    features : (N, D) float32, rows of a Space (length one, or zero).
    proba : (N, K) float32, rows sum to 1; None before the first head.
    labeled : (L,) int64 indices of rows that have a label (not which one).
    available : (M,) int64 distinct indices that may be asked.
    """

    features: Floats
    proba: Floats | None
    labeled: Indices
    available: Indices

    def __post_init__(self) -> None:
        """Check that the parts belong together; every query relies on it."""
        if self.features.ndim != 2:
            raise ValueError(f"features must be (N, D), not {self.features.shape}")
        rows = len(self.features)
        if self.proba is not None and (self.proba.ndim != 2 or len(self.proba) != rows):
            raise ValueError(f"proba {self.proba.shape} does not fit {rows} features")
        for name, indices in (("labeled", self.labeled), ("available", self.available)):
            if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
                raise ValueError(f"{name} must be a row of indices, not {indices.dtype}")
            if len(indices) and not (indices.min() >= 0 and indices.max() < rows):
                raise ValueError(f"{name} names a row outside 0 … {rows - 1}")
        seen = np.zeros(rows, dtype=bool)
        seen[self.available] = True
        if np.count_nonzero(seen) != len(self.available):
            raise ValueError("available names a row twice")


@dataclass(frozen=True, eq=False)
class Picks:
    """Rows to ask, best first.

    Attributes
    ----------
    indices : (n,) int64, distinct, a subset of the pool's available rows.
    scores : (n,) float32, never rising; higher = ask sooner. Comparable within one query only.
    acquisition_probability : (n,) float32 in (0, 1], the chance that a row is drawn in one draw
        from the available rows; NaN where the query has none that an estimator could use.
    """

    indices: Indices
    scores: Floats
    acquisition_probability: Floats


Query = Callable[[Pool, int, np.random.Generator], Picks]
Score = Callable[[Floats], Floats]


def random(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Uniform draws without replacement; the baseline, and the audit. All scores are 0."""
    n = _size(pool, n)
    indices = rng.choice(pool.available, n, replace=False)
    probability = np.full(n, 1.0 / max(1, len(pool.available)), dtype=np.float32)
    return Picks(indices.astype(np.int64), np.zeros(n, dtype=np.float32), probability)


def least_confidence(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Score 1 - p₁ in [0, 1 - 1/K], p₁ the largest probability; random without a head."""
    return _most_uncertain(pool, n, rng, lambda proba: 1.0 - proba.max(axis=1))


def margin(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Score 1 - (p₁ - p₂) in [0, 1], of the two largest probabilities; random without a head."""
    return _most_uncertain(pool, n, rng, _margin_score)


def entropy(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Score -Σ p·log p in [0, log K]; random without a head. Poor with few labels."""
    return _most_uncertain(pool, n, rng, _entropy_score)


def max_herding(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Greedy kernel coverage of the pool, for a cold start.

    Picks the available row x that maximises Σ_r max(0, k(r, x) - coverage(r)), where coverage(r)
    is the largest k between r and a labeled or picked row, and k(r, x) = exp(-‖r - x‖²). See
    `uncertainty_herding` for what is sampled. The score is the gain per reference row, in [0, 1].

    Bae, Noh, Sutherland, "Generalized Coverage for More Robust Low-Budget Active Learning",
    arXiv 2407.12212.
    """
    return _herd(pool, n, rng, None)


def uncertainty_herding(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Greedy kernel coverage of the uncertain part of the pool; the default.

    As `max_herding`, each reference row r weighted by its margin score 1 - (p₁ - p₂). While there
    is no head, or fewer labels than max(10, K), it is `max_herding`.

    The cost does not grow with N: 1,500 random reference rows stand for the pool, and 400
    candidates (the 200 of largest margin score and 200 random ones) are weighed. A cold start
    weighs 400 random rows, or all available rows up to 2,000. Near-duplicates (cosine > 0.98) do
    not share the first 400 picks while others are available. Picks after these are ordered by
    margin score alone.

    Bae, Oliveira, Sutherland, "Uncertainty Herding: One Active Learning Method for All Label
    Budgets", arXiv 2412.20644.
    """
    cold = acting_query("uncertainty_herding", pool) == "max_herding"
    return _herd(pool, n, rng, None if cold else pool.proba)


def acting_query(name: str, pool: Pool) -> str:
    """The query that really picks when `name` is asked: before a head most stand back.

    Without probabilities the uncertainty queries are `random`; Uncertainty Herding is
    `max_herding` then and until there are max(10, K) labels.
    """
    proba = pool.proba
    if name == "uncertainty_herding":
        warm = proba is not None and len(pool.labeled) >= max(MIN_LABELS, proba.shape[1])
        return name if warm else "max_herding"
    if name in ("least_confidence", "margin", "entropy") and proba is None:
        return "random"
    return name


def _size(pool: Pool, n: int) -> int:
    """The number of picks for a wish of n."""
    if n < 0:
        raise ValueError(f"a query picks n ≥ 0 samples, not {n}")
    return min(n, len(pool.available))


def _most_uncertain(pool: Pool, n: int, rng: np.random.Generator, score: Score) -> Picks:
    """The n available rows of largest score."""
    n = _size(pool, n)
    if pool.proba is None:
        return random(pool, n, rng)
    scores = _scored(pool.proba, pool.available, score)
    best = _largest(scores, n, rng)
    return Picks(
        pool.available[best].astype(np.int64), scores[best], np.full(n, np.nan, dtype=np.float32)
    )


def _scored(proba: Floats, rows: Indices, score: Score) -> Floats:
    """Scores (m,) of `rows` (m,), in blocks so that no second proba is held."""
    scores = np.empty(len(rows), dtype=np.float32)
    step = max(1, BLOCK_VALUES // max(1, proba.shape[1]))
    for begin in range(0, len(rows), step):
        scores[begin : begin + step] = score(proba[rows[begin : begin + step]])
    if not np.isfinite(scores).all():
        require_finite("proba", proba)
    return scores


def _margin_score(proba: Floats) -> Floats:
    """1 - (p₁ - p₂) of rows (m, K) that may be overwritten."""
    rows = np.arange(len(proba))
    first = proba.argmax(axis=1)
    largest = proba[rows, first]
    proba[rows, first] = 0.0  # two passes of max beat a partial sort
    result: Floats = 1.0 - (largest - proba.max(axis=1))
    return result


def _entropy_score(proba: Floats) -> Floats:
    """-Σ p·log p of rows (m, K), with 0·log 0 = 0."""
    logs = np.log(np.maximum(proba, np.finfo(np.float32).tiny))
    result: Floats = -np.einsum("mk,mk->m", proba, logs)
    return result


def _largest(scores: Floats, n: int, rng: np.random.Generator) -> Indices:
    """Positions of the n largest scores, largest first; equal ones in random order."""
    order = rng.permutation(len(scores))
    if n < len(scores):
        order = order[np.argpartition(-scores[order], n)[:n]]
    return order[np.argsort(-scores[order], kind="stable")]


def _herd(pool: Pool, n: int, rng: np.random.Generator, proba: Floats | None) -> Picks:
    """Greedy coverage, weighted by the margin score of `proba` where it is given."""
    n = _size(pool, n)
    if n == 0:
        return random(pool, 0, rng)
    rows = len(pool.features)
    reference = rng.choice(rows, min(rows, REFERENCE_ROWS), replace=False)
    weights = np.ones(len(reference), dtype=np.float32)
    if proba is not None:
        weights = _scored(proba, reference, _margin_score)
    herd = Herd(pool.features, reference, weights / np.float32(len(reference)))
    herd.cover(pool.labeled)
    herd.gather(pool.available, min(n, SHORTLIST), lambda rows: _shortlist(rows, proba, rng))
    indices = np.array(herd.picked, dtype=np.int64)
    if n > SHORTLIST:
        rest = without(pool.available, herd.picked)
        order = np.zeros(len(rest), dtype=np.float32)
        if proba is not None:
            order = _scored(proba, rest, _margin_score)
        indices = np.concatenate([indices, rest[_largest(order, n - SHORTLIST, rng)]])
    scores = np.zeros(n, dtype=np.float32)
    # A later shortlist may hold a larger gain than an earlier one left: the order is the truth.
    scores[: len(herd.gains)] = np.minimum.accumulate(np.array(herd.gains, dtype=np.float32))
    return Picks(indices.astype(np.int64), scores, np.full(n, np.nan, dtype=np.float32))


def _shortlist(rows: Indices, proba: Floats | None, rng: np.random.Generator) -> Indices:
    """The candidates among `rows`, in an order that settles ties."""
    if len(rows) <= (SMALL_POOL if proba is None else SHORTLIST):
        return rng.permutation(rows)
    drawn = rng.choice(len(rows), SHORTLIST, replace=False)
    if proba is None:
        return rows[drawn]
    top = _largest(_scored(proba, rows, _margin_score), SHORTLIST // 2, rng)
    others = drawn[~np.isin(drawn, top)][: SHORTLIST - len(top)]
    chosen: Indices = rows[np.concatenate([top, others])]
    return chosen


DEFAULT_QUERY = "uncertainty_herding"
QUERIES: dict[str, Query] = {
    "random": random,
    "least_confidence": least_confidence,
    "margin": margin,
    "entropy": entropy,
    "max_herding": max_herding,
    "uncertainty_herding": uncertainty_herding,
}
