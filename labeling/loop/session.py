"""The loop: answer, round, next. The one seam between people and models."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from labeling.answers.current import CurrentAnswers
from labeling.embedding.cores import share_cores
from labeling.embedding.ingest import Ingest
from labeling.errors import AnswerError, HoneError
from labeling.evidence.certificates import Certifier
from labeling.evidence.figures import Figures
from labeling.evidence.glance import Glancer
from labeling.learning.learner import Learner
from labeling.learning.mapper import Mapper
from labeling.learning.worker import Newer, Report, State, Worker
from labeling.loop.notifier import Notifier
from labeling.loop.peers import Peers
from labeling.loop.queue import Queue
from labeling.loop.review import Reviews
from labeling.loop.rules import Rules
from labeling.loop.status import Status, state_of
from labeling.project.auto_backup import AutoBackup
from labeling.project.project import Project
from labeling.settings import Settings
from labeling.store import Answer, NewAnswer

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.encoders.encoder import Encoder


class Session:
    """One open project with its loop running; safe to use from many threads.

    `queue` gives the next samples, `figures` the quality of the model, `glancer` a short form of
    it, `reviews` the decisions to check. Scripts with many sessions pass a loaded `backbone` to
    save the time for loading it.
    """

    def __init__(self, project: Project, backbone: "Encoder | None" = None) -> None:
        self.project, self.store = project, project.store
        # First, so that no change by other processes is missed while the rest is read.
        version, since = self.store.log.version(), self.store.pulse()
        self.notifier = Notifier()
        self.ingest = Ingest(project, self._arrived, backbone)
        self.current = CurrentAnswers(self.store, project.settings().overlap)
        self.certifier = Certifier(project, self.current)
        self.mapper = Mapper(project, self.ingest, lambda: self.peers.leads, self._mapped)
        self.learner = Learner(
            project,
            self.ingest,
            self.current.moment,
            self._ranked,
            lambda: self.peers.leads,
            self.mapper.of,
        )
        self.worker = Worker(self._run_round, self.notifier.bump)
        self.rules = Rules(
            self.store, version, self.current, self.certifier, self.worker, self.notifier
        )
        self.queue = Queue(
            project, self.ingest, self.current, self.certifier, self.learner, self.rules
        )
        self.figures = Figures(project, self.learner, self.current)
        self.glancer = Glancer(project, self.figures)
        self.reviews = Reviews(project, self.figures, self.current, self.learner)
        self.peers = Peers(
            project,
            since,
            self.ingest,
            self.current,
            self.certifier,
            self.learner,
            self.worker,
            self.rules,
            self.notifier,
        )
        self.backups = AutoBackup(project, lambda: self.peers.leads)
        self._in_background, self._pool_version = False, 0

    @property
    def round(self) -> "Round | None":
        """The newest finished round, or None before the first."""
        return self.learner.round

    # -- life --------------------------------------------------------------------------------

    def start(self, patience: float = 0.0) -> None:
        """Scan, embed and train in the background; labeling can begin at once.

        Embedding waits for up to `patience` seconds until a board has received the first images.
        If another process leads, it does this work, and this process follows.
        """
        self._in_background = True
        self.peers.start(patience)
        self.backups.start()

    def prepare(self) -> None:
        """Scan and embed everything before returning, then rank; for scripts.

        If another process leads, this one takes over what that process has done so far.
        """
        if self.peers.win():
            self.ingest.run()
            self.mapper.run()
        else:
            self.ingest.follow()
            self.worker.request()
        if self.ingest.state.error:
            raise HoneError(self.ingest.state.error)
        self.worker.wait()

    def close(self) -> None:
        """Stop the workers and close the files; nothing is lost."""
        self.peers.stop()
        self.backups.stop()
        self.ingest.stop()
        self.mapper.stop()
        self.worker.stop()
        self.figures.close()
        self.project.close()

    def look_again(self) -> None:
        """Take in files that are new, changed or gone, and labels that were asked for meanwhile.

        Raises HoneError where another process does that.
        """
        if not self.peers.leads:
            raise HoneError("Another process of Hone prepares them; ask there.")
        self.ingest.again()
        self.notifier.bump()

    # -- answer ------------------------------------------------------------------------------

    def answer(
        self, annotator: str, answers: Sequence[NewAnswer], *, own: bool = False
    ) -> dict[str, str]:
        """Commit answers in order and request a round; returns (client id: reason) of refused ones.

        When it returns, every answer that was not refused is on disk. An answer that is delivered
        twice is stored once. With `own`, each is one person's opinion in addition to others'
        answers.
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
        """The newest stored id, and the reasons why answers were refused."""
        stored, refused = [0], dict[str, str]()
        try:
            stored += self.store.answers.append(annotator, answers, own=own)
        except AnswerError:
            for answer in answers:  # one bad answer must not stop the rest
                try:
                    stored += self.store.answers.append(annotator, [answer], own=own)
                except AnswerError as error:
                    refused[answer.client_id] = str(error)
        return max(stored), refused

    @contextmanager
    def reshaping(self) -> Iterator[None]:
        """A block that changes classes or which answers count; no answer is stored meanwhile."""
        with self.current.lock:
            yield
            self.rules.follow()

    # -- status ------------------------------------------------------------------------------

    def status(self) -> Status:
        """Counts and states for the screen; fast enough to ask every second."""
        self.rules.follow()
        counts = self.current.counts()
        round_ = self.round
        trained = round_ if round_ is not None and round_.head is not None else None
        return Status(
            version=self.notifier.version,
            changed=self.rules.version,
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
            pool=self.ingest.pool_version,
            per_class=counts.per_class,
            moved=trained.moved if trained else None,
        )

    def leave_out(self, sample_id: str, reason: str) -> None:
        """Remove a sample that cannot be shown from the pool and store the reason."""
        self.store.samples.mark_unreadable(sample_id, reason)
        self.current.reload()
        self.notifier.bump()

    def labels(self) -> dict[str, Answer]:
        """The answer that counts for each answered sample."""
        return dict(self.current.moment().answers)

    def change(self, **values: Any) -> Settings:
        """Change settings and rank again with them."""
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
        """New samples or embeddings: show them, and rank again if there are enough of them."""
        if self.ingest.pool_version != self._pool_version:
            self._pool_version = self.ingest.pool_version
            self.current.reload()
        self.notifier.bump()
        if self.learner.grown():
            self.worker.request()
        if self._in_background:
            self.mapper.look()

    def _run_round(self, report: Report, newer: Newer) -> State:
        if self._in_background and self.ingest.cache is not None:  # else torch is not needed yet
            share_cores()
            self.mapper.look()
        return self.learner.run(report, newer, self.worker.gives_way)

    def _mapped(self) -> None:
        """The pool has a map, or more of its rows: a round may learn on it."""
        self.worker.request()

    def _ranked(self) -> None:
        """A round is published: notify the boards at once."""
        self.notifier.bump(ranked=True)
