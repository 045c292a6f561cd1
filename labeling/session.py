"""The loop: next, answer, undo, status. The one seam between people and models."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labeling.cards import Card, make_card
from labeling.changes import Changes
from labeling.errors import AnswerError, HoneError
from labeling.ingest import Ingest, IngestState
from labeling.learner import Learner
from labeling.project import Project, Settings
from labeling.store import Answer, NewAnswer, Offer
from labeling.threads import share_cores
from labeling.trainer import Report, State, Trainer

if TYPE_CHECKING:
    from labeling.rounds import Round
    from models.backbones import Backbone


@dataclass(frozen=True)
class Status:
    """Where the loop stands; every count is of samples that are in the pool now."""

    version: int
    state: str
    error: str | None
    round_id: int | None
    pinned: bool
    seen: int
    labels: int
    skipped: int
    unsure: int
    total: int
    round_seconds: float | None
    ingest: IngestState
    per_class: dict[int, int]


class Session:
    """One open project with its loop running; safe to use from many threads.

    A `backbone` that is loaded already spares its loading, as scripts with many sessions need.
    """

    def __init__(self, project: Project, backbone: "Backbone | None" = None) -> None:
        self.project = project
        self.store = project.store
        self.ingest = Ingest(project, self._arrived, backbone)
        self.learner = Learner(project, self.ingest, self._answers_now)
        self.trainer = Trainer(self._run_round)
        self._in_background = False
        self._lock = threading.RLock()
        self._current: dict[str, Answer] = self.store.answers.current()
        self._last_answer = self.store.answers.last_id()
        self._ids: list[str] = self.store.samples.ids()
        self._present = frozenset(self._ids)
        self._pool_version = 0
        self.changes = Changes()

    @property
    def round(self) -> "Round | None":
        """The newest finished round, None until one is."""
        return self.learner.round

    # -- life --------------------------------------------------------------------------------

    def start(self) -> None:
        """Scan, embed and train in the background; labeling can begin at once."""
        self._in_background = True
        self.ingest.start()

    def prepare(self) -> None:
        """Scan and embed everything before returning, then rank; for scripts."""
        self.ingest.run()
        if self.ingest.state.error:
            raise HoneError(self.ingest.state.error)
        self.trainer.wait()

    def close(self) -> None:
        """Stop the workers and close the files; nothing is lost."""
        self.ingest.stop()
        self.trainer.stop()
        self.project.close()

    # -- next --------------------------------------------------------------------------------

    def next(
        self, holder: str, count: int, keep: Sequence[str] = (), spare: Sequence[str] = ()
    ) -> list[Card]:
        """The samples to label next, leased to `holder` (one browser tab), best first.

        `keep` names samples that the holder has on screen; they stay leased and are not
        returned again. What is in `spare` stays leased too, but comes back if it is among the
        best. Fewer than `count` come back when the pool runs out.
        """
        round_ = self.round
        kept = [key for key in keep if key in self._present]
        # An answer is on disk a moment before it is in memory; nothing is offered in between.
        with self._lock:
            offers = self.store.leases.claim(
                holder, self._offers(round_, set(kept)), count, kept, spare
            )
        return self._cards(offers, round_)

    def page(
        self,
        holder: str,
        class_id: int,
        count: int,
        *,
        confident: bool = True,
        keep: Sequence[str] = (),
    ) -> list[Card]:
        """Unanswered samples of one predicted class, most (or least) confident first, leased.

        What is in `keep` stays leased and is not returned again.
        """
        round_ = self.round
        if round_ is None or round_.head is None or round_.proba is None:
            return []
        columns = np.flatnonzero(round_.head.classes == class_id)
        if len(columns) == 0:
            return []
        column = int(columns[0])
        rows = np.flatnonzero(round_.proba.argmax(axis=1) == column)
        confidence = round_.proba[rows, column]
        rows = rows[np.argsort(-confidence if confident else confidence, kind="stable")]
        offers = (
            round_.offer(round_.ids[row], "grid")
            for row in rows.tolist()
            if self._is_open(round_.ids[row])
        )
        with self._lock:
            kept = [key for key in keep if key in self._present]
            claimed = self.store.leases.claim(holder, offers, count, kept)
        return self._cards(claimed, round_)

    def predicted_counts(self) -> dict[int, int]:
        """How many unanswered samples the head puts into each class."""
        round_ = self.round
        if round_ is None or round_.head is None or round_.proba is None:
            return {}
        best = round_.proba.argmax(axis=1)
        open_rows = [row for row, key in enumerate(round_.ids) if self._is_open(key)]
        counts = np.bincount(best[open_rows], minlength=len(round_.head.classes))
        return {int(key): int(n) for key, n in zip(round_.head.classes, counts, strict=True)}

    def _is_open(self, sample_id: str) -> bool:
        return sample_id in self._present and sample_id not in self._current

    def _offers(self, round_: "Round | None", keep: set[str]) -> Iterator[Offer]:
        """Every sample that may be shown, best first; drawn only as far as it is needed."""
        seen = set(keep)
        present = self._present
        for offer in round_.ranking if round_ else ():
            if offer.sample_id not in self._current and offer.sample_id in present:
                if offer.sample_id not in seen:
                    yield offer
                seen.add(offer.sample_id)
        settings = self.project.settings()
        rng = np.random.default_rng([settings.seed, self._last_answer])
        left = [key for key in self._ids if key not in self._current and key not in seen]
        for index in rng.permutation(len(left)):
            probability = 1.0 / len(left)
            if round_ is not None and left[index] in round_.rows:
                yield round_.offer(left[index], "random", acquisition_probability=probability)
            else:
                yield Offer(left[index], "unscored", acquisition_probability=probability)
        for key, answer in list(self._current.items()):
            if answer.kind == "skip" and key not in seen and key in present:
                yield round_.offer(key, "skipped") if round_ else Offer(key, "skipped")

    def _cards(self, offers: Sequence[Offer], round_: "Round | None") -> list[Card]:
        samples = self.store.samples.many([offer.sample_id for offer in offers])
        return [make_card(offer, samples[offer.sample_id], round_) for offer in offers]

    # -- answer ------------------------------------------------------------------------------

    def answer(self, annotator: str, answers: Sequence[NewAnswer]) -> dict[str, str]:
        """Commit answers in order and ask for a round; (client id: reason) of those refused.

        When it returns, every answer that was not refused is on disk. Delivering an answer twice
        stores it once.
        """
        with self._lock:
            refused = self._append(annotator, answers)
            self._refresh([answer.sample_id for answer in answers])
        self.trainer.request()
        return refused

    def _append(self, annotator: str, answers: Sequence[NewAnswer]) -> dict[str, str]:
        refused: dict[str, str] = {}
        try:
            self.store.answers.append(annotator, answers)
        except AnswerError:
            for answer in answers:  # one bad answer must not hold up the others
                try:
                    self.store.answers.append(annotator, [answer])
                except AnswerError as error:
                    refused[answer.client_id] = str(error)
        return refused

    def _refresh(self, sample_ids: Sequence[str]) -> None:
        with self._lock:
            current = self.store.answers.current(sample_ids)
            for sample_id in sample_ids:
                self._current.pop(sample_id, None)
            self._current.update(current)
            self._last_answer = self.store.answers.last_id()
            self.changes.bump()

    # -- status ------------------------------------------------------------------------------

    def status(self) -> Status:
        """Counts and states for the screen; cheap enough to ask every second."""
        with self._lock:
            present = self._present
            counted = [one for key, one in self._current.items() if key in present]
        kinds = Counter(answer.kind for answer in counted)
        per_class = Counter(one.class_id for one in counted if one.class_id is not None)
        round_ = self.round
        trained = round_ if round_ is not None and round_.head is not None else None
        return Status(
            version=self.changes.version,
            state=self._state().value,
            error=self.trainer.error or self.ingest.state.error,
            round_id=trained.id if trained else None,
            pinned=self.project.settings().pinned_round is not None,
            seen=trained.seen if trained else 0,
            labels=kinds["label"],
            skipped=kinds["skip"],
            unsure=kinds["unsure"],
            total=len(self._ids),
            round_seconds=sum(trained.seconds.values()) if trained else None,
            ingest=self.ingest.state,
            per_class=dict(per_class),
        )

    def _state(self) -> State:
        if self.trainer.state in (State.IDLE, State.WAITING_FOR_LABELS):
            if self.ingest.state.stage == "failed":
                return State.FAILED
            if self.ingest.state.stage != "done":
                return State.EMBEDDING
        return self.trainer.state

    def leave_out(self, sample_id: str, reason: str) -> None:
        """Take a sample that cannot be shown out of the pool and remember why."""
        self.store.samples.mark_unreadable(sample_id, reason)
        self._ids = self.store.samples.ids()
        self._present = frozenset(self._ids)
        self.changes.bump()

    def labels(self) -> dict[str, Answer]:
        """The answer that counts for each answered sample."""
        with self._lock:
            return dict(self._current)

    def change(self, **values: Any) -> Settings:
        """Change settings and rank anew with them."""
        settings = self.project.change(**values)
        self.trainer.request()
        return settings

    def restore(self, round_id: int) -> None:
        """Bring back the head of an earlier round and keep it until `resume`."""
        if self.store.rounds.get(round_id) is None:
            raise HoneError(f"There is no round {round_id} in this project.")
        self.change(pinned_round=round_id)

    def resume(self) -> None:
        """Let new answers train the head again."""
        self.change(pinned_round=None)

    # -- changes from below ------------------------------------------------------------------

    def _arrived(self) -> None:
        """New samples or embeddings: show them, and rank anew when they change the picture."""
        if self.ingest.pool_version != self._pool_version:
            self._pool_version = self.ingest.pool_version
            with self._lock:
                self._ids = self.store.samples.ids()
                self._present = frozenset(self._ids)
                self._current = self.store.answers.current()
                self._last_answer = self.store.answers.last_id()
        self.changes.bump()
        if self.learner.grown():
            self.trainer.request()

    def _answers_now(self) -> tuple[dict[str, Answer], list[str], int]:
        with self._lock:
            return dict(self._current), self._ids, self._last_answer

    def _run_round(self, report: Report) -> State:
        if self._in_background:
            share_cores()
        state = self.learner.run(report)
        self.changes.bump(ranked=True)
        return state
