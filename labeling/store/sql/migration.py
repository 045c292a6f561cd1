"""Migration: bring a database's tables to the form that this Hone uses."""

import threading
from pathlib import Path

import sqlalchemy as sa

from labeling.errors import ProjectError

SCRIPTS = Path(__file__).with_name("migrations")
# Each file's number is its revision: m0004_people.py has "0004".
NEWEST = max(file.stem[1:5] for file in (SCRIPTS / "versions").glob("m[0-9]*.py"))

_MIGRATING = threading.Lock()  # Alembic keeps its context in a global


def migrate(connection: sa.Connection, schema: str | None = None) -> None:
    """Bring the tables up to date, in the transaction of the connection.

    Creates a `schema` of PostgreSQL if needed. Raises ProjectError if a newer Hone made the tables.
    """
    if schema is not None and not sa.inspect(connection).has_schema(schema):
        connection.execute(sa.schema.CreateSchema(schema))
    if _revision(connection) == NEWEST:
        return  # importing Alembic takes a third of a second, which would delay the first image
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        with _MIGRATING:
            command.upgrade(config, "head")
    except CommandError as error:
        raise ProjectError(
            f"This project was made by a newer Hone ({error}); update Hone to open it."
        ) from error


def _revision(connection: sa.Connection) -> str | None:
    """The revision of the tables; None for a new database."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)
