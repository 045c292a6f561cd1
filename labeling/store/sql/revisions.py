"""The pulse: counters that show a process that others have written."""

import threading
from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from labeling.store.sql.schema import ANSWERS, REVISIONS, ROUNDS

RULES = "rules"  # classes, people, settings and certificates
POOL = "pool"  # samples and files


@dataclass(frozen=True)
class Pulse:
    """The newest answer and round, and the number of changes by others of rules and pool."""

    answer: int
    round: int
    rules: int
    pool: int


class Revisions:
    """Counts changes in the database, and apart from them the changes of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own: Counter[str] = Counter()

    def count(self, connection: sa.Connection, name: str) -> None:
        """Count a change in the transaction that makes it."""
        connection.execute(_COUNT, {"changed": name})

    def own(self, name: str) -> None:
        """Record that a change of this process was committed."""
        with self._lock:
            self._own[name] += 1

    def read(self, connection: sa.Connection) -> Pulse:
        """The pulse now."""
        answer, round_, rules, pool = connection.execute(_PULSE).one()
        with self._lock:
            own = dict(self._own)
        rules, pool = (rules or 0) - own.get(RULES, 0), (pool or 0) - own.get(POOL, 0)
        return Pulse(answer or 0, round_ or 0, rules, pool)


_PULSE = sa.select(  # one statement, so that it sees one moment without a transaction
    sa.select(sa.func.max(ANSWERS.c.id)).scalar_subquery(),
    sa.select(sa.func.max(ROUNDS.c.id)).scalar_subquery(),
    *(
        sa.select(REVISIONS.c.value).where(REVISIONS.c.name == name).scalar_subquery()
        for name in (RULES, POOL)
    ),
)
_COUNT = (
    sa.update(REVISIONS)
    .where(REVISIONS.c.name == sa.bindparam("changed"))
    .values(value=REVISIONS.c.value + 1)
)
