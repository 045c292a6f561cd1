"""Engines: a project's database is a file in its folder, or a schema of a PostgreSQL database.

Both give the same two kinds of transaction. A reader sees one moment and waits for nobody. Writers
take turns from their first statement to the end of their commit, across threads, processes and
machines. So the ids of answers are in the order of their commits, and a process that has read all
answers up to an id has missed none before it.
"""

import hashlib
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

PATIENCE = 20  # seconds that a writer waits for its turn
IDLE = 60  # seconds after which PostgreSQL ends a transaction whose process has stopped
CONNECT = 5  # seconds without an answer before a server counts as unreachable
FRESH = 2.0  # seconds after its last use before a connection is checked again
CONNECTIONS, MORE = 8, 40  # kept open, and opened for a short time under load

WRITE = {"hone_write": True}
PASSING = WRITE | {"hone_passing": True}


def sqlite_engine(path: Path) -> sa.Engine:
    """The engine of a file."""
    # Not as text: a folder's name may contain ? or %.
    url = sa.URL.create("sqlite", database=str(path))
    arguments = {"timeout": float(PATIENCE), "check_same_thread": False}
    engine = sa.create_engine(url, connect_args=arguments, hide_parameters=True)
    sa.event.listen(engine, "connect", _configure)
    sa.event.listen(engine, "begin", _begin)
    return engine


def postgres_engine(text: str, schema: str) -> sa.Engine:
    """The engine of a schema, with connections that survive a restart of the server."""
    url, secret = _parsed(text)
    engine = sa.create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=MORE,
        pool_timeout=PATIENCE,
        connect_args={"connect_timeout": CONNECT, "application_name": "hone", **secret},
        hide_parameters=True,
        isolation_level="READ COMMITTED",  # a writer sees all that was committed before its turn
    )
    settings = (
        f'SET search_path TO "{schema}"; SET lock_timeout = {PATIENCE * 1000}; '
        f"SET idle_in_transaction_session_timeout = {IDLE * 1000}"
    )
    turn = f"SELECT pg_advisory_xact_lock({lock_number('write', schema)})"

    def configure(connection: Any, _record: object) -> None:
        connection.execute(settings)
        connection.commit()

    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if options.get("hone_write", False):
            connection.exec_driver_sql(turn)

    _ask_after_a_pause(engine)
    sa.event.listen(engine, "connect", configure)
    sa.event.listen(engine, "begin", begin)
    return engine


def _ask_after_a_pause(engine: sa.Engine) -> None:
    """Check that a connection is still alive, except shortly after its last use."""

    def look_whether_alive(connection: Any, record: Any, _proxy: object) -> None:
        used = record.info.get("used")
        if used is not None and time.monotonic() < used + FRESH:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.InvalidatePoolError() from error  # the pool makes new ones

    def remember(_connection: object, record: Any) -> None:
        record.info["used"] = time.monotonic()

    sa.event.listen(engine, "checkout", look_whether_alive)
    sa.event.listen(engine, "checkin", remember)


def reader(engine: sa.Engine) -> sa.Engine:
    """The engine for transactions that see one moment."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine  # in SQLite any transaction does


def asker(engine: sa.Engine) -> sa.Engine:
    """The engine for single statements, each of which sees one moment by itself."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    return engine


def writer(engine: sa.Engine) -> sa.Engine:
    """The engine for transactions that first wait for their turn."""
    return engine.execution_options(**WRITE)


def passer(engine: sa.Engine) -> sa.Engine:
    """The engine for writes that a power cut may undo, newest first; a crash may not.

    In SQLite they do not wait for the disk, so nobody waits long behind them. PostgreSQL would lose
    them in its own crash too, and give images to two people, so there they wait.
    """
    return engine.execution_options(**PASSING)


def lock_number(purpose: str, schema: str) -> int:
    """The number of a schema's lock among the advisory locks of its database."""
    digest = hashlib.sha256(f"hone:{purpose}:{schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _parsed(text: str) -> tuple[sa.URL, dict[str, Any]]:
    """The address, and its parts that must never be shown; the URL itself hides its password."""
    url = sa.make_url(text)
    secret = {name: value for name, value in url.query.items() if name.endswith("password")}
    return url.difference_update_query(secret).set(drivername="postgresql+psycopg"), secret


def _configure(connection: Any, _record: object) -> None:
    # SQLAlchemy begins transactions itself (see _begin), so sqlite3 must not.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    # A writer that starts as a reader can fail on the upgrade; it takes the lock at once.
    options = connection.get_execution_options()
    write = options.get("hone_write", False)
    care = "NORMAL" if options.get("hone_passing", False) else "FULL"
    if write and connection.info.get("care", "FULL") != care:
        connection.exec_driver_sql(f"PRAGMA synchronous={care}")
        connection.info["care"] = care
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
