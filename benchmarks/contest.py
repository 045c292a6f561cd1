"""One run of a contest: a strategy asks for labels, batch by batch, and the head is measured.

Every seed draws 85 % of a set as the pool; the other 15 % are held out. A run starts without
labels. All strategies see the same rows, features and head, and use one generator's seed, so
those that start at random have the same first batch.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from benchmarks.peers import PEERS, Pick
from benchmarks.sets import EmbeddedSet
from benchmarks.views import ARMS, PLAIN, make_view
from labeling.settings import Settings
from models.evidence.guard import is_clearly_better
from models.head import Head
from models.pool import Indices, Pool
from models.queries import DEFAULT_QUERY, QUERIES, acting_query
from models.queries import random as draw_uniformly
from models.scoring import Scores

POOL_SHARE = 0.85
ENGINE = ["head/*.py", "queries/*.py", "blocks.py", "pool.py", "scoring.py", "space/*.py"]
ENGINE += ["evidence/guard.py", "evidence/left_out.py"]
SESSION = f"{DEFAULT_QUERY} + blind checks"  # the app's policy: audits count as labels
ON = " on "  # between a query and the features that it and the head see


@dataclass(frozen=True)
class Job:
    """What to run; `file` holds the set's arrays."""

    file: Path
    strategy: str
    seed: int
    labels: int
    batch: int

    @property
    def key(self) -> tuple[str, str, int]:
        return self.file.stem, self.strategy, self.seed


@dataclass(frozen=True)
class Run:
    """The result of a run, at each number of labels.

    `accuracy` is on every image without a label, in the pool or held out; `held_out` only on the
    held out images, from which a strategy cannot take the hard ones away. `seconds` is the time of
    each pick, including the scoring of the pool but not the fit.
    """

    images: str
    samples: int
    classes: int
    strategy: str
    seed: int
    labels: tuple[int, ...]
    accuracy: tuple[float, ...]
    held_out: tuple[float, ...]
    seconds: tuple[float, ...]

    @property
    def key(self) -> tuple[str, str, int]:
        return self.images, self.strategy, self.seed

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The run from fields that went through JSON."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in fields.items()
        }
        return cls(**values)


class Sheet:
    """One seed's pool and held out rows, and the labels of a run so far.

    Of the `views` of an arm, the `view` in use begins as the first; the left-out losses of the
    labels decide on a change.
    """

    def __init__(self, images: EmbeddedSet, seed: int, arm: str = PLAIN) -> None:
        order = np.random.default_rng([seed, 0]).permutation(len(images.labels))
        size = round(POOL_SHARE * len(order))
        pool, held = np.sort(order[:size]), np.sort(order[size:])
        self.views = [make_view(name, images, pool, held) for name in ARMS[arm]]
        self.view = self.views[0]
        self.truth, self.held_truth = images.labels[pool], images.labels[held]
        self.score_seconds = 0.0
        self.labeled: list[int] = []
        self.audits: list[bool] = []

    @property
    def half(self) -> npt.NDArray[np.float16]:
        """The features in use."""
        return self.view.features

    @property
    def head(self) -> Head | None:
        return self.view.head

    @property
    def scores(self) -> Scores | None:
        return self.view.scores

    def pool(self, features: npt.NDArray[Any]) -> Pool:
        """The data that a query may use."""
        labeled = np.array(self.labeled, dtype=np.int64)
        available = np.setdiff1d(np.arange(len(self.truth)), labeled)
        order = np.argsort(labeled)
        labels, view = self.truth[labeled], self.view
        return Pool(
            features,
            labeled[order],
            labels[order],
            available,
            view.head,
            view.scores,
            view.kernel,
        )

    def learn(self, asked: Indices, audits: npt.NDArray[np.bool_]) -> None:
        """Label rows, fit the head, and score the pool."""
        self.labeled.extend(asked.tolist())
        self.audits.extend(audits.tolist())
        labels = self.truth[self.labeled]
        if len(np.unique(labels)) < 2:
            return
        for view in self.views:
            view.fit(self.labeled, labels, np.array(self.audits))
        if len(self.views) > 1:
            self._choose(labels)
        begin = time.perf_counter()
        self.view.score()
        self.score_seconds = time.perf_counter() - begin

    def _choose(self, labels: Indices) -> None:
        """Change the view if another one has clearly smaller left-out losses."""
        losses = {id(view): view.losses(self.labeled, labels) for view in self.views}
        present = losses[id(self.view)]
        for view in self.views:
            if is_clearly_better(losses[id(view)], present):
                self.view, present = view, losses[id(view)]

    def measure(self) -> tuple[float, float]:
        """Accuracy on all rows without a label, and on the held out ones."""
        left = np.setdiff1d(np.arange(len(self.truth)), self.labeled)
        if self.head is None or self.scores is None:
            only = self.truth[self.labeled[0]]
            rest, held = self.truth[left] == only, self.held_truth == only
        else:
            rest = self.scores.best[left] == self.truth[left]
            best = self.head.predict_proba(self.view.held).argmax(axis=1)
            held = self.head.classes[best] == self.held_truth
        return float(np.concatenate([rest, held]).mean()), float(held.mean())


