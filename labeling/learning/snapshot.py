"""What a round is computed from, and what it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from labeling.learning.table import Table
from labeling.store import Offer
from models.head import Head
from models.queries import DEFAULT_QUERY
from models.scoring import Scores

RANKED = 48  # ranked ahead of one annotator; each answer ranks anew


AUDIT = "audit"


Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a round is computed from, taken at one moment.

    `labels` maps rows of the table to class ids in the order of their answers, and `audits` are
    those of them that were uniformly random, blind picks. `certainty` is the chance that the label
    of a row is right, 1 for those that it leaves out. `answered` are all rows that must not be
    asked, `through` is the last answer seen, `changed` the last change of classes.
    """

    table: Table
    labels: Mapping[int, int]
    audits: frozenset[int]
    answered: Indices
    through: int
    changed: int = 0
    certainty: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """Which head learns, which query asks, the share of blind picks, and how many are ranked."""

    head: str = "logistic"
    query: str = DEFAULT_QUERY
    audit_share: float = 0.1
    ranked: int = RANKED


@dataclass(frozen=True, eq=False)
class Round:
    """One finished round. A cold one (id None) has a ranking but no head.

    `seen` is how many of the snapshot's labels the head was fitted on, fewer for a restored one.
    A round is `complete` when this very head has scored every row; before that, the rows that it
    has not reached hold the scores of heads before it.
    """

    id: int | None
    snapshot: Snapshot
    head: Head | None
    scores: Scores | None
    seen: int
    complete: bool = True
    ranking: tuple[Offer, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def table(self) -> Table:
        return self.snapshot.table

    @property
    def labels(self) -> Mapping[int, int]:
        return self.snapshot.labels

    def offer(self, sample_id: str, query: str, **why: Any) -> Offer:
        """An offer of a sample with what this round predicts for it."""
        row = self.table.row(sample_id)
        if row is None:
            return Offer(sample_id, query, **why)
        return self.offers(np.array([row]), [{"query": query, **why}])[0]

    def offers(self, rows: Indices, whys: Sequence[dict[str, Any]]) -> list[Offer]:
        """Offers of rows of the table, each for its reason, predicted all at once."""
        keys = [self.table.id(row) for row in rows.tolist()]
        if self.head is None or not keys:
            return [Offer(key, **why) for key, why in zip(keys, whys, strict=True)]
        proba = self.head.predict_proba(self.table.features[rows])
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
