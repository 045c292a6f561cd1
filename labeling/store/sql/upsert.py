"""Insert rows that may exist already, in the SQL of either database."""

from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


@cache
def insert_new(table: sa.Table, dialect: str) -> sa.Executable:
    """Insert missing rows; leave existing ones as they are."""
    return _insert(table, dialect).on_conflict_do_nothing()


@cache
def insert_or_replace(table: sa.Table, dialect: str) -> sa.Executable:
    """Insert rows; existing rows of the same primary key get the new values."""
    statement = _insert(table, dialect)
    key = {column.name for column in table.primary_key}
    values = {one.name: statement.excluded[one.name] for one in table.c if one.name not in key}
    return statement.on_conflict_do_update(index_elements=sorted(key), set_=values)


def _insert(table: sa.Table, dialect: str) -> "sqlite.Insert | postgresql.Insert":
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
