"""How good the newest round is, computed once for each round."""

from collections.abc import Iterable
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING

from labeling.answers.current import CurrentAnswers
from labeling.errors import StorageError
from labeling.evidence.curve import Curve, measure
from labeling.evidence.gathering import Evidence, gather
from labeling.evidence.suspects import FEWEST, Suspect, confirmed, suspects
from labeling.learning.learner import Learner
from labeling.project.project import Project

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.evidence.ridge_loo import LeaveOneOut

SLOW_GROWTH = 1.1  # heads without a closed form are judged again after 10 % more labels


class Figures:
    """Keeps the newest evidence, and the slow figures computed from it."""

    def __init__(self, project: Project, learner: Learner, current: CurrentAnswers) -> None:
        self._store, self._learner, self._current = project.store, learner, current
        self._lock = Lock()
        # Separate locks: other figures do not wait for a Review or a curve.
        self._judging, self._measuring, self._starting = Lock(), Lock(), Lock()
        self._evidence: Evidence | None = None
        self._gathering: Thread | None = None
        self._judged: tuple[Evidence, LeaveOneOut] | None = None
        self._curve: Curve | None = None

    def evidence(self) -> Evidence | None:
        """Evidence on the newest complete round, or None before the first head."""
        round_ = self._learner.round
        if round_ is None or round_.head is None or round_.id is None or round_.scores is None:
            return None
        with self._lock:
            known = self._evidence
            if known is not None and not _is_news(known, round_):
                return known
            answers, certificates = self._current.moment().answers, self._store.certificates.all()
            found = gather(round_, answers, certificates)
            if found is not None:
                self._evidence = found
            return found

    def latest(self, patience: float) -> Evidence | None:
        """The evidence as `evidence` gives it, or an older one if that takes more seconds.

        The work goes on in the background, for the next call.
        """
        round_ = self._learner.round
        if round_ is None or round_.head is None:
            return None
        known = self._evidence
        if known is not None and not _is_news(known, round_):
            return known
        with self._starting:
            thread = self._gathering
            if thread is None or not thread.is_alive():
                thread = Thread(target=self._gather, name="evidence", daemon=True)
                self._gathering = thread
                thread.start()
        thread.join(patience)
        return self._evidence

    def _gather(self) -> None:
        with suppress(StorageError):  # the next call tries again
            self.evidence()

    def close(self) -> None:
        """Wait for the work in the background."""
        if self._gathering is not None:
            self._gathering.join()

    def judged(self, evidence: Evidence) -> "LeaveOneOut | None":
        """A ridge's prediction for each label from all other labels; takes seconds for thousands.

        None if the newest round has other embeddings than the evidence.
        """
        from models.evidence.ridge_loo import leave_one_out

        round_ = self._learner.round
        with self._judging:
            if self._judged is not None and self._judged[0] is evidence:
                return self._judged[1]
            if round_ is None or max(evidence.rows) >= len(round_.table):
                return None
            found = leave_one_out(round_.table.features[evidence.rows], evidence.labels)
            self._judged = (evidence, found)
            return found

    def suspects(self, evidence: Evidence, settled: Iterable[str] | None = None) -> list[Suspect]:
        """Labels that are probably wrong; empty if too few labels could contradict each other.

        `settled` are the samples whose label was confirmed, if that is known already.
        """
        if len(evidence.rows) < FEWEST or (judged := self.judged(evidence)) is None:
            return []
        if settled is None:
            settled = confirmed(self._store.answers.standing())
        return suspects(evidence, judged, self._current.moment().answers, settled)

    def curve(self, evidence: Evidence) -> Curve:
        """The learning curve as of the evidence; it takes a second or more."""
        round_ = self._learner.round
        assert round_ is not None
        with self._measuring:
            if self._curve is None or self._curve.round_id != evidence.round_id:
                self._curve = measure(round_, evidence)
            return self._curve


def _is_news(known: Evidence, round_: "Round") -> bool:
    """Whether evidence on a round adds enough to be worth its cost."""
    if (known.round_id, known.through) == (round_.id, round_.snapshot.through):
        return False
    if known.changed != round_.snapshot.changed:
        return True
    from models.head.linear import LinearHead

    return isinstance(round_.head, LinearHead) or (
        len(round_.snapshot.rows) >= SLOW_GROWTH * len(known.rows)
        or len(round_.snapshot.rows) < len(known.rows)
    )
