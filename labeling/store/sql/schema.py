"""The tables as the code reads them; the migrations make them."""

import sqlalchemy as sa

METADATA = sa.MetaData()

SETTINGS = sa.Table(
    "settings",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.JSON, nullable=False),
)

IDENTITY = sa.Table(  # one row, never changed: which database this is
    "identity",
    METADATA,
    sa.Column("id", sa.String(32), nullable=False),
)

REVISIONS = sa.Table(  # how often the rows that every process caches have changed
    "revisions",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
)

SAMPLES = sa.Table(
    "samples",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False, unique=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("problem", sa.String),
)

FILES = sa.Table(
    "files",
    METADATA,
    sa.Column("path", sa.String, primary_key=True),
    sa.Column("sample_id", sa.ForeignKey("samples.id"), index=True),
    sa.Column("size", sa.BigInteger),
    sa.Column("mtime_ns", sa.BigInteger),
    sa.Column("problem", sa.String),
)

CLASSES = sa.Table(
    "classes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("folded_name", sa.String, nullable=False, unique=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("archived", sa.Boolean, nullable=False, default=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("merged_into", sa.ForeignKey("classes.id")),
    sa.Column("counts_as", sa.ForeignKey("classes.id")),  # the result of all merges; null: itself
    sa.Column("hotkey", sa.String),
    sa.Column("description", sa.String),
    sa.Column("examples", sa.JSON(none_as_null=True)),  # ids of samples
)

ANSWERS = sa.Table(
    "answers",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("client_id", sa.String, nullable=False, unique=True),
    sa.Column("sample_id", sa.ForeignKey("samples.id"), nullable=False, index=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("class_id", sa.ForeignKey("classes.id")),
    sa.Column("undoes", sa.ForeignKey("answers.id"), index=True),
    sa.Column("annotator", sa.String, nullable=False, index=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("seconds", sa.Float),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("round_id", sa.ForeignKey("rounds.id")),
    sa.Column("query", sa.String),
    sa.Column("score", sa.Float),
    sa.Column("acquisition_probability", sa.Float),
    sa.Column("predicted_class", sa.ForeignKey("classes.id")),
    sa.Column("predicted_confidence", sa.Float),
    sa.Column("shown", sa.Boolean, nullable=False),
    sa.Column("certificate_id", sa.ForeignKey("certificates.id"), index=True),
)

ROUNDS = sa.Table(
    "rounds",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("through", sa.Integer, nullable=False),
    sa.Column("backbone", sa.String, nullable=False),
    sa.Column("query", sa.String, nullable=False),
    sa.Column("head", sa.String, nullable=False),
    sa.Column("metrics", sa.JSON, nullable=False),
    sa.Column("seconds", sa.JSON, nullable=False),
)

LEASES = sa.Table(
    "leases",
    METADATA,
    sa.Column("sample_id", sa.ForeignKey("samples.id"), primary_key=True),
    sa.Column("holder", sa.String, nullable=False, index=True),
    sa.Column("until", sa.Float, nullable=False),
    sa.Column("round_id", sa.Integer),
    sa.Column("query", sa.String),
    sa.Column("score", sa.Float),
    sa.Column("acquisition_probability", sa.Float),
    sa.Column("predicted_class", sa.Integer),
    sa.Column("predicted_confidence", sa.Float),
    sa.Column("shown", sa.Boolean, nullable=False),
    sa.Column("earlier", sa.JSON(none_as_null=True)),  # the offer that this one replaced
)

OFFER_FIELDS = (
    "round_id",
    "query",
    "score",
    "acquisition_probability",
    "predicted_class",
    "predicted_confidence",
    "shown",
)

PEOPLE = sa.Table(
    "people",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("folded_name", sa.String, nullable=False, unique=True),
    sa.Column("email", sa.String, unique=True),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("secret_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("expires", sa.Float, nullable=False),
    sa.Column("revoked", sa.Float),
    sa.Column("seen", sa.Float),
)

CERTIFICATES = sa.Table(
    "certificates",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("round_id", sa.ForeignKey("rounds.id"), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("claim", sa.Float, nullable=False),
    sa.Column("alpha", sa.Float, nullable=False),
    sa.Column("bet", sa.JSON, nullable=False),
    sa.Column("ended", sa.Float),
    sa.Column("end", sa.String),
    sa.Column("result", sa.JSON, nullable=False),
    sa.Column("voided", sa.ForeignKey("log.id")),
)

CERTIFICATE_SAMPLES = sa.Table(
    "certificate_samples",
    METADATA,
    sa.Column("certificate_id", sa.ForeignKey("certificates.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("sample_id", sa.ForeignKey("samples.id"), nullable=False),
    sa.Column("predicted_class", sa.Integer, nullable=False),
    sa.Column("predicted_confidence", sa.Float, nullable=False),
)

# Who changed what; never altered, except `in_force`, which depends on later entries.
LOG = sa.Table(
    "log",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False, index=True),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("through", sa.Integer, nullable=False),  # the newest answer before it
    sa.Column("class_id", sa.ForeignKey("classes.id")),
    sa.Column("undoes", sa.ForeignKey("log.id")),
    sa.Column("edits", sa.JSON, nullable=False),  # [table, id, field, before, after], …
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Column("in_force", sa.Boolean, nullable=False),
)

# Answers that do not count while an entry is in force.
WITHDRAWALS = sa.Table(
    "withdrawals",
    METADATA,
    sa.Column("answer_id", sa.ForeignKey("answers.id"), primary_key=True),
    sa.Column("log_id", sa.ForeignKey("log.id"), primary_key=True),
)
