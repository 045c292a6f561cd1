"""What was shown with an answered sample, according to its lease or an earlier answer."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from labeling.store.sql.schema import ANSWERS, LEASES, OFFER_FIELDS

OVERLAP = "overlap"  # the query of a sample that another person has answered
SPLIT = "split"  # the query of a sample that is asked again because its class was split
CERTIFICATE = "certificate"  # the query of a draw that a proof waits for
NOTHING: dict[str, Any] = dict.fromkeys(OFFER_FIELDS) | {"shown": False}


@dataclass(frozen=True)
class Before:
    """A sample's lease and its first answer: the annotator's, or (not `mine`) any person's."""

    lease: dict[str, Any] | None
    first: dict[str, Any] | None
    mine: bool

    @classmethod
    def of(cls, connection: sa.Connection, annotator: str, sample_id: str) -> "Before":
        """Read both as they are before an answer."""
        found = connection.execute(_BEFORE, {"sample_id": sample_id, "annotator": annotator}).one()
        lease = dict(zip(_LEASE_FIELDS, found, strict=False))
        first = dict(zip(OFFER_FIELDS, found[len(_LEASE_FIELDS) :], strict=False))
        by = found[-1]
        has_lease = lease["holder"] is not None
        return cls(lease if has_lease else None, None if by is None else first, by == annotator)

    @property
    def keeps_lease(self) -> bool:
        """Whether another person is about to give an opinion while this one is changed."""
        return self.mine and self.lease is not None and self.lease["query"] == OVERLAP

    def shown(self, round_id: int | None, own: bool) -> dict[str, Any]:
        """What was shown, from the lease, or from the first answer if that is changed.

        A corrected slip must not turn a blind audit pick into one whose label was known.
        `round_id` is the round of the card on screen, `own` marks one person's opinion of a team.
        """
        lease, first = self.lease, self.first
        if lease is not None and lease["query"] == SPLIT:
            # Blind again; a uniform draw stays one, but the class that was guessed then no longer
            # exists.
            drawn = first if first and first["query"] == "audit" else lease
            names = ("query", "acquisition_probability")
            return NOTHING | {name: drawn[name] for name in names}
        # If another person was first it is an opinion, even if its lease has run out.
        is_opinion = own if lease is None else lease["query"] == OVERLAP
        if is_opinion and first is not None and not self.mine:
            return NOTHING | {"query": OVERLAP}
        is_audit = first is not None and first["query"] == "audit"
        is_changed = lease is None or lease["query"] == "again" or is_audit
        shown = first if first and first["query"] and is_changed else lease or NOTHING
        if shown is lease and lease is not None and round_id is not None:
            # A new ranking came while it was loading: the person saw the earlier offer.
            earlier = lease["earlier"]
            if earlier and round_id == (earlier["round_id"] or 0) != (lease["round_id"] or 0):
                shown = earlier
        return {name: shown[name] for name in OFFER_FIELDS}


# Built once, since building a query takes longer than running it, and each answer runs it.
_LEASE_FIELDS = tuple(column.name for column in LEASES.c)
_FIRST = (
    sa.select(*(ANSWERS.c[name] for name in OFFER_FIELDS), ANSWERS.c.annotator)
    .where(ANSWERS.c.sample_id == sa.bindparam("sample_id"), ANSWERS.c.kind != "undo")
    .order_by(
        ANSWERS.c.annotator != sa.bindparam("annotator"), ANSWERS.c.query.is_(None), ANSWERS.c.id
    )
    .limit(1)
    .subquery("first")
)
_ONE = sa.select(sa.literal(1).label("one")).subquery("one")
_BEFORE = sa.select(*LEASES.c, *_FIRST.c).select_from(
    _ONE.outerjoin(LEASES, LEASES.c.sample_id == sa.bindparam("sample_id")).outerjoin(
        _FIRST, sa.true()
    )
)
