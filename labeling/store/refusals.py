"""Why a class cannot be labeled with, in words that say what to do instead."""

import sqlalchemy as sa

from labeling.store.log import SPLIT, entries
from labeling.store.sql.schema import CLASSES, LOG


def why_not_class(connection: sa.Connection, class_id: int) -> str:
    """What to tell a person whose answer names a class that is there no more."""
    row = None
    if 0 < class_id < 2**63:  # what a database holds
        query = sa.select(CLASSES).where(CLASSES.c.id == class_id)
        row = connection.execute(query).one_or_none()
    if row is None:
        return f"There is no class {class_id} any more; choose another class."
    splits = entries(
        connection, LOG.c.class_id == class_id, LOG.c.kind == SPLIT, LOG.c.in_force.is_(True)
    )
    if splits:
        parts = sa.select(CLASSES.c.name).where(CLASSES.c.id.in_(splits[-1].detail["parts"]))
        names = [f"“{name}”" for name in connection.scalars(parts.order_by(CLASSES.c.position))]
        return f"“{splits[-1].detail['name']}” was split: choose {' or '.join(names)}."
    return f"“{row.name}” is not a class any more: choose another class."
