"""Running certificates: their next draws, the state of the proof, and what may be accepted."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labeling.answers.current import CurrentAnswers
from labeling.errors import HoneError
from labeling.project.project import Project
from labeling.store import Certificate, Draw, Offer
from labeling.store.certificates import ABANDONED, ACCEPT, ACCURACY, PROVEN
from labeling.store.provenance import CERTIFICATE

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.evidence.acceptance import Proposal

Indices = npt.NDArray[np.int64]

FIRST_ALPHA, LATER_ALPHA = 0.04, 0.005  # of the first try, and of the second; all stay below 0.05
MOST_DRAWS = 1000  # of a certificate of accuracy; nobody labels more for it
FEWEST = 30  # a certificate needs this many unanswered images


@dataclass(frozen=True)
class Standing:
    """The state of a certificate after the answers so far.

    `drawn` samples have been answered; the frozen head predicted `right` of them right. `value` is
    proven so far: the least accuracy of the set, or the largest share of wrong ones among the
    `left` that would be accepted. `proven` says whether that is enough.
    """

    certificate: Certificate
    drawn: int
    right: int
    left: int
    value: float
    proven: bool


class Certifier:
    """Begins certificates, offers their draws, and accepts or takes back their pre-labels."""

    def __init__(self, project: Project, current: CurrentAnswers) -> None:
        self._project = project
        self._store = project.store
        self._current = current
        self._lock = threading.Lock()
        self._draws: dict[int, list[Draw]] = {}
        self._running = self._find()

    @property
    def running(self) -> Certificate | None:
        """The certificate whose draws are shown now, if any."""
        return self._running

    # -- beginning ---------------------------------------------------------------------------

    def begin_accuracy(self, round_: "Round | None", share: float, guess: float) -> Certificate:
        """Freeze a round's head and begin to prove that it has at least `share` right.

        `guess` is the expected accuracy: a good guess makes the proof shorter, and a bad one does
        not make it less valid.
        """
        from models.evidence.certificate import Bet

        rows = self._open_rows(round_)
        assert round_ is not None
        rng = self._rng()
        drawn = rng.permutation(rows)[:MOST_DRAWS]
        return self._begin(ACCURACY, round_, drawn, len(rows), share, Bet.around(guess))

    def begin_accept(
        self, round_: "Round | None", proposal: "Proposal", bound: float
    ) -> Certificate:
        """Freeze a set of pre-labels and begin to prove that at most `bound` of it is wrong.

        The proposal's rows are places in `open_rows` of the same round.
        """
        from models.evidence.acceptance import SMALLEST, audit_bet

        rows = self._open_rows(round_)[proposal.rows]
        if len(rows) < SMALLEST:
            raise HoneError(
                f"Only {len(rows)} pre-labels are sure enough for that bound; allow more error, "
                "or go on labeling first."
            )
        assert round_ is not None
        drawn = self._rng().permutation(rows)
        return self._begin(ACCEPT, round_, drawn, len(rows), bound, audit_bet(proposal.error))

    def open_rows(self, round_: "Round") -> Indices:
        """Rows of a round's table that are in the pool and have no answer now, ascending."""
        return round_.table.open_rows(self._current)

    def _open_rows(self, round_: "Round | None") -> Indices:
        if self._running is not None:
            raise HoneError("A certificate is running; finish it or give it up first.")
        if round_ is None or round_.scores is None or round_.id is None or not round_.complete:
            raise HoneError("There is no finished round yet; label a few samples of two classes.")
        rows = self.open_rows(round_)
        if len(rows) < FEWEST:
            raise HoneError(f"Only {len(rows)} samples have no answer; label them instead.")
        return rows

    def _rng(self) -> np.random.Generator:
        """A random order; nothing on screen reveals it in advance."""
        return np.random.default_rng()

    def alpha(self, kind: str) -> float:
        """The chance of a false proof that the next certificate may have.

        Trying again after each failure would succeed by luck at some time. So all tries of one kind
        since the last proof share 5 %: 4 % the first, 0.5 % the second, half of that the next.
        """
        tries = 0
        for one in reversed(self._store.certificates.all()):
            if one.kind != kind or one.end is None:
                continue
            if one.end != ABANDONED:
                break
            tries += 1
        return FIRST_ALPHA if tries == 0 else LATER_ALPHA * 0.5 ** (tries - 1)

    def _begin(
        self, kind: str, round_: "Round", rows: Indices, size: int, claim: float, bet: object
    ) -> Certificate:
        assert round_.scores is not None and round_.id is not None
        store = self._store.certificates
        draws = [
            Draw(
                position,
                round_.table.id(row),
                int(round_.scores.best[row]),
                float(round_.scores.first[row]),
            )
            for position, row in enumerate(rows.tolist())
        ]
        certificate = Certificate(
            id=store.next_id(),
            at=time.time(),
            kind=kind,
            round_id=round_.id,
            size=size,
            claim=claim,
            alpha=self.alpha(kind),
            bet=dict(vars(bet)),
        )
        with self._lock:
            store.add(certificate, draws)
            self._running = certificate
        return certificate

    # -- drawing -----------------------------------------------------------------------------

    def offers(self) -> Iterator[Offer]:
        """The next draws of the running certificate that have no answer, in their order."""
        running = self._running
        return iter(()) if running is None else self._open(running)

    def _open(self, certificate: Certificate) -> Iterator[Offer]:
        for draw in self.draws(certificate):
            if self._current.is_open(draw.sample_id):
                yield Offer(
                    draw.sample_id,
                    CERTIFICATE,
                    round_id=certificate.round_id,
                    predicted_class=draw.predicted_class,
                    predicted_confidence=draw.predicted_confidence,
                    shown=False,
                )

    def draws(self, certificate: Certificate) -> list[Draw]:
        """The samples of a certificate in the order of their draws, read once."""
        if certificate.id not in self._draws:
            self._draws[certificate.id] = self._store.certificates.draws(certificate.id)
        return self._draws[certificate.id]

    def standing(self, certificate: Certificate) -> Standing:
        """What the answers prove so far; fast enough to compute after every answer."""
        from models.evidence.acceptance import judge
        from models.evidence.certificate import Bet, bounds

        right = self._right(certificate)
        bet = Bet(**certificate.bet)
        if certificate.kind == ACCEPT:
            found = judge(right, certificate.size, certificate.claim, bet, certificate.alpha)
            return Standing(
                certificate, len(right), int(right.sum()), found.left, found.error, found.passed
            )
        low = bounds(right, certificate.size, bet, certificate.alpha).low / certificate.size
        left = certificate.size - len(right)
        proven = low >= certificate.claim - 1e-9
        return Standing(certificate, len(right), int(right.sum()), left, low, proven)

    def _right(self, certificate: Certificate) -> npt.NDArray[np.bool_]:
        """Whether each draw was predicted right, up to the first unanswered one.

        A skipped or unsure draw counts as wrong, since it may be wrong.
        """
        right: list[bool] = []
        current = self._current.answers
        for draw in self.draws(certificate):
            answer = current.get(draw.sample_id)
            if answer is None or answer.certificate_id is not None:
                break
            right.append(answer.class_id == draw.predicted_class)
        return np.array(right, dtype=bool)

    def ahead(self, certificate: Certificate) -> int:
        """The number of answered draws that do not count yet, because an earlier one is open."""
        draws = self.draws(certificate)[len(self._right(certificate)) :]
        answers = (self._current.answers.get(draw.sample_id) for draw in draws)
        return sum(answer is not None and answer.certificate_id is None for answer in answers)

    def look(self) -> None:
        """After an answer: close a certificate of accuracy that is proven or fully drawn."""
        running = self._running
        if running is None:
            return
        standing = self.standing(running)
        if standing.proven:
            self._end(standing, PROVEN)
        elif standing.drawn >= min(running.size, len(self.draws(running))):
            self._end(standing, ABANDONED)

    def give_up(self) -> None:
        """Stop drawing; the labels stay."""
        if self._running is not None:
            self._end(self.standing(self._running), ABANDONED)

    def _end(self, standing: Standing, end: str) -> None:
        result = {
            "drawn": standing.drawn,
            "right": standing.right,
            "left": standing.left,
            "value": standing.value,
        }
        with self._lock:
            self._store.certificates.end(standing.certificate.id, end, result)
            self._running = None

    def reload(self) -> None:
        """Read again: another process may have begun or ended one, or a class change voided it."""
        with self._lock:
            self._draws.clear()
            self._running = self._find()

    def _find(self) -> Certificate | None:
        """The certificate that was running when the project was closed."""
        found = [one for one in self._store.certificates.all() if one.end is None]
        return found[-1] if found else None

    # -- accepting ---------------------------------------------------------------------------

    def to_accept(self, certificate: Certificate) -> list[Offer]:
        """The samples of a proven certificate that may be accepted: those without an answer."""
        if certificate.kind != ACCEPT or certificate.end != PROVEN:
            raise HoneError("Only a proven certificate of acceptance allows that.")
        if certificate.voided is not None:
            raise HoneError("The certificate is void since its classes changed; begin another.")
        offers = list(self._open(certificate))
        wrong = certificate.result["value"] * certificate.result["left"]
        if wrong > certificate.claim * len(offers) + 1e-9:
            raise HoneError(
                "Since the proof, so much of the set was labeled by hand that the bound does not "
                "hold for the rest; begin another certificate."
            )
        return offers
