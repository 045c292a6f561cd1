"""Which answers count and as which class, after undos, withdrawals and merges."""

from typing import Any

import sqlalchemy as sa

from labeling.store.log import SPLIT
from labeling.store.sql.schema import ANSWERS, CLASSES, LOG, WITHDRAWALS


def _is_withdrawn(answers: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a change in force, such as a rewind, has withdrawn an answer."""
    return (
        sa.exists()
        .where(WITHDRAWALS.c.answer_id == answers.c.id, LOG.c.id == WITHDRAWALS.c.log_id)
        .where(LOG.c.in_force)
        .correlate(answers)
    )


def _leads_to(column: sa.Column[Any]) -> sa.Label[Any]:
    """The class that a class counts as, under the name of the column."""
    of = CLASSES.alias()
    query = sa.select(sa.func.coalesce(of.c.counts_as, of.c.id)).where(of.c.id == column)
    return query.correlate(ANSWERS).scalar_subquery().label(column.name)


_UNDO = ANSWERS.alias("undo")
_MAPPED = {name: _leads_to(ANSWERS.c[name]) for name in ("class_id", "predicted_class")}
COUNTED_CLASS = _MAPPED["class_id"]
IS_VALID = ~_is_withdrawn(ANSWERS)
IS_STANDING = IS_VALID & ~(
    sa.exists().where(_UNDO.c.undoes == ANSWERS.c.id, ~_is_withdrawn(_UNDO)).correlate(ANSWERS)
)
COLUMNS = tuple(_MAPPED.get(column.name, column) for column in ANSWERS.c)
COUNTED = sa.select(*COLUMNS)
VALID = COUNTED.where(IS_VALID)  # undos and what they undo, too
STANDING = COUNTED.where(ANSWERS.c.kind != "undo", IS_STANDING)

# Samples whose answers a split has withdrawn, so they are asked again.
ASKED_AGAIN = (
    sa.select(ANSWERS.c.sample_id)
    .join(WITHDRAWALS, WITHDRAWALS.c.answer_id == ANSWERS.c.id)
    .join(LOG, LOG.c.id == WITHDRAWALS.c.log_id)
    .where(LOG.c.in_force, LOG.c.kind == SPLIT)
    .group_by(ANSWERS.c.sample_id)
    .order_by(sa.func.min(ANSWERS.c.id))
)


def counts_as(class_id: int) -> sa.ColumnElement[bool]:
    """Whether an answer is a label of a class or of a class merged into it."""
    leads_there = sa.func.coalesce(CLASSES.c.counts_as, CLASSES.c.id) == class_id
    return ANSWERS.c.class_id.in_(sa.select(CLASSES.c.id).where(leads_there))
