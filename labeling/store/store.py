"""Everything that a project remembers."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from labeling.errors import ProjectError, StorageError
from labeling.paths import LEAD
from labeling.store.answers import Answers
from labeling.store.backups import offered_backup
from labeling.store.certificates import Certificates
from labeling.store.class_lists import ClassLists
from labeling.store.classes import Classes
from labeling.store.history import History
from labeling.store.leases import Leases
from labeling.store.log import Log
from labeling.store.merge_split import Reshaping
from labeling.store.people import People
from labeling.store.rounds import Rounds
from labeling.store.samples import Samples
from labeling.store.sql.database import Database
from labeling.store.sql.engines import (
    postgres_engine,
    sqlite_engine,
)
from labeling.store.sql.leader_lock import AdvisoryLead, FileLead, Lead
from labeling.store.sql.migration import migrate
from labeling.store.sql.presence import FilePresence
from labeling.store.sql.revisions import Pulse
from labeling.store.sql.schema import SETTINGS


class Store:
    """Everything that a project remembers, one attribute for each noun.

    It is kept in the file `path`, or in a `schema` of the PostgreSQL database that `url` names.
    """

    def __init__(self, path: Path, url: str | None = None, schema: str = "hone") -> None:
        self.path = path if url is None else None
        engine = sqlite_engine(path) if url is None else postgres_engine(url, schema)
        self._database = Database(engine)
        self.lead: Lead = (
            FileLead(path.with_name(LEAD)) if url is None else AdvisoryLead(engine, schema)
        )
        try:
            with self._database.write() as connection:
                migrate(connection, None if url is None else schema)
            if url is None:
                self._database.guard(FilePresence(path))
        except ProjectError:
            self.close()
            raise
        except (StorageError, sa.exc.DatabaseError, sqlite3.DatabaseError) as error:
            self.close()
            raise ProjectError(_cannot_open(path if url is None else None, error)) from error
        self.samples = Samples(self._database)
        self.classes = Classes(self._database)
        self.class_lists = ClassLists(self._database)
        self.reshaping = Reshaping(self._database)
        self.history = History(self._database)
        self.log = Log(self._database)
        self.answers = Answers(self._database)
        self.rounds = Rounds(self._database)
        self.leases = Leases(self._database)
        self.certificates = Certificates(self._database)
        self.people = People(self._database)

    @property
    def engine(self) -> sa.Engine:
        """The whole database, for copies and checks."""
        return self._database.engine

    @property
    def keeper(self) -> sqlite3.Connection | None:
        """A connection to the file that still reads it when it was deleted; for copies."""
        return self._database.presence.keeper

    def check(self) -> None:
        """Raise LostError if the database was deleted or replaced since it was opened."""
        self._database.presence.check()

    def setting(self, key: str, default: Any = None) -> Any:
        """The stored value of a setting, or the default."""
        value = self._database.memo.get(("setting", key), lambda: self._setting(key))
        return default if value is None else value

    def _setting(self, key: str) -> Any:
        with self._database.ask() as connection:
            return connection.scalar(sa.select(SETTINGS.c.value).where(SETTINGS.c.key == key))

    def set(self, key: str, value: Any) -> None:
        """Store one setting (any JSON value)."""
        self.revise(key, lambda _: value)

    def revise(self, key: str, revised: Callable[[Any], Any]) -> Any:
        """Store and return what `revised` makes of a setting (None if it is not set).

        Nobody else can change the setting meanwhile, so two people's changes both last.
        """
        with self._database.change() as connection:
            query = sa.select(SETTINGS.c.value).where(SETTINGS.c.key == key)
            value = revised(connection.scalar(query))
            connection.execute(sa.delete(SETTINGS).where(SETTINGS.c.key == key))
            connection.execute(sa.insert(SETTINGS).values(key=key, value=value))
        return value

    def pulse(self) -> Pulse:
        """The counters that show whether other processes have written; cheap to read."""
        with self._database.ask() as connection:
            return self._database.revisions.read(connection)

    def look_again(self) -> None:
        """Forget cached rows that another process has changed."""
        self._database.memo.forget()

    def trial(self) -> AbstractContextManager[None]:
        """A block of this thread whose writes are refused as they would be, and else undone."""
        return self._database.trial()

    def close(self) -> None:
        self.lead.give_back()
        self._database.close()


def _cannot_open(path: Path | None, error: Exception) -> str:
    cause = error.__cause__ or error
    reason = str(getattr(cause, "orig", None) or cause).strip()
    if path is None:
        return (
            f"The PostgreSQL database of HONE_DATABASE_URL cannot be used: {reason}. Look whether "
            "it runs, and whether its user may connect and CREATE in it."
        )
    return (
        f"The project's database {path} cannot be opened: {reason}. "
        f"If it is damaged, {offered_backup(path.parent)}; if its folder is read-only, "
        "choose another project folder."
    )
