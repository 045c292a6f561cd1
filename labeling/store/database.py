"""The database of one project: connections and transactions."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from labeling.errors import ProjectError
from labeling.store.answers import Answers
from labeling.store.certificates import Certificates
from labeling.store.classes import Classes
from labeling.store.history import History
from labeling.store.leases import Leases
from labeling.store.log import Log
from labeling.store.memo import Memo
from labeling.store.migration import migrate
from labeling.store.people import People
from labeling.store.reshaping import Reshaping
from labeling.store.rounds import Rounds
from labeling.store.samples import Samples
from labeling.store.schema import SETTINGS


class Database:
    """A connection pool with two kinds of short transaction: read and write."""

    def __init__(self, path: Path) -> None:
        # Not as text: a folder's name may hold ? or %.
        url = sa.URL.create("sqlite", database=str(path))
        self.engine = sa.create_engine(
            url, connect_args={"timeout": 20.0, "check_same_thread": False}
        )
        sa.event.listen(self.engine, "connect", _configure)
        sa.event.listen(self.engine, "begin", _begin)
        self._writer = self.engine.execution_options(hone_write=True)
        # Threads queue here: in SQLite they would sleep and poll, each holding a connection.
        self._write_turn = threading.Lock()
        self.memo = Memo()  # of classes, people and settings

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent snapshot; never waits for a writer."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that holds the write lock from its start, on disk when it returns."""
        with self._write_turn, self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


class Store:
    """Everything that a project remembers, one attribute for each noun."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path)
        try:
            with self._database.write() as connection:
                migrate(connection)
        except ProjectError:
            self.close()
            raise
        except sa.exc.DatabaseError as error:
            self.close()
            raise ProjectError(
                f"The project's database {path} cannot be opened: {error.__cause__}. "
                "If it is damaged, restore it from a copy; if its folder is read-only, "
                "choose another project folder."
            ) from error
        self.samples = Samples(self._database)
        self.classes = Classes(self._database)
        self.reshaping = Reshaping(self._database)
        self.history = History(self._database)
        self.log = Log(self._database)
        self.answers = Answers(self._database)
        self.rounds = Rounds(self._database)
        self.leases = Leases(self._database)
        self.certificates = Certificates(self._database)
        self.people = People(self._database)

    def setting(self, key: str, default: Any = None) -> Any:
        """The stored value of a setting, or the default."""
        value = self._database.memo.get(("setting", key), lambda: self._setting(key))
        return default if value is None else value

    def _setting(self, key: str) -> Any:
        with self._database.read() as connection:
            return connection.scalar(sa.select(SETTINGS.c.value).where(SETTINGS.c.key == key))

    def set(self, key: str, value: Any) -> None:
        """Store one setting (any JSON value)."""
        with self._database.write() as connection:
            connection.execute(sa.delete(SETTINGS).where(SETTINGS.c.key == key))
            connection.execute(sa.insert(SETTINGS).values(key=key, value=value))
        self._database.memo.forget()

    def close(self) -> None:
        self._database.close()


def _configure(connection: Any, _record: object) -> None:
    # SQLAlchemy begins transactions itself (see _begin), so sqlite3 must not.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    # A writer that starts as a reader can fail on the upgrade; it takes the lock at once.
    write = connection.get_execution_options().get("hone_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
