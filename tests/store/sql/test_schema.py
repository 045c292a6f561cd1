"""The schema: what the migrations make is what the code reads."""

from dataclasses import fields

import sqlalchemy as sa

from labeling.store import Answer, Store
from labeling.store.sql.schema import METADATA


def test_the_migrations_make_the_tables_that_the_code_reads(store: Store) -> None:
    found = sa.inspect(store.engine)
    for table in METADATA.sorted_tables:
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert set(columns) == {column.name for column in table.columns}, table.name
        for column in table.columns:
            if column.nullable is False:
                made = columns[column.name]
                assert not made["nullable"] or column.primary_key, (table.name, column.name)


def test_the_python_side_of_an_answer_matches_its_table() -> None:
    assert [field.name for field in fields(Answer)] == [
        column.name for column in METADATA.tables["answers"].columns
    ]
