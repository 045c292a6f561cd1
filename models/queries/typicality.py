"""Typicality: a query that picks the densest row of each unlabeled part of the pool."""

import numpy as np

from models.pool import Floats, Indices, Picks, Pool
from models.queries.clustering import k_means
from models.queries.distances import squared_distances
from models.queries.ranking import chained, picks_of, shuffled, size

CANDIDATES = 3000  # available rows to cluster, and at most as many labeled ones
MAX_CLUSTERS = 500
SPARE = 2  # proposed rows per pick: some may be near-duplicates of others
MIN_CLUSTER = 6  # rows; smaller clusters are outliers
NEIGHBOURS = 20
BLOCK_ROWS = 1024
LEAST_DISTANCE = 1e-5  # identical rows are typical, but not infinitely


def typiclust(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """The most typical row of each of n clusters that have the fewest labels; needs no head.

    Labeled and available rows form L + n clusters (500 at most). Those with the fewest labels
    come first, larger ones before smaller, and those of at most 5 rows are used only if there
    are no larger ones. Each gives the available row of largest 1 / mean distance to its 20 nearest
    neighbours (at most half the cluster) among the cluster's available rows; if there are too few
    clusters, each gives its next row. The score of the i-th proposal is 1 - i/2n: typicality cannot
    be compared between clusters. Uses at most 3,000 random available rows and as many labeled ones:
    O(10·6000·(L + n)·D).

    Hacohen, Dekel, Weinshall, "Active Learning on a Budget: Opposite Strategies Suit High and Low
    Budgets", arXiv 2202.02794.
    """
    n = size(pool, n)
    filling = shuffled(pool.available, rng)
    if n == 0:
        return picks_of(pool, n, filling)
    open_rows = _part(pool.available, rng)
    known = _part(pool.labeled, rng)
    rows = pool.points(np.concatenate([open_rows, known]))
    clusters = min(len(pool.labeled) + n, MAX_CLUSTERS)
    _, assigned = k_means(rows, clusters, rng)
    members = _uncovered_first(assigned, len(open_rows), rng)
    chosen: list[int] = []
    for turn in range(max((len(cluster) for cluster in members), default=0)):
        for place, cluster in enumerate(members[: SPARE * n - len(chosen)]):
            if turn == 0:
                order = np.argsort(-typicality(rows[cluster]), kind="stable")
                members[place] = cluster[order]
            if turn < len(cluster):
                chosen.append(int(members[place][turn]))
    scores = 1.0 - np.arange(len(chosen), dtype=np.float32) / np.float32(SPARE * n)
    return picks_of(pool, n, chained([(open_rows[chosen], scores)], filling))


def typicality(rows: Floats) -> Floats:
    """1 / mean distance (m,) of each of m rows to its min(20, m / 2) nearest others."""
    count = min(NEIGHBOURS, max(1, len(rows) // 2))
    result = np.ones(len(rows), dtype=np.float32)
    if len(rows) == 1:
        return result
    for begin in range(0, len(rows), BLOCK_ROWS):
        block = rows[begin : begin + BLOCK_ROWS]
        distances = squared_distances(block, rows)
        distances[np.arange(len(block)), np.arange(begin, begin + len(block))] = np.inf
        nearest = np.partition(distances, count - 1, axis=1)[:, :count]
        result[begin : begin + len(block)] = 1.0 / (np.sqrt(nearest).mean(axis=1) + LEAST_DISTANCE)
    return result


def _uncovered_first(assigned: Indices, available: int, rng: np.random.Generator) -> list[Indices]:
    """The available members of each cluster, those with few labels first, then the large ones.

    `assigned` (m,) has the available rows first; equal clusters and members are in random order.
    """
    sizes = np.bincount(assigned)
    labels = sizes - np.bincount(assigned[:available], minlength=len(sizes))
    used = np.flatnonzero(sizes - labels)
    typical = used[sizes[used] >= MIN_CLUSTER]
    used = typical if len(typical) else used
    order = used[np.lexsort((rng.random(len(used)), -sizes[used], labels[used]))]
    mixed = rng.permutation(available)
    return [mixed[assigned[mixed] == cluster].astype(np.int64) for cluster in order]


def _part(rows: Indices, rng: np.random.Generator) -> Indices:
    """At most 3,000 of `rows`."""
    return rng.choice(rows, CANDIDATES, replace=False) if len(rows) > CANDIDATES else rows
