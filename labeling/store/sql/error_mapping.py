"""Faults: a database's errors in plain words, with what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from labeling.errors import DamagedError, StorageError, UnstorableError

AGAIN = "What is not saved yet waits in the browser and is sent again."
SQLITE = {
    "SQLITE_FULL": "The disk is full; make room for the project's folder.",
    "SQLITE_READONLY": "The project's database is read-only; give the server the right to write.",
    "SQLITE_CANTOPEN": "The project's database cannot be opened; check its folder.",
    "SQLITE_BUSY": "Another process has kept the project's database locked for too long.",
    "SQLITE_IOERR": "The disk of the project's database cannot be read or written, or is full.",
}
DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002")
POSTGRES = {
    "53100": "The disk of the database is full; make room on its server.",
    "25006": "The database is read-only at the moment.",
    "55P03": "Another process has kept the project's database locked for too long.",
}
GONE = ("08", "53", "57P", "25P03")  # no connection, nothing left to serve it, shut down, cut off
UNREACHABLE = "The database cannot be reached just now."


@contextmanager
def told_plainly() -> Iterator[None]:
    """Raise a StorageError for an error that makes a database unusable, even for a moment."""
    try:
        yield
    except sa.exc.TimeoutError as error:  # too many wait for a connection
        raise StorageError(f"The database does not keep up. {AGAIN}") from error
    except sa.exc.DataError as error:
        raise UnstorableError(f"The database cannot hold this value: {_first(error)}.") from error
    except sa.exc.DBAPIError as error:
        if is_damage(error):
            raise DamagedError(
                f"The project's database is damaged ({_first(error)}). Stop Hone, look at it by "
                "“python -m labeling verify”, and restore a backup."
            ) from error
        if (reason := _reason(error)) is None:
            raise
        raise StorageError(f"{reason} {AGAIN}") from error


def is_damage(error: sa.exc.DBAPIError) -> bool:
    """Whether the database exists but is damaged."""
    return _code(error).startswith(DAMAGED)


def _reason(error: sa.exc.DBAPIError) -> str | None:
    """Why a database could not be used; None for errors of other kinds."""
    code = _code(error)
    for known, text in (SQLITE | POSTGRES).items():
        if code.startswith(known):
            return text
    is_gone = error.connection_invalidated or code.startswith(GONE)
    silent = not code and isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
    return UNREACHABLE if is_gone or silent else None


def _code(error: sa.exc.DBAPIError) -> str:
    """SQLite's name of an error, or PostgreSQL's five characters, or empty."""
    origin = error.orig
    code = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None)
    return code or ""


def _first(error: sa.exc.DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]
