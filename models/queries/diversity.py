"""Diversity: queries that pick a batch of different rows."""

import numpy as np

from models.pool import Floats, Indices, Picks, Pool
from models.queries.clustering import draw_by, k_means
from models.queries.coverage import after_cold_start
from models.queries.distances import DUPLICATE_DISTANCE, squared_distances, squared_norms
from models.queries.draws import drawn_by, power_weights
from models.queries.ranking import (
    Proposals,
    chained,
    descending,
    largest,
    picks_of,
    shuffled,
    size,
    unscored,
)

CANDIDATES = 4000  # available rows compared with each other
BLOCK_ROWS = 1024
DROP_ROWS = 8000  # available rows predicted with dropout
DROP_PASSES = 3
DROP_SHARE = 0.75


def core_set(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """The available row farthest from all labeled and picked ones, n times (k-center greedy).

    The score is its distance to the nearest of them, in [0, 2]; if there are no such rows, the
    first row is random and scores 2. Compares at most 4,000 random available rows: O((L +
    n)·4000·D).

    Sener, Savarese, "Active Learning for Convolutional Neural Networks: A Core-Set Approach",
    arXiv 1708.00489.
    """
    n = size(pool, n)
    candidates = rng.choice(pool.available, min(len(pool.available), CANDIDATES), replace=False)
    rows = pool.points(candidates)
    nearest = np.full(len(rows), 4.0, dtype=np.float32)  # the largest distance of two unit rows
    for begin in range(0, len(pool.labeled), BLOCK_ROWS):
        block = pool.points(pool.labeled[begin : begin + BLOCK_ROWS])
        np.minimum(nearest, squared_distances(rows, block).min(axis=1), out=nearest)
    chosen, scores = [], []
    for _ in range(min(n, len(rows))):
        best = int(nearest.argmax())  # candidates are in random order, so ties are random
        chosen.append(best)
        scores.append(float(np.sqrt(nearest[best])))
        np.minimum(nearest, squared_distances(rows, rows[best : best + 1])[:, 0], out=nearest)
        nearest[best] = -1.0
    core = (candidates[chosen].astype(np.int64), np.array(scores, dtype=np.float32))
    return picks_of(pool, n, chained([core], shuffled(pool.available, rng)))


@after_cold_start
def badge(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """k-means++ draws on the gradients that the rows would cause if the head were right.

    The gradient of row x is g = (p - e_y) ⊗ x with y the predicted class. The first pick has the
    largest ‖g‖; each next one is drawn by its squared distance to the nearest pick, which is its
    score, capped by the previous scores. Distances come from the factors,
    g·g' = ((p - e_y)·(p' - e_y'))·(x·x'), so no (m, K·D) is formed. Compares at most 4,000
    available rows, half drawn like those of `power_margin` and half at random: O(n·4000·(D + K)).

    Ash, Zhang, Krishnamurthy, Langford, Agarwal, "Deep Batch Active Learning by Diverse, Uncertain
    Gradient Lower Bounds", arXiv 1906.03671.
    """
    n = size(pool, n)
    margin = _margin_filling(pool, n, rng)
    if n == 0:
        return picks_of(pool, n, margin)
    candidates = uncertain_half(pool, rng)
    rows = pool.rows(candidates)
    errors = _errors(pool, rows)
    lengths = squared_norms(rows)
    norms = squared_norms(errors) * lengths
    distances, free = np.full_like(norms, np.inf), np.ones(len(rows), dtype=bool)
    chosen: list[int] = []
    scores: list[float] = []
    while len(chosen) < n and free.any():
        weights = np.where(free, distances, 0.0)
        best = draw_by(weights, free, rng) if chosen else int(norms.argmax())
        chosen.append(best)
        scores.append(float(distances[best] if len(chosen) > 1 else norms[best]))
        products = rows @ rows[best]
        to_best = norms + norms[best] - 2.0 * (errors @ errors[best]) * products
        np.minimum(distances, np.maximum(to_best, 0.0), out=distances)
        free &= lengths + lengths[best] - 2.0 * products >= DUPLICATE_DISTANCE
        free[best] = False
    core = (candidates[chosen].astype(np.int64), np.array(scores, dtype=np.float32))
    return picks_of(pool, n, chained([core], margin))


def _errors(pool: Pool, rows: Floats) -> Floats:
    """p - e_y (m, K) of features (m, D), y the most probable class."""
    assert pool.head is not None
    errors = pool.head.predict_proba(rows)
    errors[np.arange(len(errors)), errors.argmax(axis=1)] -= 1.0
    return errors


def uncertain_half(pool: Pool, rng: np.random.Generator) -> Indices:
    """All available rows in random order, or half drawn by margin score and half at random."""
    rows = pool.available
    if len(rows) <= CANDIDATES:
        return rng.permutation(rows)
    top = rows[drawn_by(power_weights(pool, rows), CANDIDATES // 2, rng)]
    others = rng.choice(rows, CANDIDATES, replace=False)
    return np.concatenate([top, others[~np.isin(others, top)][: CANDIDATES - len(top)]])


@after_cold_start
def dropquery(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Rows whose prediction changes under dropout, one from each of n clusters of them.

    Each row is predicted three times with 75 % of its features dropped; a candidate differs from
    its full prediction in most of these. The candidates nearest to the centres of n clusters are
    picked, the largest cluster first; the score is the cluster's share of the candidates. If there
    are too few candidates, the most uncertain rows follow. Uses at most 8,000 random available
    rows: O(8000·D·K + m·n·D).

    Gupte, Aklilu, Nirschl, Yeung-Levy, "Revisiting Active Learning in the Era of Vision Foundation
    Models", arXiv 2401.14555.
    """
    n = size(pool, n)
    candidates = _unstable(pool, rng)
    margin = _margin_filling(pool, n, rng)
    if n == 0 or len(candidates) == 0:
        return picks_of(pool, n, margin)
    rows = pool.points(candidates)
    centers, assigned = k_means(rows, n, rng)
    counts = np.bincount(assigned, minlength=len(centers))
    distances = squared_norms(rows - centers[assigned])
    chosen = []
    for cluster in largest(counts, int(np.count_nonzero(counts)), rng):
        members = np.flatnonzero(assigned == cluster)
        chosen.append(members[distances[members].argmin()])
    shares = (counts[assigned[chosen]] / len(rows)).astype(np.float32)
    return picks_of(pool, n, chained([(candidates[chosen], shares)], margin))


def _unstable(pool: Pool, rng: np.random.Generator) -> Indices:
    """Available rows, in random order, for which most passes of dropout predict another class."""
    assert pool.head is not None and pool.scores is not None
    looked = rng.choice(pool.available, min(len(pool.available), DROP_ROWS), replace=False)
    unstable = np.zeros(len(looked), dtype=bool)
    for begin in range(0, len(looked), BLOCK_ROWS):
        block = looked[begin : begin + BLOCK_ROWS]
        rows, changes = pool.rows(block), np.zeros(len(block))
        for _ in range(DROP_PASSES):
            kept = rng.random(rows.shape, dtype=np.float32) >= DROP_SHARE
            proba = pool.head.predict_proba(rows * kept / np.float32(1.0 - DROP_SHARE))
            changes += pool.head.classes[proba.argmax(axis=1)] != pool.scores.best[block]
        unstable[begin : begin + len(block)] = changes > DROP_PASSES / 2
    return looked[unstable]


def _margin_filling(pool: Pool, n: int, rng: np.random.Generator) -> Proposals:
    """All available rows, the most uncertain first, with score 0."""
    assert pool.scores is not None
    margin = pool.scores.margin(pool.available)
    return unscored(descending(pool.available, margin, n, rng))
