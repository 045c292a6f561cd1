"""The model's side of the loop: from the answers so far to the newest round."""

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labeling.answers.current import Moment
from labeling.embedding.ingest import Ingest
from labeling.errors import HoneError
from labeling.learning.feature_choice import FeatureChoice
from labeling.learning.head_choice import HeadChoice
from labeling.learning.training_set import take_snapshot, teaches
from labeling.learning.worker import Newer, Report, State
from labeling.project.project import Project
from labeling.settings import Settings
from labeling.store import RoundRecord
from models.head import Cancelled, Head

if TYPE_CHECKING:
    from labeling.learning.basis import Basis
    from labeling.learning.snapshot import Policy, Round
    from labeling.learning.table import Table, Tables
    from models.scoring import Rotation

WARM_START = 1000  # below, a cold fit is as fast, and the same answers give the same bits
GROWTH = 1.1  # the pool is ranked again when it has grown by a tenth
EAGER = 65_536  # up to this many rows, all rows are scored before the next ranking
WINDOW = 50_000  # in a larger pool, this many rows in turn, and …
UNCERTAIN = 5_000  # … those that the previous round was least sure of; the rest when idle

AUTO, ALWAYS = "auto", "always"
PARTS = "parts"  # in a round's metrics: the number of parts of its features
MAP, CHOICE = "map", "features"  # in a round's metrics: its map's digest, and the choice then

Floats = npt.NDArray[np.float32]
Kept = tuple[RoundRecord, "Head", Floats]


