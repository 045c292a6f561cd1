"""Queries: which samples to ask next. A query never sees a label that was not given."""

from collections.abc import Callable

import numpy as np

from models.pool import Floats, Indices, Picks, Pool
from models.queries.coverage import after_cold_start, is_warm, max_herding, uncertainty_herding
from models.queries.diversity import badge, core_set, dropquery
from models.queries.draws import power_chance, power_margin, random, uniform_chance
from models.queries.search import rare_class
from models.queries.typicality import typiclust
from models.queries.uncertainty import entropy, least_confidence, margin

__all__ = [
    "DEFAULT_QUERY",
    "QUERIES",
    "Query",
    "acting_query",
    "draw_probability",
    "random",
]

Query = Callable[[Pool, int, np.random.Generator], Picks]

DEFAULT_QUERY = "uncertainty_herding"
QUERIES: dict[str, Query] = {
    "random": random,
    "least_confidence": least_confidence,
    "margin": margin,
    "entropy": entropy,
    "power_margin": after_cold_start(power_margin),
    "max_herding": max_herding,
    "uncertainty_herding": uncertainty_herding,
    "core_set": core_set,
    "typiclust": typiclust,
    "badge": badge,
    "dropquery": dropquery,
    "rare_class": rare_class,
}
NEEDS_HEAD = {"least_confidence", "margin", "entropy", "power_margin", "badge", "dropquery"}


def acting_query(name: str, pool: Pool) -> str:
    """The query that really picks when `name` is asked.

    Before there is a head, queries that need one are `max_herding`, which is the best there is for
    a cold start. So is Uncertainty Herding until there are max(10, K) labels, and a search for a
    rare class before the first label. `random` is always random: it is the baseline.
    """
    if name in NEEDS_HEAD:
        return "max_herding" if pool.head is None else name
    if name == "uncertainty_herding":
        return name if is_warm(pool) else "max_herding"
    if name == "rare_class":
        return name if len(pool.labeled) else "max_herding"
    return name


def draw_probability(name: str, pool: Pool, rows: Indices) -> Floats | None:
    """The chance (m,) float32 that each of `rows` is the first draw of a query from the pool.

    0 where a row is not available; None where the query that really picks has no such chance.
    Mix it with the share e of uniform audits as e·draw_probability("random") + (1 - e)·this.
    """
    chance = {"random": uniform_chance, "power_margin": power_chance}.get(acting_query(name, pool))
    return None if chance is None else chance(pool, rows)
