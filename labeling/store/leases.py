"""Leases: a sample is offered to one browser at a time, with the reason for its choice."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labeling.store.provenance import CERTIFICATE
from labeling.store.sql.schema import ANSWERS, LEASES, OFFER_FIELDS
from labeling.store.sql.upsert import insert_or_replace

if TYPE_CHECKING:
    from labeling.store.sql.database import Database

LEASE_SECONDS = 900.0
NEVER = 2**31 - 1  # as the id of an answer: later than all answers
SLACK_SECONDS = 5.0  # a lease that was renewed less than this ago is not renewed again
IDLE_SECONDS = 20.0  # after this silence a holder is idle, and a proof does not wait for it


@dataclass(frozen=True)
class Offer:
    """Why a sample is shown, and what the model predicts; stored with the answer.

    `shown` says whether the annotator sees the pre-label: an audit pick hides it.
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
        self._left: dict[str, float] = {}  # holders that have gone, and when

    def leave(self, holder: str) -> None:
        """The holder goes: its earlier requests get no leases any more."""
        now = time.monotonic()
        self._left = {key: at for key, at in self._left.items() if at > now - LEASE_SECONDS}
        self._left[holder] = now

    def has_left(self, holder: str, since: float) -> bool:
        """Whether the holder has gone after a time of the monotonic clock."""
        return self._left.get(holder, -1.0) > since

    def claim(
        self,
        holder: str,
        offers: Iterable[Offer],
        count: int,
        keep: Sequence[str] = (),
        spare: Sequence[str] | None = (),
        past: int = NEVER,
        drop: Sequence[str] = (),
        most: int | None = None,
    ) -> list[Offer]:
        """Lease the first `count` offers that no other holder has and nobody has answered.

        The holder's other leases go back to the pool, except those in `keep` and `spare`. What
        is in `keep` stays leased, or is leased again if nobody holds it. What is in `spare`
        stays leased, and is claimed again if it is among the offers. If `spare` is None, only
        what is in `drop` goes back. `past` is the last answer known when the offers were made.

        A proof counts draws in their order, so a draw that an idle browser holds would stop it.
        Therefore the draws of a certificate are taken over from idle holders.

        A person of a team, whose holders are called `PERSON:NAME`, may hold `most` in all: the
        oldest leases of that person's other holders go back.
        """
        now = time.time()
        if most is not None and _person(holder):
            keep = keep[:most]
            staying = len({*keep, *spare}) if spare is not None else self._holds(holder, drop)
            count = min(count, most - staying)
        with self._database.ask() as connection:
            taken = _held(connection.execute(_OTHERS, {"of": holder, "now": now}), now)
        taken |= dict.fromkeys(keep, False)
        stream, claimed = iter(offers), list[Offer]()
        while True:
            # Drawn before the transaction: an offer may have to ask the model.
            wanted = _first(count - len(claimed), stream, taken)
            mine = {offer.sample_id for offer in claimed}
            back = set(drop) - mine if spare is None else None
            lost = self._take(holder, wanted, keep, {*(spare or ()), *mine}, past, back, most)
            claimed += [offer for offer in wanted if offer.sample_id not in lost]
            taken |= dict.fromkeys([*lost, *(offer.sample_id for offer in wanted)], False)
            if not lost or not wanted:
                return claimed

    def _holds(self, holder: str, drop: Sequence[str]) -> int:
        """The number of a holder's samples that do not go back."""
        with self._database.ask() as connection:
            own = {row.sample_id for row in connection.execute(_OWN, {"of": holder})}
        return len(own.difference(drop))

    def _take(
        self,
        holder: str,
        wanted: list[Offer],
        keep: Sequence[str],
        spare: set[str],
        past: int,
        back: set[str] | None,
        most: int | None,
    ) -> set[str]:
        """Lease what is neither leased nor answered by others; returns the ids of the rest.

        All other leases of the holder go back except `keep` and `spare`, or only those in `back`.
        """
        now = time.time()
        asked = [*(offer.sample_id for offer in wanted), *keep]
        draws = {offer.sample_id for offer in wanted if offer.query == CERTIFICATE}
        with self._database.write(passing=True) as connection:
            own = {row.sample_id: row._asdict() for row in connection.execute(_OWN, {"of": holder})}
            lost = _lost(connection, holder, asked, past, now, draws)
            staying = {*keep, *spare, *asked}
            leaving = own.keys() - staying if back is None else (own.keys() & back) - set(asked)
            gone = [*leaving, *(own.keys() & lost)]
            if gone:
                connection.execute(_DROP, {"of": holder, "keys": gone})
            # A sample that a person took back by undo is on screen without a lease.
            brought_back = [Offer(key, "again") for key in keep if key not in own.keys() | lost]
            claimed = [offer for offer in wanted if offer.sample_id not in lost]
            _lease(connection, holder, now, own, [*brought_back, *claimed])
            _give_back_oldest(connection, holder, most)
        return lost

    def hold(
        self, holder: str, sample_ids: Sequence[str], past: int = NEVER, most: int | None = None
    ) -> list[str]:
        """Renew the holder's leases; returns the samples that the holder has now.

        A sample that nobody holds any more is leased again, up to `most` in all. A sample that
        another holder has, or that was answered after the answer `past`, is lost.
        """
        now = time.time()
        with self._database.write(passing=True) as connection:
            own = {row.sample_id: row._asdict() for row in connection.execute(_OWN, {"of": holder})}
            lost = _lost(connection, holder, list(sample_ids), past, now)
            held = [key for key in sample_ids if key not in lost]
            anew = [key for key in held if key not in own]
            room = len(anew) if most is None or not _person(holder) else max(0, most - len(own))
            beyond = set(anew[room:])
            held = [key for key in held if key not in beyond]
            brought_back = [Offer(key, "again") for key in anew if key not in beyond]
            _lease(connection, holder, now, own, brought_back)
            _give_back_oldest(connection, holder, most)
        return held

    def held(self) -> int:
        """The number of leased samples."""
        query = sa.select(sa.func.count()).where(LEASES.c.until > time.time())
        with self._database.ask() as connection:
            return int(connection.scalar(query) or 0)

    def holders(self) -> int:
        """The number of browsers and scripts that hold samples now."""
        query = sa.select(sa.func.count(LEASES.c.holder.distinct()))
        with self._database.read() as connection:
            return int(connection.scalar(query.where(LEASES.c.until > time.time())) or 0)