class Learner:
    """Computes rounds one after another; `round` is always the newest finished one.

    `moment` gives the current state of the answers and the pool; `published` is called after each
    new round. If another process `leads`, this one takes over its rounds: their heads score and
    rank the same pool here. `mapped` gives a table's features on the map of the pool, if there is
    one.
    """

    def __init__(
        self,
        project: Project,
        ingest: Ingest,
        moment: Callable[[], Moment],
        published: Callable[[], None] = lambda: None,
        leads: Callable[[], bool] = lambda: True,
        mapped: "Callable[[Table], Basis | None]" = lambda table: None,
    ) -> None:
        self._project = project
        self._ingest = ingest
        self._mapped = mapped
        self._moment = moment
        self._publish, self._leads = published, leads
        self._tables: Tables | None = None
        self._rotation: tuple[Table, Rotation] | None = None
        self._choice = HeadChoice()
        newest = project.store.rounds.latest()
        stored = newest.metrics.get(CHOICE) if newest is not None else None
        self._feature_choice = FeatureChoice(**(stored or {}))
        self.round: Round | None = None

    def grown(self) -> bool:
        """Whether enough embeddings are new to rank the pool again."""
        cache = self._ingest.cache
        rows = len(cache) if cache is not None else 0
        ranked = len(self.round.table) if self.round is not None else 0
        return rows > 0 and (rows >= ranked * GROWTH or self._ingest.state.stage == "done")

    def on_map_since(self) -> RoundRecord | None:
        """The first of the newest rounds that were all learned on a map of the pool."""
        since = None
        for record in reversed(self._project.store.rounds.all()):
            if MAP not in record.metrics:
                break
            since = record
        return since

    def run(self, report: Report, newer: Newer, gives_way: Newer = lambda: False) -> State:
        """One turn of the worker: snapshot, compute, keep, publish by one assignment.

        A fit stops when the run `gives_way`; less urgent work stops for any `newer` answer.
        """
        if self._ingest.cache is None:
            return State.WAITING_FOR_LABELS  # and for embeddings: torch is not needed yet
        from labeling.learning.round import compute

        settings, moment = self._project.settings(), self._moment()
        classes = {one.id for one in self._project.store.classes.all()}
        kept = self._kept(settings, moment, classes)
        table = self._table(moment, kept)
        if table is None:
            return State.WAITING_FOR_LABELS
        snapshot = take_snapshot(table, moment, classes)
        basis, kept = self._basis(table, kept, settings)
        if kept is None and not self._leads() and snapshot.can_teach:
            return State.WAITING_FOR_LABELS  # the leading process is fitting the first head
        try:
            round_ = compute(
                snapshot,
                self._policy(settings),
                np.random.default_rng([settings.seed, moment.last_answer]),
                basis=basis,
                round_id=kept[0].id if kept else self._project.store.rounds.next_id(),
                device=self._ingest.device,
                previous=self.round,
                warm=len(snapshot.labels) >= WARM_START,
                frozen=(kept[1], kept[0].metrics["labels"]) if kept else None,
                rows=self._part(table, basis),
                report=report,
                stop=gives_way,
            )
        except Cancelled:
            return State.FITTING
        if round_.head is not None and kept is None and not self._keep(round_, settings):
            return State.FITTING  # another process leads now
        self.round = round_
        self._publish()
        self._complete(round_, settings, newer)
        if self._choose(round_, settings, newer):
            return self.run(report, newer, gives_way)  # not only with the next answer
        return State.IDLE if round_.head is not None else State.WAITING_FOR_LABELS

    def _choose(self, round_: "Round", settings: Settings, newer: Newer) -> bool:
        """Let the labels choose features and head of the next rounds; whether other features."""
        if settings.pinned_round or self._ingest.busy or not self._leads():
            return False
        before = self._feature_choice.on_map
        mapped, device = self._mapped(round_.table), self._ingest.device
        if settings.pool_map == AUTO and mapped is not None:
            self._feature_choice.compare(round_.snapshot, mapped, device, newer)
        if settings.head == AUTO:
            self._choice.compare(round_.snapshot, round_.basis, device, newer)
        return self._feature_choice.on_map is not before

    def _basis(
        self, table: "Table", kept: Kept | None, settings: Settings
    ) -> "tuple[Basis, Kept | None]":
        """The features of the next round, and the stored head if it is on them."""
        mapped = self._mapped(table)
        wants = settings.pool_map == ALWAYS or (
            settings.pool_map == AUTO and self._feature_choice.on_map
        )
        wanted = mapped if mapped is not None and wants else table.own
        if kept is None:
            return wanted, None
        of_kept = kept[0].metrics.get(MAP, "")
        is_pinned = settings.pinned_round is not None
        if is_pinned or not self._leads():  # then the head is what counts
            wanted = next(
                (one for one in (mapped, table.own) if one and one.map_digest == of_kept), wanted
            )
        if wanted.map_digest == of_kept:
            return wanted, kept
        if is_pinned:
            raise HoneError(
                f"Round {kept[0].id} was learned on a map of your samples that another one has "
                "replaced since; resume training instead."
            )
        return wanted, None

    def _complete(self, round_: "Round", settings: Settings, newer: Newer) -> None:
        """Score the rows that a round of a large pool left out, unless newer work waits."""
        from labeling.learning.round import sweep

        if not round_.complete:
            rng = np.random.default_rng([settings.seed, round_.snapshot.through, 1])
            if (whole := sweep(round_, self._policy(settings), rng, newer)) is not None:
                self.round = whole
                self._publish()

    def _policy(self, settings: Settings) -> "Policy":
        from labeling.learning.snapshot import RANKED, Policy

        head = self._choice.winner if settings.head == AUTO else settings.head
        # Samples that others hold cannot be offered: the more there are, the longer the ranking.
        ranked = RANKED + self._project.store.leases.held()
        return Policy(head, settings.query, settings.audit_share, ranked)

    def _table(self, moment: Moment, kept: Kept | None) -> "Table | None":
        from labeling.learning.table import Tables

        if self._tables is None:
            self._tables = Tables(self._ingest)
        return self._tables.newest(moment.sample_index, kept[2] if kept else None)

    def _part(self, table: "Table", basis: "Basis") -> npt.NDArray[np.int64] | None:
        """The rows of a large pool to score before the next ranking; None means all."""
        from models.scoring import Rotation, most_uncertain

        if len(table) <= EAGER or basis.scorer.resident:
            return None
        if self._rotation is None or self._rotation[0] is not table:
            rng = np.random.default_rng(self._project.settings().seed)
            self._rotation = (table, Rotation(len(table), rng))
        rows = self._rotation[1].take(WINDOW)
        before = self.round
        if before is None or before.table is not table or before.scores is None:
            return rows
        return np.union1d(rows, most_uncertain(before.scores, None, UNCERTAIN))

    def _kept(self, settings: Settings, moment: Moment, classes: set[int]) -> Kept | None:
        """A stored head to use instead of a new fit: the pinned one, or an up-to-date one."""
        from models.head.head_file import DamagedHeadError, load_head

        rounds, cache = self._project.store.rounds, self._ingest.cache
        pinned = settings.pinned_round is not None
        # Later the newest round is never up to date: only an answer starts a new turn.
        record = rounds.get(settings.pinned_round) if pinned else rounds.latest()
        if record is None or cache is None:
            return None
        if record.backbone != cache.fingerprint:
            if pinned:
                raise HoneError(
                    f"Round {record.id} belongs to the backbone {record.backbone}; choose that "
                    "backbone, or resume training."
                )
            return None
        if record.metrics.get(PARTS, 1) != max(1, len(self._ingest.parts)):
            return None  # an earlier version has put all parts into one space
        if not pinned and self._leads() and not self._is_up_to_date(record, moment, classes):
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

    def _is_up_to_date(self, record: RoundRecord, moment: Moment, classes: set[int]) -> bool:
        cache = self._ingest.cache
        if cache is None or record.through != moment.last_answer:
            return False
        if record.metrics.get("changed", 0) != moment.changed:
            return False
        labeled = [key for key, answer in moment.answers.items() if teaches(answer, classes)]
        embedded = (cache.rows(labeled) >= 0) & (moment.sample_index.places(labeled) >= 0)
        return record.metrics.get("labels") == np.count_nonzero(embedded)

    def _keep(self, round_: "Round", settings: Settings) -> bool:
        """Store a finished round: first its head, then the fact that it exists.

        False if another process has stored a round of that number, so no two write the same file.
        """
        from models.head.head_file import save_head

        assert round_.head is not None and round_.id is not None and self._ingest.cache is not None
        begin = time.perf_counter()
        self._project.heads.mkdir(exist_ok=True)
        name = f"{round_.id:06d}-{secrets.token_hex(3)}.npz"
        save_head(
            self._project.heads / name,
            round_.head,
            round_.table.space.center,
            map_digest=round_.basis.map_digest,
        )
        record = RoundRecord(
            id=round_.id,
            at=time.time(),
            through=round_.snapshot.through,
            backbone=self._ingest.cache.fingerprint,
            query=settings.query,
            head=name,
            metrics=_metrics(round_),
            seconds={stage: round(value, 5) for stage, value in round_.seconds.items()},
        )
        if self._feature_choice.compared:
            record.metrics[CHOICE] = self._feature_choice.state
        if not self._project.store.rounds.add(record):
            (self._project.heads / name).unlink(missing_ok=True)
            return False
        round_.seconds["keep"] = time.perf_counter() - begin
        return True


def _metrics(round_: "Round") -> dict[str, Any]:
    """What the store keeps of a round: sizes, and how sure it is of unlabeled samples."""
    assert round_.head is not None and round_.scores is not None
    is_open = round_.scores.best >= 0
    is_open[round_.snapshot.rows] = False
    confidence = round_.scores.first[is_open]
    return {
        "labels": len(round_.snapshot.labels),
        "classes": len(round_.head.classes),
        "embedded": len(round_.table),
        "temperature": round(round_.head.temperature, 3),
        "strength": round_.head.strength,
        "changed": round_.snapshot.changed,
        "mean_confidence": round(float(confidence.mean()), 4) if len(confidence) else 1.0,
        **({MAP: round_.basis.map_digest} if round_.basis.map_digest else {}),
        **({PARTS: parts} if (parts := len(round_.table.space.spaces)) > 1 else {}),
    }
