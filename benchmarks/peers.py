"""Other libraries' queries with one interface, so that they compete with the same head.

Each is used as documented, with its defaults unless a comment says otherwise. A query that
needs a fitted head draws its first batch at random. All get the features of `Space`,
which are rows of length one, as their authors recommend. They are imported when they are
used: Hone itself needs none of them.
"""

import warnings
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from models.pool import Indices, Pool
from models.queries import QUERIES

Pick = Callable[[Pool, int, np.random.Generator], Indices]
Features = npt.NDArray[Any]


class FittedHead:
    """Hone's head as the estimator that modAL and small-text need; it is already fitted."""

    def __init__(self, pool: Pool) -> None:
        assert pool.head is not None
        self.head = pool.head
        self.classes_ = pool.head.classes

    def fit(self, *_: Any, **__: Any) -> "FittedHead":
        return self

    def predict_proba(self, features: Features) -> npt.NDArray[np.float32]:
        return self.head.predict_proba(np.asarray(features, dtype=np.float32))


@lru_cache(1)
def _classifier() -> Any:
    """Hone's head as the classifier that scikit-activeml needs."""
    base: Any = import_module("skactiveml.base").SkactivemlClassifier

    class Classifier(base):  # type: ignore[misc]
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:  # noqa: N803
            return self

        def predict_proba(self, X: Features) -> npt.NDArray[np.float32]:  # noqa: N803
            proba: npt.NDArray[np.float32] = self.head.predict_proba(X.astype(np.float32))
            return proba

        def predict(self, X: Features) -> npt.NDArray[np.int64]:  # noqa: N803
            best: npt.NDArray[np.int64] = self.head.classes[self.predict_proba(X).argmax(axis=1)]
            return best

    return Classifier


def _targets(pool: Pool) -> npt.NDArray[np.float64]:
    """Class ids (N,), NaN for rows without a label, as scikit-activeml needs them."""
    targets = np.full(len(pool.features), np.nan)
    targets[pool.labeled] = pool.labels
    return targets


def _activeml(name: str, *, headless: bool = False, **options: Any) -> Callable[[int, int], Pick]:
    """A query of scikit-activeml; a `headless` one uses only features and labels."""

    def make(seed: int, classes: int) -> Pick:
        if name == "ProbCover":  # its radius is chosen by a clustering into that many
            options["n_classes"] = classes
        strategy = getattr(import_module("skactiveml.pool"), name)(random_state=seed, **options)

        def pick(pool: Pool, n: int, rng: np.random.Generator) -> Indices:
            given: dict[str, Any] = {"candidates": pool.available, "batch_size": n}
            if not headless:
                head = _classifier()(classes=pool.head.classes if pool.head else None)
                head.head = pool.head
                given |= {"clf": head, "fit_clf": False}
            return np.asarray(strategy.query(pool.features, _targets(pool), **given))

        return pick if headless else _random_first(pick)

    return make


def _small_text(name: str, *, embeddings: bool = False) -> Callable[[int, int], Pick]:
    """A query of small-text, which takes any array as its data."""

    def make(seed: int, classes: int) -> Pick:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GreedyCoreset warns about an older version's default
            strategy = getattr(import_module("small_text"), name)()

        def pick(pool: Pool, n: int, rng: np.random.Generator) -> Indices:
            np.random.seed(int(rng.integers(2**32)))  # it takes no generator
            given: dict[str, Any] = {}
            if embeddings:  # in the order of the rows that it uses
                given["embeddings"] = pool.features[np.concatenate([pool.available, pool.labeled])]
            rows = pool.available, pool.labeled, pool.labels
            return np.asarray(strategy.query(FittedHead(pool), pool.features, *rows, n, **given))

        return _random_first(pick)

    return make


def _modal(module: str, name: str) -> Callable[[int, int], Pick]:
    """A query of modAL."""

    def make(seed: int, classes: int) -> Pick:
        query = getattr(import_module(module), name)
        learner = import_module("modAL.models").ActiveLearner

        def pick(pool: Pool, n: int, rng: np.random.Generator) -> Indices:
            active = learner(
                estimator=FittedHead(pool),
                query_strategy=query,
                X_training=pool.features[pool.labeled],
                y_training=pool.labels,
            )
            rows, _ = active.query(pool.features[pool.available], n_instances=n)
            return np.asarray(pool.available[rows])

        return _random_first(pick)

    return make


def _random_first(pick: Pick) -> Pick:
    """Draw at random without a head, like `random` with the same generator."""

    def begin(pool: Pool, n: int, rng: np.random.Generator) -> Indices:
        if pool.head is None:
            return QUERIES["random"](pool, n, rng).indices
        return pick(pool, n, rng)

    return begin


LIBRARIES = {"scikit-activeml": "skactiveml", "small-text": "small_text", "modAL": "modAL"}
# Name -> (seed, number of classes) -> the picking function of one run.
PEERS: dict[str, Callable[[int, int], Pick]] = {
    "scikit-activeml margin": _activeml("UncertaintySampling", method="margin_sampling"),
    "scikit-activeml Badge": _activeml("Badge"),
    "scikit-activeml DropQuery": _activeml("DropQuery"),
    "scikit-activeml TypiClust": _activeml("TypiClust", headless=True),
    "scikit-activeml ProbCover": _activeml("ProbCover", headless=True),
    "scikit-activeml MaxHerding": _activeml("MaxHerding", headless=True),
    "small-text BreakingTies": _small_text("BreakingTies"),
    "small-text EmbeddingKMeans": _small_text("EmbeddingKMeans", embeddings=True),
    "small-text GreedyCoreset": _small_text("GreedyCoreset", embeddings=True),
    "modAL margin": _modal("modAL.uncertainty", "margin_sampling"),
    "modAL uncertainty batch": _modal("modAL.batch", "uncertainty_batch_sampling"),
}


# Over a second per query on 6,800 rows.
SLOW = tuple(
    f"scikit-activeml {name}" for name in ("Badge", "DropQuery", "TypiClust", "MaxHerding")
)


def installed() -> tuple[dict[str, Callable[[int, int], Pick]], list[str]]:
    """The installed peers, and the names of the missing libraries."""
    missing = [name for name, module in LIBRARIES.items() if find_spec(module) is None]
    return {name: make for name, make in PEERS.items() if name.split()[0] not in missing}, missing