def play(job: Job) -> Run:
    """One run to the end."""
    images = _read(job.file)
    name, _, arm = job.strategy.partition(ON)
    sheet, rng = Sheet(images, job.seed, arm or PLAIN), np.random.default_rng([job.seed, 1])
    pick, ours = _strategy(name, job.seed, images.classes)
    share = Settings().audit_share if name == SESSION else 0.0
    checkpoints, seconds = [], []
    while (done := len(sheet.labeled)) < job.labels:
        pool = sheet.pool(sheet.half if ours else sheet.half.astype(np.float32))
        begin = time.perf_counter()
        asked, audits = _ask(pick, pool, min(job.batch, job.labels - done), share, rng)
        spent = time.perf_counter() - begin
        # The others' queries compute their own predictions.
        seconds.append(spent + sheet.score_seconds if ours else spent)
        sheet.learn(asked, audits)
        checkpoints.append((len(sheet.labeled), *sheet.measure()))
    labels, accuracy, held_out = zip(*checkpoints, strict=True)
    return Run(
        images=images.name,
        samples=len(images.labels),
        classes=images.classes,
        strategy=job.strategy,
        seed=job.seed,
        labels=labels,
        accuracy=accuracy,
        held_out=held_out,
        seconds=tuple(seconds),
    )


def _ask(
    pick: Pick, pool: Pool, n: int, share: float, rng: np.random.Generator
) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Rows to label, and which of them are audits; ranked like those of a round."""
    cold = pool.head is None or acting_query(DEFAULT_QUERY, pool) != DEFAULT_QUERY
    is_audit = np.zeros(n, dtype=bool)
    if share > 0 and not cold:
        is_audit = rng.random(n) < share
    audits = np.empty(0, dtype=np.int64)
    if is_audit.any():
        audits = draw_uniformly(pool, int(is_audit.sum()), rng).indices
        pool = replace(pool, available=np.setdiff1d(pool.available, audits))
    picked = pick(pool, n - len(audits), rng) if len(audits) < n else np.empty(0, dtype=np.int64)
    asked = np.concatenate([audits, picked]).astype(np.int64)
    if len(np.unique(asked)) != n or not np.isin(asked, np.append(pool.available, audits)).all():
        raise RuntimeError(f"{asked} are not the {n} unlabeled rows that were requested")
    return asked, np.arange(n) < len(audits)


def _strategy(name: str, seed: int, classes: int) -> tuple[Pick, bool]:
    """The picking function, and whether it is one of Hone's that reads the scores of the pool."""
    if name in PEERS:
        return PEERS[name](seed, classes), False
    query = QUERIES[DEFAULT_QUERY if name == SESSION else name]
    return (lambda pool, n, rng: query(pool, n, rng).indices), True


@lru_cache(1)
def _read(file: Path) -> EmbeddedSet:
    return EmbeddedSet.read(file)


def engine() -> str:
    """A digest of the code that picks, fits and scores: runs of different code must not mix."""
    digest, models = hashlib.sha256(), Path(__file__).parents[1] / "models"
    for file in sorted(one for pattern in ENGINE for one in models.glob(pattern)):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]
