"""Finished rounds: which head, fitted on what, how good, how fast."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from labeling.store.sql.schema import ROUNDS

if TYPE_CHECKING:
    from labeling.store.sql.database import Database


@dataclass(frozen=True)
class RoundRecord:
    """A stored round; `through` is the last answer that its head has seen."""

    id: int
    at: float
    through: int
    backbone: str
    query: str
    head: str
    metrics: dict[str, Any]
    seconds: dict[str, float]


class Rounds:
    """Every finished round in order."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def next_id(self) -> int:
        """The id that the next round will get."""
        with self._database.read() as connection:
            return (connection.scalar(sa.select(sa.func.max(ROUNDS.c.id))) or 0) + 1

    def add(self, record: RoundRecord) -> bool:
        """Store a finished round; False if another process has stored one of that id."""
        with self._database.write(passing=True) as connection:
            known = sa.select(ROUNDS.c.id).where(ROUNDS.c.id == record.id)
            if connection.scalar(known) is not None:
                return False
            connection.execute(sa.insert(ROUNDS).values(**vars(record)))
        return True

    def all(self) -> list[RoundRecord]:
        """Every round, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(ROUNDS).order_by(ROUNDS.c.id))
            return [RoundRecord(**row._mapping) for row in rows]

    def latest(self) -> RoundRecord | None:
        """The newest round, or None."""
        with self._database.read() as connection:
            row = connection.execute(_LATEST).one_or_none()
        return RoundRecord(**row._mapping) if row else None

    def get(self, round_id: int | None) -> RoundRecord | None:
        """The round of an id, or None."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(ROUNDS).where(ROUNDS.c.id == round_id)).one_or_none()
        return RoundRecord(**row._mapping) if row else None


_LATEST = sa.select(ROUNDS).order_by(ROUNDS.c.id.desc()).limit(1)
