"""Pools for tests of queries: features, labels, and a head with its scores."""

from dataclasses import replace

import numpy as np

from models.head import HEADS, Head
from models.pool import Pool
from models.queries import QUERIES, Picks
from models.scoring import Scores
from models.space.space import Space

NOTHING = np.empty(0, dtype=np.int64)


def scores_of(proba: np.ndarray, classes: np.ndarray) -> Scores:
    """The two largest probabilities of each row, by a plain sort."""
    ordered = np.sort(proba, axis=1).astype(np.float32)
    return Scores(classes[proba.argmax(axis=1)], ordered[:, -1].copy(), ordered[:, -2].copy())


def fitted(pool: Pool, strength: float = 1.0) -> Pool:
    """The pool with a head fitted on its labels, and what that says of every row."""
    head = HEADS["logistic"](pool.rows(pool.labeled), pool.labels, strength=strength)
    proba = head.predict_proba(pool.features)
    return replace(pool, head=head, scores=scores_of(proba, head.classes))


def headless(pool: Pool) -> Pool:
    return replace(pool, head=None, scores=None)


def unlabeled(pool: Pool) -> Pool:
    return replace(headless(pool), labeled=NOTHING, labels=NOTHING)


def pool_of(rows: int = 120, width: int = 16, k: int = 4, labels: int = 20, seed: int = 0) -> Pool:
    """Overlapping clusters; five rows are neither labeled nor available."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(rows) % k)
    raw = rng.normal(size=(rows, width)) + 1.5 * np.eye(k, width)[truth]
    features = Space.fit(raw).transform(raw).astype(np.float16)
    order = rng.permutation(rows)
    labeled = np.concatenate([order[:labels], np.array([], dtype=np.int64)])
    ids = 10 + truth[labeled]
    ids[:k] = 10 + np.arange(k)[: len(ids)]  # every class has a label
    return fitted(Pool(features, labeled, ids, order[labels : rows - 5]))


def proba_of(pool: Pool) -> np.ndarray:
    assert pool.head is not None
    return pool.head.predict_proba(pool.features)


class FixedHead:
    """A head that says of one-hot rows what a table says."""

    def __init__(self, proba: np.ndarray) -> None:
        self.classes = np.arange(proba.shape[1])
        self.proba = proba.astype(np.float32)
        self.width, self.strength, self.temperature = len(proba), 1.0, 1.0

    def logits(self, features: object) -> object:
        raise NotImplementedError

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        return self.proba[features.argmax(axis=1)]


def pool_saying(proba: list[list[float]]) -> Pool:
    """Unlabeled, available rows of which a head says what `proba` (N, K) holds."""
    table = np.array(proba, dtype=np.float32)
    rows = len(table)
    head: Head = FixedHead(table)  # type: ignore[assignment]
    features = np.eye(rows, dtype=np.float32)
    scores = scores_of(table, np.arange(table.shape[1]))
    return Pool(features, NOTHING, NOTHING, np.arange(rows), head, scores)


def ask(name: str, pool: Pool, n: int, seed: int = 0) -> Picks:
    return QUERIES[name](pool, n, np.random.default_rng(seed))


def check(picks: Picks, pool: Pool, n: int) -> None:
    """The contract of picks that every query keeps."""
    assert picks.indices.shape == picks.scores.shape == picks.acquisition_probability.shape == (n,)
    assert picks.indices.dtype == np.int64
    assert picks.scores.dtype == picks.acquisition_probability.dtype == np.float32
    assert len(set(picks.indices.tolist())) == n
    assert set(picks.indices.tolist()) <= set(pool.available.tolist())
    assert np.isfinite(picks.scores).all() and (np.diff(picks.scores) <= 0).all()
    known = picks.acquisition_probability[~np.isnan(picks.acquisition_probability)]
    assert len(known) in (0, n)
    assert ((known > 0) & (known <= 1)).all()