def _held(rows: Iterable[Any], now: float) -> dict[str, bool]:
    """The samples of some leases, and whether the holder of each is idle."""
    return {row.sample_id: row.until - LEASE_SECONDS < now - IDLE_SECONDS for row in rows}


def _first(count: int, offers: Iterator[Offer], taken: Mapping[str, bool]) -> list[Offer]:
    """The first `count` offers of free samples, each sample once.

    `taken` maps each leased sample to whether its holder is idle.
    """
    claimed: dict[str, Offer] = {}
    while len(claimed) < count and (offer := next(offers, None)) is not None:
        idle = taken.get(offer.sample_id)
        if idle is None or (idle and offer.query == CERTIFICATE):
            claimed.setdefault(offer.sample_id, offer)
    return list(claimed.values())


def _row(offer: Offer, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The columns of a lease that replaces the holder's lease `before`, if any.

    The browser may show the earlier offer, which was on its way while the new one was made.
    """
    earlier = None if before is None else {name: before[name] for name in OFFER_FIELDS}
    return vars(offer) | {"earlier": earlier}


def _lost(
    connection: sa.Connection,
    holder: str,
    asked: list[str],
    past: int,
    now: float,
    draws: Set[str] = frozenset(),
) -> set[str]:
    """The samples that another holder has, or that were answered after the answer `past`.

    Those of `draws` that an idle holder has are not lost.
    """
    if not asked:
        return set()
    key = {"of": holder, "now": now, "asked": asked, "past": past}
    held = _held(connection.execute(_OTHERS_OF, key), now)
    firm = {one for one, idle in held.items() if not idle or one not in draws}
    return firm | set(connection.scalars(_ANSWERED, key))


def _lease(
    connection: sa.Connection,
    holder: str,
    now: float,
    own: Mapping[str, Mapping[str, Any]],
    offers: Sequence[Offer],
) -> None:
    """Write the leases of some offers, and renew the holder's other leases."""
    until = now + LEASE_SECONDS
    connection.execute(_RENEW, {"of": holder, "to": until})
    rows = [
        _row(offer, own.get(offer.sample_id)) | {"holder": holder, "until": until}
        for offer in offers
    ]
    if rows:
        connection.execute(insert_or_replace(LEASES, connection.dialect.name), rows)


def _person(holder: str) -> str:
    """The person of a holder; empty if no login is needed."""
    person, colon, _ = holder.partition(":")
    return person if colon else ""


def _give_back_oldest(connection: sa.Connection, holder: str, most: int | None) -> None:
    """Release the oldest leases of a person's other holders, beyond `most` in all."""
    person = _person(holder)
    if most is None or not person:
        return
    key = {"of": holder, "person": f"{person}:%"}
    others = connection.scalars(_OTHER_NAMES, key).all()
    if not others:
        return
    room = max(0, most - (connection.scalar(_COUNT_OWN, key) or 0))
    if gone := others[room:]:
        connection.execute(_DROP_ALL, {"keys": gone})


# Built once, since building a query takes longer than running it.
_HOLDER, _NOW = sa.bindparam("of", type_=sa.String), sa.bindparam("now", type_=sa.Float)
_OWN = sa.select(LEASES).where(LEASES.c.holder == _HOLDER)
_BY_OTHERS = (LEASES.c.holder != _HOLDER, LEASES.c.until > _NOW)
_OTHERS = sa.select(LEASES.c.sample_id, LEASES.c.until).where(*_BY_OTHERS)
_ASKED: sa.BindParameter[str] = sa.bindparam("asked", expanding=True)
_OTHERS_OF = _OTHERS.where(LEASES.c.sample_id.in_(_ASKED))
_ANSWERED = sa.select(ANSWERS.c.sample_id).where(
    ANSWERS.c.id > sa.bindparam("past", type_=sa.Integer), ANSWERS.c.sample_id.in_(_ASKED)
)
_DROP = sa.delete(LEASES).where(
    LEASES.c.holder == _HOLDER, LEASES.c.sample_id.in_(sa.bindparam("keys", expanding=True))
)
_TO = sa.bindparam("to", type_=sa.Float)
_RENEW = (  # only rows that need it, not all rows with each request
    sa.update(LEASES)
    .where(LEASES.c.holder == _HOLDER, LEASES.c.until < _TO - SLACK_SECONDS)
    .values(until=_TO)
)
_OTHER_NAMES = (
    sa.select(LEASES.c.sample_id)
    .where(LEASES.c.holder != _HOLDER, LEASES.c.holder.like(sa.bindparam("person")))
    .order_by(LEASES.c.until.desc(), LEASES.c.sample_id)
)
_COUNT_OWN = sa.select(sa.func.count()).where(LEASES.c.holder == _HOLDER)
_DROP_ALL = sa.delete(LEASES).where(LEASES.c.sample_id.in_(sa.bindparam("keys", expanding=True)))
