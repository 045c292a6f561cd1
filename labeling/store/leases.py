"""Leases: a sample is offered to one browser at a time, with the reason it was picked."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from labeling.store.schema import LEASES

if TYPE_CHECKING:
    from labeling.store.database import Database

LEASE_SECONDS = 900.0


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
        """
        now = time.time()
        with self._database.write() as connection:
            connection.execute(
                sa.delete(LEASES).where(
                    LEASES.c.holder == holder, LEASES.c.sample_id.not_in([*keep, *spare])
                )
            )
            taken = set(
                connection.scalars(sa.select(LEASES.c.sample_id).where(LEASES.c.until > now))
            )
            own = set(
                connection.scalars(sa.select(LEASES.c.sample_id).where(LEASES.c.holder == holder))
            )
            # What a person took back by undo is on screen without a lease.
            brought_back = [Offer(key, "again") for key in keep if key not in taken | own]
            taken = (taken | own) - (own & set(spare) - set(keep))
            claimed = _first(count, offers, taken)
            if brought_back or claimed:
                connection.execute(
                    insert(LEASES).prefix_with("OR REPLACE"),
                    [
                        asdict(offer) | {"holder": holder, "until": now + LEASE_SECONDS}
                        for offer in (*brought_back, *claimed)
                    ],
                )
            connection.execute(
                sa.update(LEASES).where(LEASES.c.holder == holder).values(until=now + LEASE_SECONDS)
            )
        return claimed

    def held(self) -> int:
        """How many samples somebody holds now."""
        query = sa.select(sa.func.count()).where(LEASES.c.until > time.time())
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def release(self, holder: str) -> None:
        """Give back everything that a holder has leased."""
        with self._database.write() as connection:
            connection.execute(sa.delete(LEASES).where(LEASES.c.holder == holder))


def _first(count: int, offers: Iterable[Offer], taken: set[str]) -> list[Offer]:
    """The first `count` offers of samples that are not taken, each sample once."""
    claimed: dict[str, Offer] = {}
    for offer in offers:
        if len(claimed) >= count:
            break
        if offer.sample_id not in taken:
            claimed.setdefault(offer.sample_id, offer)
    return list(claimed.values())
