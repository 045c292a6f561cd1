"""A whole database: copied while in use, moved into another, checked for damage."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from labeling.errors import ProjectError, StorageError
from labeling.store.mark import Mark
from labeling.store.sql.engines import reader, writer
from labeling.store.sql.error_mapping import told_plainly
from labeling.store.sql.schema import METADATA

if TYPE_CHECKING:
    from labeling.store.store import Store

MOST = 20  # problems of one kind that are listed
ROWS_AT_ONCE = 5000


def copy_database(source: "Store", target: Path) -> None:
    """Copy a database, which may be in use, into a file; the copy is of one moment."""
    if source.keeper is None:
        from labeling.store.store import Store

        with closing(Store(target)) as copy:
            copy_rows(source, copy)
        return
    try:
        with closing(sqlite3.connect(target)) as theirs:
            source.keeper.backup(theirs)
    except sqlite3.DatabaseError as error:
        raise ProjectError(
            f"The database {source.path} cannot be copied: {error}. "
            "If it is damaged, restore a backup."
        ) from error


def copy_rows(source: "Store", target: "Store") -> None:
    """Fill an empty database with the rows of another of either kind, one transaction each."""
    with (
        told_plainly(),
        reader(source.engine).begin() as ours,
        writer(target.engine).begin() as theirs,
    ):
        for table in METADATA.sorted_tables:
            _copy_table(table, ours, theirs)


def _copy_table(table: sa.Table, ours: sa.Connection, theirs: sa.Connection) -> None:
    theirs.execute(sa.delete(table))  # a migration has inserted some
    query = sa.select(table).order_by(*table.primary_key).execution_options(yield_per=ROWS_AT_ONCE)
    for part in ours.execute(query).partitions():
        theirs.execute(sa.insert(table), [dict(row._mapping) for row in part])
    if theirs.dialect.name == "postgresql" and table.autoincrement_column is not None:
        name = table.autoincrement_column.name
        theirs.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', '{name}'), max({name})) "
            f"FROM {table.name} HAVING max({name}) IS NOT NULL"
        )


def database_problems(store: "Store") -> list[str]:
    """The damage in a database: bad pages and indices, and rows that point to missing rows."""
    if store.path is not None:
        return file_problems(store.path)
    try:  # PostgreSQL forbids rows that point to missing rows; here every row is read
        with told_plainly(), reader(store.engine).begin() as connection:
            for table in METADATA.sorted_tables:
                connection.exec_driver_sql(f"SELECT count(t.*) FROM {table.name} t")
    except StorageError as error:
        return [str(error)]
    return []


def copy_problems(copy: Path, mark: Mark) -> list[str]:
    """The damage in a copy, and whether it is not of the database that had the mark before it."""
    if found := file_problems(copy):
        return found
    with closing(_read_only(copy)) as connection:
        query = "SELECT id, (SELECT max(id) FROM answers) FROM identity"
        identity, answer = connection.execute(query).fetchone()
    if identity != mark.identity:
        return [f"{copy.name}: it is of another project"]
    return [f"{copy.name}: it lacks the newest answers"] if (answer or 0) < mark.answer else []


def file_problems(file: Path) -> list[str]:
    """The same for a file of SQLite."""
    try:
        with closing(_read_only(file)) as connection:
            found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({MOST})")]
            orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(MOST)
    except sqlite3.DatabaseError as error:
        return [f"{file.name}: {error}"]
    problems = [f"{file.name}: {text}" for text in found if text != "ok"]
    return problems + [
        f"{file.name}: row {row} of {table} points to a row of {parent} that does not exist"
        for table, row, parent, _ in orphans
    ]


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=20.0)
