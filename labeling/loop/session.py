"""The loop: next, answer, undo, status. The one seam between people and models."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from labeling.answers.current import CurrentAnswers
from labeling.embedding.cores import share_cores
from labeling.embedding.ingest import Ingest
from labeling.errors import AnswerError, HoneError
from labeling.evidence.certificates import Certifier
from labeling.learning.learner import Learner
from labeling.learning.worker import Newer, Report, State, Worker
from labeling.loop.cards import Card, make_cards
from labeling.loop.fellows import heard, led, take_in
from labeling.loop.notifier import Notifier
from labeling.loop.peers import Peers
from labeling.loop.queue import offers
from labeling.loop.status import Status, state_of
from labeling.project.project import Project
from labeling.settings import Settings
from labeling.store import Answer, NewAnswer, Offer

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.encoders.backbones import Backbone


class Session:
    """One open project with its loop running; safe to use from many threads.

    A `backbone` that is loaded already spares its loading, as scripts with many sessions need.
    """

    def __init__(self, project: Project, backbone: "Backbone | None" = None) -> None:
        self.project, self.store = project, project.store
        # First, so that what others change is heard of while the rest is read.
        self.changed = self.store.log.version()
        self.peers = Peers(self.store, partial(heard, self), partial(led, self))
        self.ingest = Ingest(project, self._arrived, backbone)
        self.current = CurrentAnswers(self.store, project.settings().overlap)
        self.certifier = Certifier(project, self.current)
        self.learner = Learner(
            project, self.ingest, self.current.moment, self._ranked, lambda: self.peers.leads
        )
        self.worker = Worker(self._run_round, self._told)
        self._in_background, self.patience, self._pool_version = False, 0.0, 0
        self.notifier = Notifier()

    @property
    def round(self) -> "Round | None":
        """The newest finished round, None until one is."""
        return self.learner.round

    # -- life --------------------------------------------------------------------------------

    def start(self, patience: float = 0.0) -> None:
        """Scan, embed and train in the background; labeling can begin at once.

        Embedding waits for up to `patience` seconds until somebody has the first images. Where
        another process leads, it does all that, and this one follows.
        """
        self._in_background, self.patience = True, patience
        self.peers.start()

    def prepare(self) -> None:
        """Scan and embed everything before returning, then rank; for scripts.

        Where another process leads, what it has done by now is taken over.
        """
        if self.peers.win():
            self.ingest.run()
        else:
            self.ingest.follow()
            self.worker.request()
        if self.ingest.state.error:
            raise HoneError(self.ingest.state.error)
        self.worker.wait()

    def close(self) -> None:
        """Stop the workers and close the files; nothing is lost."""
        self.peers.stop()
        self.ingest.stop()
        self.worker.stop()
        self.project.close()

    # -- next --------------------------------------------------------------------------------

    def next(
        self,
        holder: str,
        count: int,
        keep: Sequence[str] = (),
        spare: Sequence[str] | None = (),
        annotator: str | None = None,
        drop: Sequence[str] = (),
    ) -> list[Card]:
        """The samples to label next, leased to `holder` (one browser tab), best first.

        Among them are those that others have answered on which `annotator` shall have a say too.

        `keep` names samples that the holder has on screen; they stay leased and are not
        returned again. What is in `spare` stays leased too, but comes back if it is among the
        best; with None, all stays leased but `drop`. Fewer than `count` come at the pool's end.
        """
        self.follow()
        round_ = self.round
        kept = [key for key in keep if key in self.current.sample_index]
        # An answer is on disk a moment before it is in memory, or was given to another process.
        past, seed = self.current.last_answer, self.project.settings().seed
        possible = offers(self.current, self.certifier, round_, set(kept), annotator, seed)
        again = () if spare is None else kept  # what is not looked at any more needs no lease
        most = self.current.fair_share()
        claimed = self.store.leases.claim(holder, possible, count, again, spare, past, drop, most)
        self.ingest.look()
        return self._cards(claimed, round_)

    def hold(
        self, holder: str, sample_ids: Sequence[str], annotator: str | None = None
    ) -> list[str]:
        """Renew the leases of a holder who still looks at these samples; those that are not lost.

        Lost is what has been answered meanwhile, or leased to somebody else.
        """
        past = self.current.last_answer
        open_ = [key for key in sample_ids if self.current.is_open_to(annotator, key)]
        return self.store.leases.hold(holder, open_, past, self.current.fair_share())

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
        self.ingest.look()
        round_, past, most = self.round, self.current.last_answer, self.current.fair_share()
        if round_ is None or round_.scores is None:
            return []
        rows = round_.table.open_rows(self.current)
        merged = [key for key, end in self.store.classes.counts_as().items() if end == class_id]
        rows = rows[np.isin(round_.scores.best[rows], [class_id, *merged])]
        confidence = round_.scores.first[rows]
        rows = rows[np.argsort(-confidence if confident else confidence, kind="stable")]
        ids = (round_.table.id(row) for row in rows.tolist())
        ids = (key for key in ids if not self.current.is_asked_again(key))
        possible = (round_.offer(key, "grid") for key in ids if self.current.is_open(key))
        kept = [key for key in keep if key in self.current.sample_index]
        claimed = self.store.leases.claim(holder, possible, count, kept, past=past, most=most)
        return self._cards(claimed, round_)

    def predicted_counts(self) -> dict[int, int]:
        """How many unanswered samples the head puts into each class."""
        round_ = self.round
        if round_ is None or round_.scores is None:
            return {}
        best = round_.scores.best[round_.table.open_rows(self.current)]
        ends, total = self.store.classes.counts_as(), Counter[int]()
        found, counts = np.unique(best[best >= 0], return_counts=True)
        for key, number in zip(found.tolist(), counts.tolist(), strict=True):
            total[ends.get(key, key)] += number
        return dict(total)

    def _cards(self, claimed: Sequence[Offer], round_: "Round | None") -> list[Card]:
        samples = self.store.samples.many([offer.sample_id for offer in claimed])
        return make_cards(claimed, samples, round_, self.store.classes.counts_as())

    # -- answer ------------------------------------------------------------------------------

    def answer(
        self, annotator: str, answers: Sequence[NewAnswer], *, own: bool = False
    ) -> dict[str, str]:
        """Commit answers in order and ask for a round; (client id: reason) of those refused.

        When it returns, every answer that was not refused is on disk. Delivering an answer twice
        stores it once. With `own`, they are opinions of one of a team beside those of others.
        """
        through, refused = self._append(annotator, answers, own)
        self.current.refresh(through)
        self.certifier.look()
        self.ingest.look()
        self.notifier.bump()
        if self.peers.leads:
            self.worker.request()
        return refused

    def _append(
        self, annotator: str, answers: Sequence[NewAnswer], own: bool
    ) -> tuple[int, dict[str, str]]:
        """The newest id of those that are stored, and the reasons why others are not."""
        stored, refused = [0], dict[str, str]()
        try:
            stored += self.store.answers.append(annotator, answers, own=own)
        except AnswerError:
            for answer in answers:  # one bad answer must not hold up the others
                try:
                    stored += self.store.answers.append(annotator, [answer], own=own)
                except AnswerError as error:
                    refused[answer.client_id] = str(error)
        return max(stored), refused

    @contextmanager
    def reshaping(self) -> Iterator[None]:
        """Classes, or what counts, change in this block: no answer comes between."""
        with self.current.lock:
            yield
            self.follow()

    def follow(self) -> None:
        """Take in what was changed of classes and of what counts, be it by another process."""
        if self.store.log.version() != self.changed:
            take_in(self)

    # -- status ------------------------------------------------------------------------------

    def status(self) -> Status:
        """Counts and states for the screen; cheap enough to ask every second."""
        self.follow()
        counts = self.current.counts()
        round_ = self.round
        trained = round_ if round_ is not None and round_.head is not None else None
        return Status(
            version=self.notifier.version,
            changed=self.changed,
            state=state_of(self.worker.state, self.ingest.state).value,
            error=self.worker.error or self.ingest.state.error,
            round_id=trained.id if trained else None,
            pinned=self.project.settings().pinned_round is not None,
            seen=trained.seen if trained else 0,
            labels=counts.labels,
            skipped=counts.skipped,
            unsure=counts.unsure,
            total=len(self.current.sample_index),
            left_out=self.current.left_out.count,
            left_out_names=self.current.left_out.names,
            round_seconds=sum(trained.seconds.values()) if trained else None,
            complete=trained.complete if trained else True,
            stages=dict(trained.seconds) if trained else {},
            ingest=self.ingest.state,
            per_class=counts.per_class,
        )

    def leave_out(self, sample_id: str, reason: str) -> None:
        """Take a sample that cannot be shown out of the pool and remember why."""
        self.store.samples.mark_unreadable(sample_id, reason)
        self.current.reload()
        self.notifier.bump()

    def labels(self) -> dict[str, Answer]:
        """The answer that counts for each answered sample."""
        return dict(self.current.moment().answers)

    def change(self, **values: Any) -> Settings:
        """Change settings and rank anew with them."""
        settings = self.project.change(**values)
        if settings.overlap != self.current.consensus.overlap:
            self.current.reload(settings.overlap)
        self.worker.request()
        return settings

    def restore(self, round_id: int) -> None:
        """Bring back the head of an earlier round and keep it until `resume`."""
        if self.store.rounds.get(round_id) is None:
            raise HoneError(f"There is no round {round_id} in this project.")
        self.change(pinned_round=round_id)

    def resume(self) -> None:
        """Let new answers train the head again."""
        self.change(pinned_round=None)

    def _arrived(self) -> None:
        """New samples or embeddings: show them, and rank anew when they change the picture."""
        if self.ingest.pool_version != self._pool_version:
            self._pool_version = self.ingest.pool_version
            self.current.reload()
        self.notifier.bump()
        if self.learner.grown():
            self.worker.request()

    def _run_round(self, report: Report, newer: Newer) -> State:
        if self._in_background and self.ingest.cache is not None:  # else torch is not needed yet
            share_cores()
        return self.learner.run(report, newer, self.worker.gives_way)

    def _ranked(self) -> None:
        """A round is out: boards are told at once."""
        self.notifier.bump(ranked=True)

    def _told(self) -> None:
        """The worker has come to rest, perhaps with an error."""
        self.notifier.bump()
