"""Certificates: a claim about a fixed set of samples, and the order of its draws."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labeling.store.sql.schema import CERTIFICATE_SAMPLES, CERTIFICATES, CLASSES

if TYPE_CHECKING:
    from labeling.store.sql.database import Database

ACCURACY, ACCEPT = "accuracy", "accept"
PROVEN, ABANDONED, ACCEPTED, TAKEN_BACK = "proven", "abandoned", "accepted", "taken_back"
ROWS_AT_ONCE = 5000


@dataclass(frozen=True)
class Draw:
    """One sample of a certificate's set, with the frozen head's prediction."""

    position: int
    sample_id: str
    predicted_class: int
    predicted_confidence: float


@dataclass(frozen=True)
class Certificate:
    """The claim to prove; everything that its guarantee depends on is fixed here.

    `kind` is "accuracy" (at least the share `claim` of the set is predicted right) or "accept" (at
    most the share `claim` of the accepted pre-labels is wrong). `size` is the number of samples in
    the set, `alpha` the chance of a false proof, `bet` the guess made before. `end` is None while
    it runs. `voided` is the entry of the log that made its claim meaningless.
    """

    id: int
    at: float
    kind: str
    round_id: int
    size: int
    claim: float
    alpha: float
    bet: dict[str, float]
    ended: float | None = None
    end: str | None = None
    result: dict[str, Any] = field(default_factory=dict)
    voided: int | None = None


class Certificates:
    """All certificates ever begun."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def next_id(self) -> int:
        """The id that the next certificate will get."""
        with self._database.read() as connection:
            return (connection.scalar(sa.select(sa.func.max(CERTIFICATES.c.id))) or 0) + 1

    def add(self, certificate: Certificate, draws: Sequence[Draw]) -> None:
        """Remember a certificate and the order of its draws, before the first is shown."""
        with self._database.change() as connection:
            connection.execute(sa.insert(CERTIFICATES).values(**vars(certificate)))
            for begin in range(0, len(draws), ROWS_AT_ONCE):
                rows = [
                    asdict(draw) | {"certificate_id": certificate.id}
                    for draw in draws[begin : begin + ROWS_AT_ONCE]
                ]
                connection.execute(sa.insert(CERTIFICATE_SAMPLES), rows)

    def all(self) -> list[Certificate]:
        """Every certificate, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(CERTIFICATES).order_by(CERTIFICATES.c.id))
            return [Certificate(**row._mapping) for row in rows]

    def draws(self, certificate_id: int) -> list[Draw]:
        """A certificate's samples in the order of their draws; merged classes are followed."""
        drawn = CERTIFICATE_SAMPLES.c
        counts_as = sa.func.coalesce(CLASSES.c.counts_as, drawn.predicted_class)
        query = sa.select(
            drawn.position,
            drawn.sample_id,
            counts_as.label("predicted_class"),
            drawn.predicted_confidence,
        )
        query = query.join_from(
            CERTIFICATE_SAMPLES, CLASSES, CLASSES.c.id == drawn.predicted_class, isouter=True
        ).order_by(drawn.position)
        query = query.where(CERTIFICATE_SAMPLES.c.certificate_id == certificate_id)
        with self._database.read() as connection:
            return [
                Draw(row.position, row.sample_id, row.predicted_class, row.predicted_confidence)
                for row in connection.execute(query)
            ]

    def end(self, certificate_id: int, end: str, result: dict[str, Any]) -> None:
        """Store how a certificate ended."""
        with self._database.change() as connection:
            connection.execute(
                sa.update(CERTIFICATES)
                .where(CERTIFICATES.c.id == certificate_id)
                .values(end=end, ended=time.time(), result=result)
            )
