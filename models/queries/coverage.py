"""Coverage: queries that pick rows that represent the pool, or its uncertain part."""

from collections.abc import Callable
from functools import wraps

import numpy as np

from models.pool import Floats, Indices, Picks, Pool
from models.queries.draws import drawn_by, power_weights, random
from models.queries.herding import Herd
from models.queries.ranking import largest, size

REFERENCE_ROWS = 1500  # available rows that represent all; with 500, picks are worse
COVERING = 3_750_000  # labeled × reference rows compared: with many labels, fewer references
SHORTLIST = 400  # candidates compared with each other, half of them the most uncertain
COLD_REFERENCE_ROWS = 3000  # … while coverage is the only criterion
COLD_SHORTLIST = 2000  # candidates of a cold start: with 400, its first ten labels teach less
LARGE_POOL = 100_000  # in larger pools, the most uncertain rows may be copies of one picture
MIN_LABELS = 10  # fewer labels, or fewer than classes: uncertainty means little

Query = Callable[[Pool, int, np.random.Generator], Picks]


def max_herding(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Greedy kernel coverage of the pool, for a cold start.

    Picks the available row x that maximises Σ_r max(0, k(r, x) - coverage(r)), where r are
    available rows, coverage(r) is the largest k between r and a labeled or picked row, and
    k(r, x) = exp(-‖r - x‖²). Of a large pool 3,000 random rows are the reference and 2,000 random
    ones the candidates. The score is the gain per reference row, in [0, 1]. O((2000 + L)·3000·D).

    Bae, Noh, Sutherland, "Generalized Coverage for More Robust Low-Budget Active Learning",
    arXiv 2407.12212.
    """
    return _herd(pool, n, rng, uncertain=False)


def uncertainty_herding(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Greedy kernel coverage of the uncertain part of the pool; the default.

    Like `max_herding`, with each reference row r weighted by its margin score 1 - (p₁ - p₂).
    Without a head, or with fewer labels than max(10, K), it is `max_herding`.

    The cost does not grow with N, except for one pass over the scores: 1,500 random available rows
    (fewer with over 2,500 labels) are the reference, and 400 candidates (the 200 of largest margin
    score and 200 random ones) are compared. In pools of 100,000 available rows or more, the 200 are
    drawn like those of `power_margin`. Near-duplicates (cosine > 0.98) do not share the first 400
    picks while others are available. Later picks are ordered by margin score alone.
    O(M + (400 + L)·1500·D).

    Bae, Oliveira, Sutherland, "Uncertainty Herding: One Active Learning Method for All Label
    Budgets", arXiv 2412.20644.
    """
    return _herd(pool, n, rng, uncertain=is_warm(pool))


def is_warm(pool: Pool) -> bool:
    """Whether the head has enough labels for its uncertainty to be more useful than coverage."""
    return pool.head is not None and len(pool.labeled) >= max(MIN_LABELS, len(pool.head.classes))


def after_cold_start(query: Query) -> Query:
    """The query, or `max_herding` without a head."""

    @wraps(query)
    def stand_back(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
        return (max_herding if pool.head is None else query)(pool, n, rng)

    return stand_back


def _herd(pool: Pool, n: int, rng: np.random.Generator, uncertain: bool) -> Picks:
    """Greedy coverage, weighted by the margin score if the head's uncertainty counts."""
    n = size(pool, n)
    if n == 0:
        return random(pool, 0, rng)
    rows = REFERENCE_ROWS if uncertain else COLD_REFERENCE_ROWS
    standing = min(rows, max(SHORTLIST, COVERING // max(1, len(pool.labeled))))
    reference = rng.choice(pool.available, min(len(pool.available), standing), replace=False)
    margin = _margin if uncertain else _nothing
    weights = _margin(pool, reference) if uncertain else np.ones(len(reference), dtype=np.float32)
    herd = Herd(pool, reference, weights / np.float32(len(reference)))
    herd.cover(pool.labeled)
    herd.gather(min(n, SHORTLIST), lambda rows: shortlist(pool, rows, uncertain, rng))
    indices = np.array(herd.picked, dtype=np.int64)
    if n > SHORTLIST:
        rest = herd.without_picked(pool.available)
        beyond = largest(margin(pool, rest), n - SHORTLIST, rng)
        indices = np.concatenate([indices, rest[beyond]])
    scores = np.zeros(n, dtype=np.float32)
    # A later shortlist may contain a larger gain than an earlier one left: keep the pick order.
    scores[: len(herd.gains)] = np.minimum.accumulate(np.array(herd.gains, dtype=np.float32))
    return Picks(indices, scores, np.full(n, np.nan, dtype=np.float32))


def shortlist(pool: Pool, rows: Indices, uncertain: bool, rng: np.random.Generator) -> Indices:
    """The candidates among `rows`, in an order that breaks ties."""
    count = SHORTLIST if uncertain else COLD_SHORTLIST
    if len(rows) <= count:
        return rng.permutation(rows)
    drawn = rng.choice(rows, count, replace=False)
    if not uncertain:
        return drawn
    if len(rows) < LARGE_POOL:
        top = rows[largest(_margin(pool, rows), SHORTLIST // 2, rng)]
    else:
        top = rows[drawn_by(power_weights(pool, rows), SHORTLIST // 2, rng)]
    others = drawn[~np.isin(drawn, top)][: SHORTLIST - len(top)]
    return np.concatenate([top, others])


def _margin(pool: Pool, rows: Indices) -> Floats:
    assert pool.scores is not None
    return pool.scores.margin(rows)


def _nothing(pool: Pool, rows: Indices) -> Floats:
    return np.zeros(len(rows), dtype=np.float32)
