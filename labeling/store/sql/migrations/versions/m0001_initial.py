"""The first tables: settings, samples, files, classes, rounds, answers, leases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _pool_tables()
    _round_tables()
    _answer_tables()


def _pool_tables() -> None:
    op.create_table(
        "settings",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
    )
    op.create_table(
        "samples",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("problem", sa.String),
    )
    op.create_table(
        "files",
        sa.Column("path", sa.String, primary_key=True),
        sa.Column("sample_id", sa.String(64), sa.ForeignKey("samples.id"), index=True),
        sa.Column("size", sa.BigInteger),
        sa.Column("mtime_ns", sa.BigInteger),
        sa.Column("problem", sa.String),
    )


def _round_tables() -> None:
    op.create_table(
        "classes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("folded_name", sa.String, nullable=False, unique=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
    )
    op.create_table(
        "rounds",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("through", sa.Integer, nullable=False),
        sa.Column("backbone", sa.String, nullable=False),
        sa.Column("query", sa.String, nullable=False),
        sa.Column("head", sa.String, nullable=False),
        sa.Column("metrics", sa.JSON, nullable=False),
        sa.Column("seconds", sa.JSON, nullable=False),
    )


def _answer_tables() -> None:
    op.create_table(
        "answers",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("client_id", sa.String, nullable=False, unique=True),
        sa.Column(
            "sample_id", sa.String(64), sa.ForeignKey("samples.id"), nullable=False, index=True
        ),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("class_id", sa.Integer, sa.ForeignKey("classes.id")),
        sa.Column("undoes", sa.Integer, sa.ForeignKey("answers.id"), index=True),
        sa.Column("annotator", sa.String, nullable=False, index=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("seconds", sa.Float),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("round_id", sa.Integer, sa.ForeignKey("rounds.id")),
        *_offer_columns(),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leases",
        sa.Column("sample_id", sa.String(64), sa.ForeignKey("samples.id"), primary_key=True),
        sa.Column("holder", sa.String, nullable=False, index=True),
        sa.Column("until", sa.Float, nullable=False),
        sa.Column("round_id", sa.Integer),
        *_offer_columns(),
    )


def _offer_columns() -> list[sa.Column[object]]:
    """Why a sample was shown, and what the model predicted then."""
    return [
        sa.Column("query", sa.String),
        sa.Column("score", sa.Float),
        sa.Column("acquisition_probability", sa.Float),
        sa.Column("predicted_class", sa.Integer),
        sa.Column("predicted_confidence", sa.Float),
        sa.Column("shown", sa.Boolean, nullable=False),
    ]
