"""The model's side of the loop: from the answers so far to the newest round."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labeling.errors import HoneError
from labeling.ingest import Ingest
from labeling.project import Project, Settings
from labeling.store import Answer, RoundRecord
from labeling.trainer import Report, State

if TYPE_CHECKING:
    from labeling.rounds import Round, Snapshot
    from models.head import LinearHead

WARM_START = 1000  # below, a cold fit is as fast, and the same answers give the same bits
GROWTH = 1.1  # the pool is centred anew when a tenth has been added to it

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Answers = Callable[[], tuple[Mapping[str, Answer], Sequence[str], int]]


class Learner:
    """Computes rounds one after another; `round` is always the newest finished one.

    `answers` gives (current answers by sample, ids of the pool, last answer id) at one moment.
    """

    def __init__(self, project: Project, ingest: Ingest, answers: Answers) -> None:
        self._project = project
        self._ingest = ingest
        self._answers = answers
        self._centered: tuple[Rows, Floats] | None = None
        self._features: tuple[Rows, Floats, Floats] | None = None
        self.round: Round | None = None

    def grown(self) -> bool:
        """Whether so many embeddings are new that the pool should be ranked anew."""
        cache = self._ingest.cache
        rows = len(cache) if cache is not None else 0
        ranked = len(self.round.ids) if self.round is not None else 0
        return rows > 0 and (rows >= ranked * GROWTH or self._ingest.state.stage == "done")

    def run(self, report: Report) -> State:
        """One turn of the trainer: snapshot, compute, keep, publish by one assignment."""
        from labeling.rounds import compute  # torch, which the first screen must not wait for

        settings = self._project.settings()
        answers, pool, through = self._answers()
        rows, ids = self._rows(pool)
        if len(ids) == 0:
            return State.WAITING_FOR_LABELS
        # An archived class is not learned: it could be predicted, but not be chosen.
        classes = {one.id for one in self._project.store.classes.all()}
        labels = {
            row: answer.class_id
            for row, key in enumerate(ids)
            if (answer := answers.get(key)) is not None
            and answer.class_id is not None
            and answer.class_id in classes
        }
        kept = self._kept(settings, through, len(labels))
        snapshot = self._snapshot(rows, ids, labels, answers, through, kept)
        previous = self.round
        round_ = compute(
            snapshot,
            round_id=kept[0].id if kept else self._project.store.rounds.next_id(),
            query=settings.query,
            audit_share=settings.audit_share,
            rng=np.random.default_rng([settings.seed, through]),
            device=self._ingest.device,
            previous=previous.head if previous and len(labels) >= WARM_START else None,
            frozen=(kept[1], kept[0].metrics["labels"]) if kept else None,
            report=report,
        )
        if round_.head is not None and kept is None:
            self._keep(round_, settings)
        self.round = round_
        return State.IDLE if round_.head is not None else State.WAITING_FOR_LABELS

    def _rows(self, pool: Sequence[str]) -> tuple[Rows, list[str]]:
        """Rows of the cache that belong to the pool, and their sample ids."""
        cache = self._ingest.cache
        if cache is None or len(pool) == 0:
            return np.empty(0, dtype=np.int64), []
        rows = cache.rows(pool)
        present = np.flatnonzero(rows >= 0)
        return rows[present], [pool[index] for index in present.tolist()]

    def _snapshot(
        self,
        rows: Rows,
        ids: list[str],
        labels: dict[int, int],
        answers: Mapping[str, Answer],
        through: int,
        kept: "tuple[RoundRecord, LinearHead, Floats] | None",
    ) -> "Snapshot":
        from labeling.rounds import Snapshot
        from models.space import Space

        center = kept[2] if kept is not None else self._center(rows)
        return Snapshot(
            ids=ids,
            space=Space(center),
            features=self._transformed(rows, center),
            labels=labels,
            answered=frozenset(row for row, key in enumerate(ids) if key in answers),
            through=through,
        )

    def _center(self, rows: Rows) -> Floats:
        """The pool's centre: near enough while the pool grows, exact once it is whole."""
        from models.space import Space

        settled = self._ingest.state.stage == "done"
        if self._centered is not None:
            fitted, center = self._centered
            if np.array_equal(fitted, rows) or (not settled and len(rows) < len(fitted) * GROWTH):
                return center
        center = Space.fit(self._embeddings(rows)).center
        self._centered = (rows, center)
        return center

    def _transformed(self, rows: Rows, center: Floats) -> Floats:
        """Features of these rows, computed anew only when the rows or the centre are others."""
        from models.space import Space

        if self._features is not None:
            known, used, features = self._features
            if np.array_equal(known, rows) and np.array_equal(used, center):
                return features
        features = Space(center).transform(self._embeddings(rows))
        self._features = (rows, center, features)
        return features

    def _embeddings(self, rows: Rows) -> npt.NDArray[np.float16]:
        cache = self._ingest.cache
        assert cache is not None  # _rows found some
        return cache.matrix()[rows]

    def _kept(
        self, settings: Settings, through: int, labels: int
    ) -> "tuple[RoundRecord, LinearHead, Floats] | None":
        """A stored head to use instead of a new fit: the pinned one, or one that is up to date."""
        from models.head_file import DamagedHeadError, load_head

        rounds = self._project.store.rounds
        pinned = settings.pinned_round is not None
        record = rounds.get(settings.pinned_round) if pinned else rounds.latest()
        cache = self._ingest.cache
        if record is None or cache is None:
            return None
        if record.backbone != cache.fingerprint:
            if pinned:
                raise HoneError(
                    f"Round {record.id} belongs to the backbone {record.backbone}; choose that "
                    "backbone, or resume training."
                )
            return None
        if not pinned and (record.through, record.metrics.get("labels")) != (through, labels):
            return None
        try:
            head, center = load_head(self._project.heads / record.head)
        except (OSError, DamagedHeadError) as error:
            if pinned:
                raise HoneError(
                    f"Round {record.id} cannot be restored ({error}); resume training instead."
                ) from error
            return None  # a new fit replaces it
        return record, head, center

    def _keep(self, round_: "Round", settings: Settings) -> None:
        """Store a finished round: first its head, then the fact that it exists."""
        from models.head_file import save_head

        assert round_.head is not None and round_.id is not None and self._ingest.cache is not None
        self._project.heads.mkdir(exist_ok=True)
        name = f"{round_.id:06d}.npz"
        save_head(self._project.heads / name, round_.head, round_.space.center)
        self._project.store.rounds.add(
            RoundRecord(
                id=round_.id,
                at=time.time(),
                through=round_.through,
                backbone=self._ingest.cache.fingerprint,
                query=settings.query,
                head=name,
                metrics=_metrics(round_),
                seconds={stage: round(value, 5) for stage, value in round_.seconds.items()},
            )
        )


def _metrics(round_: "Round") -> dict[str, Any]:
    """What is worth remembering of a round: sizes, and how sure it is of what has no label."""
    assert round_.head is not None and round_.proba is not None
    open_rows = np.setdiff1d(np.arange(len(round_.ids)), list(round_.labels))
    confidence = round_.proba[open_rows].max(axis=1) if len(open_rows) else np.ones(1)
    return {
        "labels": len(round_.labels),
        "classes": len(round_.head.classes),
        "embedded": len(round_.ids),
        "mean_confidence": round(float(confidence.mean()), 4),
    }
