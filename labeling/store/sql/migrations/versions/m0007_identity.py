"""A random id: it shows whether a database is the same one as before."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    table = op.create_table("identity", sa.Column("id", sa.String(32), nullable=False))
    op.bulk_insert(table, [{"id": uuid4().hex}])
