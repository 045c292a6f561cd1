"""The database of one project: its transactions."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from labeling.store.sql.engines import (
    asker,
    passer,
    reader,
    writer,
)
from labeling.store.sql.error_mapping import told_plainly
from labeling.store.sql.memo import Memo
from labeling.store.sql.presence import Presence, ServerPresence
from labeling.store.sql.revisions import RULES, Revisions
from labeling.store.sql.schema import IDENTITY


class Database:
    """A connection pool with two kinds of short transaction: read and write."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._reader, self._writer, self._asker = reader(engine), writer(engine), asker(engine)
        self._passer = passer(engine)
        # Threads queue here: in the database each waiting thread would hold a connection.
        self._write_turn = threading.Lock()
        self._trial = threading.local()
        self.memo = Memo()  # of classes, people and settings
        self.revisions = Revisions()
        self.presence: Presence = ServerPresence()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that reads one consistent snapshot; it never waits for a writer."""
        with told_plainly(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def ask(self) -> Iterator[sa.Connection]:
        """A connection for one reading statement: without a transaction, so fewer round trips."""
        with told_plainly(), self._asker.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, passing: bool = False) -> Iterator[sa.Connection]:
        """A transaction that has its turn from the start and is on disk when it returns.

        Raises LostError if the database was deleted or replaced meanwhile.

        In SQLite, a `passing` write does not wait for the disk: a power cut may undo it and all
        later ones.
        """
        engine = self._passer if passing else self._writer
        try:
            with told_plainly(), self._write_turn, engine.begin() as connection:
                yield connection
                if self._tries and (transaction := connection.get_transaction()) is not None:
                    transaction.rollback()
        finally:  # what was refused may have been compared with the rows of another database
            self.presence.check()

    @contextmanager
    def trial(self) -> Iterator[None]:
        """A block of this thread whose writes are refused as they would be, and else undone."""
        self._trial.on = True
        try:
            yield
        finally:
            self._trial.on = False

    @property
    def _tries(self) -> bool:
        return getattr(self._trial, "on", False)

    @contextmanager
    def change(self, what: str = RULES) -> Iterator[sa.Connection]:
        """A write of rows that every process caches; it counts up their revision."""
        with self.write() as connection:
            yield connection
            self.revisions.count(connection, what)
        if not self._tries:
            self.revisions.own(what)
        self.memo.forget()

    def guard(self, presence: Presence) -> None:
        """Let nothing be written to a database that is lost, nor anybody connect to it.

        A new connection would make a new log, and its frames would hide the ones of the old log
        from the connections that still read that.
        """
        self.presence = presence
        sa.event.listen(self.engine, "do_connect", lambda *_: presence.check())

    def identity(self) -> str:
        """The random id of this database."""
        with self.ask() as connection:
            return str(connection.scalar(sa.select(IDENTITY.c.id)))

    def close(self) -> None:
        self.presence.close()
        self.engine.dispose()
