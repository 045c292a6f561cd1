"""The lead: one of the processes that have a project open embeds it and trains."""

import os
import sys
import threading
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from labeling.errors import StorageError
from labeling.store.sql.engines import lock_number
from labeling.store.sql.error_mapping import AGAIN, UNREACHABLE

if sys.platform != "win32":
    import fcntl


class Lead(Protocol):
    """A claim to the lead, which ends with the process, even after a crash."""

    def win(self) -> bool:
        """Take the lead if it is free; whether this process has it now."""

    def give_back(self) -> None:
        """Give up the lead."""


class FileLead:
    """The lead of a project whose database is a file: a lock on another file beside it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._descriptor: int | None = None

    def win(self) -> bool:
        with self._lock:
            if self._descriptor is None:
                descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o644)
                try:
                    if sys.platform != "win32":
                        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    os.close(descriptor)
                    return False
                self._descriptor = descriptor
            return True

    def give_back(self) -> None:
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None


class AdvisoryLead:
    """The lead of a schema of PostgreSQL: an advisory lock on a connection kept for it.

    The server gives it to another process as soon as the connection ends.
    """

    def __init__(self, engine: sa.Engine, schema: str) -> None:
        self._engine = engine
        self._number = lock_number("lead", schema)
        self._lock = threading.Lock()
        self._connection: Any = None

    def win(self) -> bool:
        with self._lock:
            if self._connection is not None:
                if self._asked("SELECT true"):
                    return True
                self._drop()
            self._connection = self._connect()
            if self._asked(f"SELECT pg_try_advisory_lock({self._number})"):
                return True
            self._drop()
            return False

    def give_back(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._asked(f"SELECT pg_advisory_unlock({self._number})")
                self._drop()

    def _connect(self) -> Any:
        """A connection of the driver, outside the pool, which would share it."""
        try:
            pooled = self._engine.raw_connection()
        except (self._engine.dialect.loaded_dbapi.Error, sa.exc.SQLAlchemyError) as error:
            raise StorageError(f"{UNREACHABLE} {AGAIN}") from error
        pooled.detach()
        connection: Any = pooled.dbapi_connection
        connection.autocommit = True
        return connection

    def _asked(self, question: str) -> bool:
        """The server's answer; False if it answers no more."""
        try:
            return bool(self._connection.execute(question).fetchone()[0])
        except self._engine.dialect.loaded_dbapi.Error:
            return False

    def _drop(self) -> None:
        self._connection.close()
        self._connection = None
