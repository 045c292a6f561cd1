"""A database as a file: copied while it is used, and looked through for damage."""

import sqlite3
from contextlib import closing
from pathlib import Path

from labeling.errors import ProjectError

MOST = 20  # problems that are told of one kind


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that others may read and write meanwhile; the copy is of one moment."""
    try:
        with closing(_read_only(source)) as ours, closing(sqlite3.connect(target)) as theirs:
            ours.backup(theirs)
    except sqlite3.DatabaseError as error:
        raise ProjectError(
            f"The database {source} cannot be copied: {error}. If it is damaged, restore a backup."
        ) from error


def database_problems(file: Path) -> list[str]:
    """What is wrong in a database: damaged pages and indices, and rows that point to nowhere."""
    try:
        with closing(_read_only(file)) as connection:
            found = [row[0] for row in connection.execute(f"PRAGMA integrity_check({MOST})")]
            orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(MOST)
    except sqlite3.DatabaseError as error:
        return [f"{file.name}: {error}"]
    problems = [f"{file.name}: {text}" for text in found if text != "ok"]
    return problems + [
        f"{file.name}: row {row} of {table} points to a row of {parent} that is not there"
        for table, row, parent, _ in orphans
    ]


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=20.0)
