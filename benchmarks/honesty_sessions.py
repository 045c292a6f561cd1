"""Simulated sessions for `benchmarks.honesty`: the asked rows, and the true accuracies.

A session labels a pool as the app does: a cold start, then a query with a tenth of uniform blind
checks. Every estimate needs only the arrays of a session, so that estimates can be
compared on the same sessions.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from benchmarks.contest import Sheet
from benchmarks.sets import EmbeddedSet
from models.queries import DEFAULT_QUERY, QUERIES, acting_query, draw_probability
from models.queries import random as draw_uniformly

HOPELESS = "hopeless"  # a set whose embeddings contain no information about the labels
SHARE = 0.1
BATCH = 10

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Played:
    """One session.

    `asked` (n,) are rows of the sheet in the order of the answers, `audits` which of them were
    uniform, `chance` (n,) their acquisition probability (NaN: unknown), `guessed` the class
    predicted before the answer (-1: none) and `sure` its confidence. `accuracy` (n // BATCH,)
    is the true accuracy after each batch on the rows of the pool without a label.
    """

    images: str
    query: str
    seed: int
    asked: npt.NDArray[np.int64]
    audits: Bools
    chance: Floats
    guessed: npt.NDArray[np.int64]
    sure: Floats
    accuracy: Floats

    def write(self, folder: Path) -> None:
        """Write the session to a file with a unique name."""
        np.savez(self.file(folder, self.images, self.query, self.seed), **vars(self))

    @staticmethod
    def file(folder: Path, images: str, query: str, seed: int) -> Path:
        return folder / f"{images}-{query}-{seed}.npz"

    @classmethod
    def read(cls, file: Path) -> Self:
        """The session written by `write`."""
        with np.load(file) as kept:
            arrays: dict[str, Any] = {name: kept[name] for name in cls.__dataclass_fields__}
        plain = {name: arrays[name].item() for name in ("images", "query", "seed")}
        return cls(**arrays | plain)


def hopeless(like: EmbeddedSet, rng: np.random.Generator) -> EmbeddedSet:
    """A set of the same size and labels whose embeddings are noise."""
    noise = rng.standard_normal((min(len(like.labels), 2000), 128)).astype(np.float16)
    return EmbeddedSet(
        HOPELESS, noise, like.labels[: len(noise)], "noise", noise[:, :0], (), noise[:, :0]
    )


def skewed(like: EmbeddedSet, name: str, ratio: float, noise: float = 0.0) -> EmbeddedSet:
    """A set whose classes fall in size, `ratio`:1 at the end, with noise of so many deviations."""
    rng, kept = np.random.default_rng(1), []
    classes, counts = np.unique(like.labels, return_counts=True)
    for place, one in enumerate(rng.permutation(classes)):
        size = max(3, round(counts.min() * ratio ** (-place / (len(classes) - 1))))
        kept.append(rng.permutation(np.flatnonzero(like.labels == one))[:size])
    rows = np.sort(np.concatenate(kept))
    found = like.embeddings[rows].astype(np.float32)
    scatter = noise * found.std(axis=0) * np.random.default_rng(2).standard_normal(found.shape)
    return replace(
        like,
        name=name,
        embeddings=(found + scatter).astype(np.float16),
        labels=like.labels[rows],
        fingerprint=f"{like.fingerprint} {name}",
        blocks=like.blocks[rows],
        words=like.words[rows],
    )


def play(images: EmbeddedSet, query: str, seed: int, labels: int) -> Played:
    """One session to its end."""
    sheet, rng = Sheet(images, seed), np.random.default_rng([seed, 2])
    audits: list[Bools] = []
    chances: list[Floats] = []
    guessed: list[npt.NDArray[np.int64]] = []
    sure: list[npt.NDArray[Any]] = []
    accuracy: list[float] = []
    while len(sheet.labeled) < labels:
        asked, is_audit, chance = _ask(sheet, query, min(BATCH, labels - len(sheet.labeled)), rng)
        before = sheet.scores
        guessed.append(np.full(len(asked), -1) if before is None else before.best[asked])
        sure.append(np.zeros(len(asked)) if before is None else before.first[asked])
        audits.append(is_audit)
        chances.append(chance)
        sheet.learn(asked, is_audit)
        accuracy.append(true_accuracy(sheet))
    return Played(
        images.name,
        query,
        seed,
        np.array(sheet.labeled),
        np.concatenate(audits),
        np.concatenate(chances),
        np.concatenate(guessed),
        np.concatenate(sure).astype(np.float64),
        np.array(accuracy),
    )


def true_accuracy(sheet: Sheet) -> float:
    """The share of the pool without a label that the head predicts right."""
    left = np.setdiff1d(np.arange(len(sheet.truth)), sheet.labeled)
    if sheet.scores is None:
        return float((sheet.truth[left] == sheet.truth[sheet.labeled[0]]).mean())
    return float((sheet.scores.best[left] == sheet.truth[left]).mean())


def _ask(
    sheet: Sheet, query: str, n: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], Bools, Floats]:
    """Rows to label, which of them are uniform, and the chance of each, ranked as in a round."""
    whole = sheet.pool(sheet.half)
    cold = whole.head is None or acting_query(DEFAULT_QUERY, whole) != DEFAULT_QUERY
    is_audit = rng.random(n) < (0.0 if cold else SHARE)
    audits = draw_uniformly(whole, int(is_audit.sum()), rng).indices
    left = replace(whole, available=np.setdiff1d(whole.available, audits))
    asked = np.empty(n, dtype=np.int64)
    asked[is_audit] = audits
    asked[~is_audit] = QUERIES[query](left, n - len(audits), rng).indices
    chance = None if cold else draw_probability(acting_query(query, left), whole, asked)
    if chance is None:
        return asked, is_audit, np.full(n, np.nan)
    return asked, is_audit, SHARE / len(whole.available) + (1 - SHARE) * chance.astype(np.float64)
