"""Leases: a sample is offered to one browser at a time, with the reason it was picked."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from labeling.store.schema import LEASES, OFFER_FIELDS
from labeling.store.shown import CERTIFICATE

if TYPE_CHECKING:
    from labeling.store.database import Database

LEASE_SECONDS = 900.0
IDLE_SECONDS = 20.0  # since a holder was last heard of; a proof waits for nobody longer than that


@dataclass(frozen=True)
class Offer:
    """Why a sample is shown, and what the model says of it; stored with the answer.

    `shown` tells whether the annotator sees the pre-label: an audit pick hides it.
    """

    sample_id: str
    query: str
    round_id: int | None = None
    score: float | None = None
    acquisition_probability: float | None = None
    predicted_class: int | None = None
    predicted_confidence: float | None = None
    shown: bool = False


class Leases:
    """Who holds which sample, and until when."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def claim(
        self,
        holder: str,
        offers: Iterable[Offer],
        count: int,
        keep: Sequence[str] = (),
        spare: Sequence[str] = (),
    ) -> list[Offer]:
        """Lease the first `count` offers that nobody else holds, in one transaction.

        Whatever the holder had leased before and is in neither `keep` nor `spare` goes back to
        the pool. What is in `keep` stays leased, or is leased anew if nobody holds it; what is in
        `spare` stays leased, and is claimed again where it is among the offers.

        A proof counts draws in their order: one that an idle browser holds would stop it. So the
        draws of a certificate are taken over from whoever has not been heard of lately.
        """
        now = time.time()
        with self._database.write() as connection:
            leases = [row._asdict() for row in connection.execute(_ALL)]
            own = {row["sample_id"]: row for row in leases if row["holder"] == holder}
            others = {
                row["sample_id"]: row["until"] - LEASE_SECONDS < now - IDLE_SECONDS
                for row in leases
                if row["holder"] != holder and row["until"] > now
            }
            staying = {*keep, *spare}
            gone = [{"key": key} for key in own if key not in staying]
            if gone:
                connection.execute(_DROP, gone)
            # What a person took back by undo is on screen without a lease.
            brought_back = [Offer(key, "again") for key in keep if key not in own.keys() | others]
            taken = others | dict.fromkeys(own.keys() & set(keep), False)
            claimed = _first(count, offers, taken)
            until = now + LEASE_SECONDS
            rows = [
                _row(offer, own.get(offer.sample_id)) | {"holder": holder, "until": until}
                for offer in (*brought_back, *claimed)
            ]
            if rows:
                connection.execute(_CLAIM, rows)
            connection.execute(_RENEW, {"of": holder, "to": until})
        return claimed

    def hold(self, holder: str, sample_ids: Sequence[str]) -> list[str]:
        """Renew the holder's leases; those of the samples that are the holder's from now on.

        One that nobody holds any more is leased anew, one that somebody else holds is lost.
        """
        now = time.time()
        with self._database.write() as connection:
            leases = connection.execute(_ALL).all()
            others = {row.sample_id for row in leases if row.holder != holder and row.until > now}
            own = {row.sample_id for row in leases if row.holder == holder}
            until = now + LEASE_SECONDS
            held = [key for key in sample_ids if key not in others]
            rows = [
                _row(Offer(key, "again"), None) | {"holder": holder, "until": until}
                for key in held
                if key not in own
            ]
            if rows:
                connection.execute(_CLAIM, rows)
            connection.execute(_RENEW, {"of": holder, "to": until})
        return held

    def held(self) -> int:
        """How many samples somebody holds now."""
        query = sa.select(sa.func.count()).where(LEASES.c.until > time.time())
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def holders(self) -> int:
        """How many browsers and scripts hold samples now."""
        query = sa.select(sa.func.count(LEASES.c.holder.distinct()))
        with self._database.read() as connection:
            return int(connection.scalar(query.where(LEASES.c.until > time.time())) or 0)

    def release(self, holder: str) -> None:
        """Give back everything that a holder has leased."""
        with self._database.write() as connection:
            connection.execute(sa.delete(LEASES).where(LEASES.c.holder == holder))


def _first(count: int, offers: Iterable[Offer], taken: Mapping[str, bool]) -> list[Offer]:
    """The first `count` offers of samples that may be had, each sample once.

    `taken` tells of each sample that somebody holds whether that one is idle.
    """
    claimed: dict[str, Offer] = {}
    for offer in offers:
        if len(claimed) >= count:
            break
        idle = taken.get(offer.sample_id)
        if idle is None or (idle and offer.query == CERTIFICATE):
            claimed.setdefault(offer.sample_id, offer)
    return list(claimed.values())


def _row(offer: Offer, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The columns of a lease that takes the place of the holder's lease `before`, if any.

    The browser may show what was offered before: it was on its way while the new offer was made.
    """
    earlier = None if before is None else {name: before[name] for name in OFFER_FIELDS}
    return vars(offer) | {"earlier": earlier}


# Built once, since building takes longer than asking.
_ALL = sa.select(LEASES)
_DROP = sa.delete(LEASES).where(LEASES.c.sample_id == sa.bindparam("key"))
_CLAIM = insert(LEASES).prefix_with("OR REPLACE")
_RENEW = (
    sa.update(LEASES).where(LEASES.c.holder == sa.bindparam("of")).values(until=sa.bindparam("to"))
)
