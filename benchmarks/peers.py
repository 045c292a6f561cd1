"""Other libraries' queries behind one call, so that they compete with the same head.

Each is used as its documentation does, with its defaults unless a comment says otherwise. What
needs a fitted head to begin draws its first batch at random. All get the features of `Space`,
which are rows of length one, as their authors advise. They are looked up by name when they are
used: none is needed to run Hone.
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
    """Our head as the estimator that modAL and small-text ask for; it is fitted already."""

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
    """Our head as the classifier that scikit-activeml asks for."""
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
    """Class ids (N,), NaN where a row has no label, as scikit-activeml wants it."""
    targets = np.full(len(pool.features), np.nan)
    targets[pool.labeled] = pool.labels
    return targets


def _activeml(name: str, *, headless: bool = False, **options: Any) -> Callable[[int, int], Pick]:
    """A query of scikit-activeml; a `headless` one sees features and labels alone."""

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
    """A query of small-text, which takes any array for its data."""

    def make(seed: int, classes: int) -> Pick:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GreedyCoreset warns of an older version's default
            strategy = getattr(import_module("small_text"), name)()

        def pick(pool: Pool, n: int, rng: np.random.Generator) -> Indices:
            np.random.seed(int(rng.integers(2**32)))  # it knows no generator
            given: dict[str, Any] = {}
            if embeddings:  # in the order of the rows it works on
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
    """Draw at random while there is no head, as `random` would with the same generator."""

    def begin(pool: Pool, n: int, rng: np.random.Generator) -> Indices:
        if pool.head is None:
            return QUERIES["random"](pool, n, rng).indices
        return pick(pool, n, rng)

    return begin


LIBRARIES = {"scikit-activeml": "skactiveml", "small-text": "small_text", "modAL": "modAL"}
# Name -> (seed, number of classes) -> what picks in one run.
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


# More than a second a query on 6,800 rows.
SLOW = tuple(
    f"scikit-activeml {name}" for name in ("Badge", "DropQuery", "TypiClust", "MaxHerding")
)


def installed() -> tuple[dict[str, Callable[[int, int], Pick]], list[str]]:
    """The peers whose library is there, and the names of the libraries that are not."""
    missing = [name for name, module in LIBRARIES.items() if find_spec(module) is None]
    return {name: make for name, make in PEERS.items() if name.split()[0] not in missing}, missing
