"""Presence: whether the database's files are still those that were opened.

SQLite goes on with a file that was deleted, and does not look again at what it has read. So it
reports answers as written that no restart finds.
"""

import os
import sqlite3
import struct
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Protocol

from labeling.errors import LostError, StorageError
from labeling.store.sql.error_mapping import AGAIN

LOG_HEADER = struct.Struct(">I12xI")  # a magic number, and the salt of this run of the log
MAGIC = 0x377F0682  # or one more
MOST_RESETS = 2**20  # the salt goes up by one when the log starts again
NOT_OURS = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)  # or has no table
GLANCES = 3  # at a log that another process may be starting again just now
IDENTITY = "SELECT id FROM identity"
LOST = (
    "The project's database was {} while Hone was running, so nothing more can be stored. "
    f"{AGAIN} The person who runs Hone has to start it again: it then says how to restore the "
    "newest backup."
)


class Presence(Protocol):
    """What makes sure that a database is still there."""

    @property
    def keeper(self) -> sqlite3.Connection | None:
        """A connection that still reads a file which was deleted later; None for a server."""

    def check(self) -> None:
        """Raise LostError if what was written would not be found after a restart."""

    def close(self) -> None:
        """Stop looking."""


class ServerPresence:
    """A server looks after its files itself."""

    keeper = None

    def check(self) -> None:
        pass

    def close(self) -> None:
        pass


class FilePresence:
    """The files of SQLite: the database, its write-ahead log, and the index of that log.

    The database must not be opened to look into it, except by SQLite: closing it would end the
    locks of this process. The log has no such locks.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._log = str(path), f"{path}-wal"
        # SQLite deletes the log with the last connection, so one stays open. Only copies use it.
        self._address = f"{path.absolute().as_uri()}?mode=ro"
        self.keeper = sqlite3.connect(self._address, uri=True, check_same_thread=False)
        self._id = self.keeper.execute(IDENTITY).fetchone()
        files = (self._path, self._log, f"{path}-shm")
        # Some network disks have no write-ahead log.
        self._files = {file: _inode(os.stat(file)) for file in files if os.path.exists(file)}
        self._looked_at = _state(os.stat(path))
        self._salt: int | None = None
        self._lost = ""
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raise LostError if what was written would not be found after a restart.

        It costs some microseconds, as each write needs it. Once lost, a database stays so.
        """
        try:
            with self._lock:  # files are compared in the order in which they were looked at
                self._lost = self._lost or self._look()
        except FileNotFoundError:
            self._lost = "deleted"
        except OSError as error:
            raise StorageError(
                f"The project's database cannot be reached ({error.strerror}). {AGAIN}"
            ) from error
        if self._lost:
            raise LostError(LOST.format(self._lost))

    def close(self) -> None:
        self.keeper.close()

    def _look(self) -> str:
        """What has happened to the files; empty if nothing has."""
        for file, inode in self._files.items():
            found = os.stat(file)
            if _inode(found) != inode:
                return "deleted or replaced"
            if file == self._path and _state(found) != self._looked_at:
                # A checkpoint has written to it, which never makes it smaller, or somebody else.
                if found.st_size < self._looked_at[0] or not self._is_ours():
                    return "overwritten"
                self._looked_at = _state(found)
        return "" if self._has_whole_log() else "damaged (its write-ahead log was overwritten)"

    def _is_ours(self) -> bool:
        """Whether the file holds the same database, read by a connection that remembers nothing."""
        try:
            with closing(sqlite3.connect(self._address, uri=True)) as fresh:
                return bool(fresh.execute(IDENTITY).fetchone() == self._id)
        except sqlite3.DatabaseError as error:
            return getattr(error, "sqlite_errorcode", 0) & 0xFF not in NOT_OURS

    def _has_whole_log(self) -> bool:
        """Whether the log begins as SQLite has written it; it may not before the first write."""
        if self._log not in self._files:
            return True
        for glance in range(GLANCES):
            if glance:
                time.sleep(0.01)
            magic, salt = LOG_HEADER.unpack(self._log_header())
            resets = (salt - (self._salt or salt)) % 2**32
            if magic in (MAGIC, MAGIC + 1) and resets < MOST_RESETS:
                self._salt = salt
                return True
            if self._salt is None:
                return True
        return False

    def _log_header(self) -> bytes:
        descriptor = os.open(self._log, os.O_RDONLY)
        try:
            return os.read(descriptor, LOG_HEADER.size).ljust(LOG_HEADER.size, b"\0")
        finally:
            os.close(descriptor)


def _inode(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _state(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns
