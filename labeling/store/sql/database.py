"""The database of one project: its transactions, and the nouns that are kept in it."""

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
from labeling.store.sql.revisions import RULES, Revisions


class Database:
    """A connection pool with two kinds of short transaction: read and write."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._reader, self._writer, self._asker = reader(engine), writer(engine), asker(engine)
        self._passer = passer(engine)
        # Threads queue here: in the database each would hold a connection while it waits.
        self._write_turn = threading.Lock()
        self.memo = Memo()  # of classes, people and settings
        self.revisions = Revisions()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent snapshot; never waits for a writer."""
        with told_plainly(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def ask(self) -> Iterator[sa.Connection]:
        """For one statement that reads: no transaction around it, so less to and fro."""
        with told_plainly(), self._asker.connect() as connection:
            yield connection

    @contextmanager
    def write(self, *, passing: bool = False) -> Iterator[sa.Connection]:
        """One transaction that has the turn from its start, on disk when it returns.

        In SQLite, what is `passing` does not wait for the disk: a power cut may undo it, with all
        that came after.
        """
        engine = self._passer if passing else self._writer
        with told_plainly(), self._write_turn, engine.begin() as connection:
            yield connection

    @contextmanager
    def change(self, what: str = RULES) -> Iterator[sa.Connection]:
        """A write of rows that every process keeps in mind, so that each hears of it."""
        with self.write() as connection:
            yield connection
            self.revisions.count(connection, what)
        self.revisions.own(what)
        self.memo.forget()

    def close(self) -> None:
        self.engine.dispose()
