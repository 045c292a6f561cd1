"""Search: a query that looks for more samples of a class with few labels."""

import numpy as np

from models.pool import Floats, Indices, Picks, Pool
from models.queries.coverage import max_herding
from models.queries.ranking import chained, descending, largest, picks_of, shuffled, size

NEIGHBOURS = 100  # of each labeled sample of the class
POSITIVES = 32  # labeled samples of the class whose neighbours are searched
SEARCHED = 100_000  # available rows compared with these
LIKELY = 1000  # the available rows with the largest probability of the class, added to them
BLOCK_ROWS = 4096


def rare_class(pool: Pool, n: int, rng: np.random.Generator) -> Picks:
    """Likely samples of the class with the fewest labels, from the neighbours of its samples.

    The class has at least one label, and is random among equals. Candidates are the
    100 nearest available rows of each of its labeled rows (at most 32 random ones). They are
    ranked by the head's probability of the class, which is the score; without a head, or if it
    does not know the class, by the cosine to the nearest of these rows. Random rows follow if
    there are too few candidates. Without any label it is `max_herding`.

    In a larger pool, the neighbours are searched in 100,000 random available rows, new ones each
    time, and the 1,000 with the largest probability of the class are added: O(M + 32·100000·D).

    Coleman, Chou, Katz-Samuels, Culatana, Bailis, Berg, Nowak, Sumbaly, Zaharia, Yalniz,
    "Similarity Search for Efficient Active Learning and Search of Rare Concepts", arXiv 2007.00077.
    """
    if len(pool.labeled) == 0:
        return max_herding(pool, n, rng)
    n = size(pool, n)
    classes, counts = np.unique(pool.labels, return_counts=True)
    rarest = int(rng.choice(classes[counts == counts.min()]))
    positives = pool.labeled[pool.labels == rarest]
    positives = rng.choice(positives, min(len(positives), POSITIVES), replace=False)
    searched = pool.available
    if large := len(searched) > SEARCHED:
        searched = rng.choice(searched, SEARCHED, replace=False)
    rows, scores = neighbours(pool, positives, searched)
    if pool.head is not None and rarest in pool.head.classes:
        if large:
            rows = np.union1d(rows, likely(pool, rarest, rng))
        column = int(np.searchsorted(pool.head.classes, rarest))
        scores = pool.head.predict_proba(pool.rows(rows))[:, column]
    ranked = descending(rows, scores, n, rng)
    return picks_of(pool, n, chained(ranked, shuffled(pool.available, rng)))


def likely(pool: Pool, class_id: int, rng: np.random.Generator) -> Indices:
    """The available rows with the largest probability of a class, at most 1,000."""
    assert pool.scores is not None
    rows: Indices = pool.available[pool.scores.best[pool.available] == class_id]
    return rows[largest(pool.scores.first[rows], LIKELY, rng)]


def neighbours(pool: Pool, positives: Indices, searched: Indices) -> tuple[Indices, Floats]:
    """The 100 nearest of `searched` (S,) to each positive (P,), each row once, in pool order.

    Returns rows (m,) int64 and their cosine (m,) float32 in [0, 1] to the nearest positive that
    they are neighbours of; negative ones become 0.
    """
    targets = pool.points(positives)
    near = np.empty((len(positives), 0), dtype=np.int64)
    cosines = np.empty((len(positives), 0), dtype=np.float32)
    for begin in range(0, len(searched), BLOCK_ROWS):
        block = searched[begin : begin + BLOCK_ROWS]
        here = np.broadcast_to(block, (len(positives), len(block)))
        near = np.concatenate([near, here], axis=1)
        cosines = np.concatenate([cosines, targets @ pool.points(block).T], axis=1)
        if near.shape[1] > NEIGHBOURS:
            top = np.argpartition(-cosines, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
            near = np.take_along_axis(near, top, axis=1)
            cosines = np.take_along_axis(cosines, top, axis=1)
    rows, places = np.unique(near, return_inverse=True)
    nearest = np.zeros(len(rows), dtype=np.float32)
    np.maximum.at(nearest, places.ravel(), cosines.ravel())
    return rows, nearest
