"""Samples and the files that hold them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import sqlalchemy as sa

from labeling.store.sql.revisions import POOL
from labeling.store.sql.schema import FILES, SAMPLES
from labeling.store.sql.upsert import insert_new, insert_or_replace

if TYPE_CHECKING:
    from labeling.store.sql.database import Database

IDS_AT_ONCE = 10_000
NAMED = 3  # unreadable files that a screen names; Setup lists all


@dataclass(frozen=True)
class Sample:
    """One distinct image: the sha256 of its bytes, and every path with those bytes."""

    id: str
    paths: tuple[str, ...]
    kind: str = "image"
    problem: str | None = None


@dataclass(frozen=True)
class FileRecord:
    """A scanned file: either the sample it holds, or why it cannot be read."""

    path: str
    sample_id: str | None
    size: int | None = None
    mtime_ns: int | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Unreadable:
    """The number of files that cannot be read, and the names of the first few."""

    count: int
    names: tuple[str, ...]


class Samples:
    """The pool's samples, in the order in which they were first found."""

    def __init__(self, database: "Database") -> None:
        self._database = database

    def add(self, files: Iterable[FileRecord], kind: str = "image") -> bool:
        """Record scanned files; a known path is updated.

        Whether there were any.
        """
        records = list(files)
        if not records:
            return False
        with self._database.change(POOL) as connection:
            position = connection.scalar(sa.select(sa.func.max(SAMPLES.c.position))) or 0
            new = dict.fromkeys(record.sample_id for record in records if record.sample_id)
            if new:
                rows = [
                    {"id": sample_id, "position": position + 1 + offset, "kind": kind}
                    for offset, sample_id in enumerate(new)
                ]
                connection.execute(insert_new(SAMPLES, connection.dialect.name), rows)
            connection.execute(
                insert_or_replace(FILES, connection.dialect.name),
                [vars(record) for record in records],
            )
        return True

    def forget_files(self, paths: Sequence[str]) -> bool:
        """Drop files that are no longer in the pool; their samples and answers stay.

        Whether there were any.
        """
        if not paths:
            return False
        with self._database.change(POOL) as connection:
            for path in paths:
                connection.execute(sa.delete(FILES).where(FILES.c.path == path))
        return True

    def mark_unreadable(self, sample_id: str, problem: str) -> None:
        """Leave a sample out of the pool and say why."""
        with self._database.change(POOL) as connection:
            connection.execute(
                sa.update(SAMPLES).where(SAMPLES.c.id == sample_id).values(problem=problem)
            )

    def clear_problems(self) -> bool:
        """Give every sample another chance: its file may have been repaired.

        Whether any had a problem.
        """
        has_problem = SAMPLES.c.problem.is_not(None)
        with self._database.ask() as connection:
            if not connection.scalar(sa.select(sa.exists().where(has_problem))):
                return False
        with self._database.change(POOL) as connection:
            connection.execute(sa.update(SAMPLES).where(has_problem).values(problem=None))
        return True

    def files(self) -> dict[str, FileRecord]:
        """Every known file by its path."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(*(FILES.c[name] for name in _FIELDS)))
            return {row[0]: FileRecord(*row) for row in rows}

    def ids(self) -> list[str]:
        """Ids of the readable samples that still have a file, in pool order."""
        return [key for part in self._parts() for key in part]

    def keys(self) -> bytes:
        """The same ids as 32 bytes each, one after another, without ever holding all as text."""
        return b"".join(bytes.fromhex("".join(part)) for part in self._parts())

    def count(self) -> int:
        """The number of ids."""
        query = sa.select(sa.func.count()).select_from(SAMPLES).where(*_USABLE)
        with self._database.read() as connection:
            return int(connection.scalar(query) or 0)

    def _parts(self) -> Iterator[Sequence[str]]:
        """The ids, a few thousand at a time."""
        query = sa.select(SAMPLES.c.id).where(*_USABLE)
        query = query.order_by(SAMPLES.c.position).execution_options(yield_per=IDS_AT_ONCE)
        with self._database.read() as connection:
            yield from connection.scalars(query).partitions()

    def get(self, sample_id: str) -> Sample | None:
        """One sample with all its paths, or None."""
        return self.many([sample_id]).get(sample_id)

    def many(self, sample_ids: Sequence[str] | None = None) -> dict[str, Sample]:
        """The named samples (or all) with their paths, by id."""
        found: dict[str, Sample] = {}
        with self._database.ask() as connection:
            if sample_ids is None:
                rows = connection.execute(_MANY)
            else:
                rows = connection.execute(_NAMED, {"sample_ids": list(sample_ids)})
            for row in rows:
                paths = found[row.id].paths if row.id in found else ()
                # Sorted here: a database may sort by the rules of its language.
                paths = tuple(sorted((*paths, row.path))) if row.path else paths
                found[row.id] = Sample(row.id, paths, row.kind, row.problem)
        return found

    def left_out(self) -> Unreadable:
        """The files that are not in the pool because they cannot be read."""
        query = sa.select(FILES.c.path).join_from(FILES, SAMPLES, isouter=True)
        query = query.where(FILES.c.sample_id.is_(None) | SAMPLES.c.problem.is_not(None))
        with self._database.read() as connection:
            count = connection.scalar(sa.select(sa.func.count()).select_from(query.subquery()))
            names = connection.scalars(query.order_by(FILES.c.path).limit(NAMED)).all()
        return Unreadable(int(count or 0), tuple(names))

    def problems(self) -> list[tuple[str, str]]:
        """(path, reason) of every file that cannot be used."""
        reason = sa.func.coalesce(FILES.c.problem, SAMPLES.c.problem)
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(FILES.c.path, reason)
                .join_from(FILES, SAMPLES, isouter=True)
                .where(reason.is_not(None))
            )
            return sorted((row[0], row[1]) for row in rows)


_FIELDS = tuple(field.name for field in fields(FileRecord))
# Built once, since building takes longer than asking.
_MANY = (
    sa.select(SAMPLES.c.id, SAMPLES.c.kind, SAMPLES.c.problem, FILES.c.path)
    .join_from(SAMPLES, FILES, isouter=True)
    .order_by(SAMPLES.c.position)
)
_NAMED = _MANY.where(SAMPLES.c.id.in_(sa.bindparam("sample_ids", expanding=True)))
# Readable, and at least one file is still there.
_USABLE = (SAMPLES.c.problem.is_(None), sa.exists().where(FILES.c.sample_id == SAMPLES.c.id))
