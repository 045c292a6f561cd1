"""Changes of classes and rewinds while people label, and who made them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "log",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False, index=True),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("through", sa.Integer, nullable=False),
        sa.Column("class_id", sa.Integer, sa.ForeignKey("classes.id")),
        sa.Column("undoes", sa.Integer, sa.ForeignKey("log.id")),
        sa.Column("edits", sa.JSON, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("in_force", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "withdrawals",
        sa.Column("answer_id", sa.Integer, sa.ForeignKey("answers.id"), primary_key=True),
        sa.Column("log_id", sa.Integer, sa.ForeignKey("log.id"), primary_key=True),
    )
    # No constraint: SQLite could only add one by copying the table, to which others refer.
    for name, kind in (
        ("merged_into", sa.Integer),
        ("counts_as", sa.Integer),
        ("hotkey", sa.String),
        ("description", sa.String),
        ("examples", sa.JSON),
    ):
        op.add_column("classes", sa.Column(name, kind))
    op.add_column("certificates", sa.Column("voided", sa.Integer))
