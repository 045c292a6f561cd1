"""The input of a round, and the round."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from labeling.learning.basis import Basis
from labeling.learning.moved import Moved
from labeling.learning.table import Table
from labeling.store import Offer
from models.head import Head
from models.head.linear import LinearHead
from models.head.teaching import teach
from models.queries import DEFAULT_QUERY
from models.scoring import Scores

RANKED = 48  # samples ranked ahead for one annotator; each answer brings a new ranking
TAUGHT_ON = 2000  # unlabeled rows that teach a linear head
AUDIT = "audit"

Indices = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The input of a round, taken at one moment.

    `rows` (n,) of the table carry the class ids `labels` (n,), in the order of their answers;
    `audits` (n,) marks uniformly random, blind picks. `certainty` (n,) is the chance that each
    label is right, None if all are 1. `answered` are all rows that must not be asked, `through` is
    the last answer seen, `changed` the last change of classes.
    """

    table: Table
    rows: Indices
    labels: Indices
    audits: Bools
    answered: Indices
    through: int
    changed: int = 0
    certainty: Floats | None = None

    @property
    def can_teach(self) -> bool:
        """Whether two classes have labels, as a head needs."""
        return len(self.labels) > 1 and bool((self.labels != self.labels[0]).any())


@dataclass(frozen=True)
class Policy:
    """The head, the query, the share of blind picks, and how many samples are ranked."""

    head: str = "logistic"
    query: str = DEFAULT_QUERY
    audit_share: float = 0.1
    ranked: int = RANKED


@dataclass(frozen=True, eq=False)
class Round:
    """One finished round. A cold one (id None) has a ranking but no head.

    `seen` is how many of the snapshot's labels the head was fitted on, fewer for a restored one.
    `basis` has the features that the head is fitted on.
    A round is `complete` when its own head has scored every row; before that, the other rows hold
    the scores of earlier heads. `moved` compares it with the round before, None if their rows,
    features or classes differ.
    """

    id: int | None
    snapshot: Snapshot
    basis: Basis
    head: Head | None
    scores: Scores | None
    seen: int
    complete: bool = True
    ranking: tuple[Offer, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    moved: Moved | None = None
    _shown: dict[int, npt.NDArray[np.float32]] = field(default_factory=dict, repr=False)

    @property
    def table(self) -> Table:
        return self.snapshot.table

    def predict(self, rows: Indices) -> npt.NDArray[np.float32]:
        """Probabilities (n, K) of rows of the table, each predicted once; needs a head."""
        assert self.head is not None
        new = [row for row in rows.tolist() if row not in self._shown]
        if new:
            found = self.head.predict_proba(self.basis.features[new])
            self._shown.update(zip(new, found, strict=True))
        return np.stack([self._shown[row] for row in rows.tolist()])

    @cached_property
    def linear(self) -> LinearHead | None:
        """A linear head on the encoder's own features: the round's, or one that this has taught.

        None if the round has no head, or the head is not linear.
        """
        if not isinstance(self.head, LinearHead):
            return None
        if not self.basis.map_digest:
            return self.head
        rng, count = np.random.default_rng(self.snapshot.through), len(self.table)
        rows = np.sort(rng.choice(count, min(TAUGHT_ON, count), replace=False))
        own, known = self.table.own.features, np.isin(self.snapshot.labels, self.head.classes)
        return teach(
            own[rows],
            self.head.predict_proba(self.basis.features[rows]),
            self.head.classes,
            own[self.snapshot.rows[known]],
            self.snapshot.labels[known],
        )

    def offer(self, sample_id: str, query: str, **why: Any) -> Offer:
        """An offer of a sample with what this round predicts for it."""
        row = self.table.row(sample_id)
        if row is None:
            return Offer(sample_id, query, **why)
        return self.offers(np.array([row]), [{"query": query, **why}])[0]

    def offers(self, rows: Indices, whys: Sequence[dict[str, Any]]) -> list[Offer]:
        """Offers of rows of the table, each with its reason; all are predicted at once."""
        keys = [self.table.id(row) for row in rows.tolist()]
        if self.head is None or not keys:
            return [Offer(key, **why) for key, why in zip(keys, whys, strict=True)]
        proba = self.predict(rows)
        classes = self.head.classes[proba.argmax(axis=1)].tolist()
        predicted = zip(classes, proba.max(axis=1).tolist(), strict=True)
        return [
            Offer(
                key,
                round_id=self.id,
                predicted_class=best,
                predicted_confidence=confidence,
                **({"shown": True} | why),
            )
            for key, why, (best, confidence) in zip(keys, whys, predicted, strict=True)
        ]
