"""Certificates, their samples in the order of their draws, and the answers based on them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("round_id", sa.Integer, sa.ForeignKey("rounds.id"), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("claim", sa.Float, nullable=False),
        sa.Column("alpha", sa.Float, nullable=False),
        sa.Column("bet", sa.JSON, nullable=False),
        sa.Column("ended", sa.Float),
        sa.Column("end", sa.String),
        sa.Column("result", sa.JSON, nullable=False),
    )
    op.create_table(
        "certificate_samples",
        sa.Column("certificate_id", sa.Integer, sa.ForeignKey("certificates.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("sample_id", sa.String(64), sa.ForeignKey("samples.id"), nullable=False),
        sa.Column("predicted_class", sa.Integer, nullable=False),
        sa.Column("predicted_confidence", sa.Float, nullable=False),
    )
    op.add_column("answers", sa.Column("certificate_id", sa.Integer))
    op.create_index("ix_answers_certificate_id", "answers", ["certificate_id"])
