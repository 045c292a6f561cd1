"""Queries: which samples to ask next. A query never sees a label that was not given."""

from collections.abc import Callable
from dataclasses import dataclass

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


def always(pool: Pool) -> bool:
    """A query that can pick from any pool."""
    return True


def has_head(pool: Pool) -> bool:
    """A query that needs a head."""
    return pool.head is not None


def has_label(pool: Pool) -> bool:
    """A query that needs a label."""
    return len(pool.labeled) > 0


def unsaid(score: float, classes: int) -> str:
    """A score that means nothing to a person."""
    return ""


@dataclass(frozen=True)
class Query:
    """One query, with all its texts.

    Attributes
    ----------
    pick : picks n rows of a pool, best first.
    title : its name on screen, in plain words.
    method : its name in the literature.
    words : one or two sentences on what it picks, for the person who chooses.
    reason : why a sample is shown; displayed next to it.
    measure : (score, number of classes) in words; empty if the score means nothing to a person.
    is_ready : whether it can pick from a pool; until then MaxHerding replaces it, the best
        cold start.
    chance : the chance (m,) of rows to be its first draw; None if it does not draw at random.
    """

    pick: Callable[[Pool, int, np.random.Generator], Picks]
    title: str
    method: str
    words: str
    reason: str
    measure: Callable[[float, int], str] = unsaid
    is_ready: Callable[[Pool], bool] = always
    chance: Callable[[Pool, Indices], Floats] | None = None

    def __call__(self, pool: Pool, n: int, rng: np.random.Generator) -> Picks:
        """Pick n rows of a pool, best first."""
        return self.pick(pool, n, rng)


def _percent(share: float) -> str:
    """A share in whole percent, which are all that a person needs here."""
    return "under 1%" if share < 0.005 else f"{share:.0%}"


DEFAULT_QUERY = "uncertainty_herding"
QUERIES: dict[str, Query] = {  # in the order of the screen
    "uncertainty_herding": Query(
        uncertainty_herding,
        "Most useful first (best)",
        "Uncertainty Herding",
        "Uncertain ones that represent many others. Fewest labels in our measurements.",
        "represents many that the model is unsure of",
        lambda score, _: f"its label would cover {_percent(score)} more of the uncertain ones",
        is_ready=is_warm,
    ),
    "dropquery": Query(
        dropquery,
        "Unstable guesses",
        "DropQuery",
        "Images whose guess changes when some of the model's inputs are left out, spread over all "
        "the whole.",
        "the guess changes when some of the model's inputs are left out",
        is_ready=has_head,
    ),
    "power_margin": Query(
        after_cold_start(power_margin),
        "Close calls, drawn at random",
        "power margin",
        "Draws at random, close calls more often. Needs slightly more labels, but the chance of "
        "each draw is known, which gives the most precise accuracy figures.",
        "drawn at random; two close classes make it likelier",
        is_ready=has_head,
        chance=power_chance,
    ),
    "badge": Query(
        badge,
        "Largest change to the model",
        "BADGE",
        "Images that would change the model most, in different directions.",
        "its label would change the model much, in a new direction",
        is_ready=has_head,
    ),
    "margin": Query(
        margin,
        "Close calls",
        "margin",
        "The two likeliest classes are close. Good with many labels.",
        "two classes are close",
        lambda score, _: f"their chances are {100 * (1 - score):.0f} points apart",
        is_ready=has_head,
    ),
    "least_confidence": Query(
        least_confidence,
        "Least sure guesses",
        "least confidence",
        "The likeliest class has a low chance.",
        "the model is least confident here",
        lambda score, _: f"all other classes together have a chance of {score:.0%}",
        is_ready=has_head,
    ),
    "entropy": Query(
        entropy,
        "Undecided over all classes",
        "entropy",
        "The chances are spread over many classes. Poor with few labels.",
        "the model is undecided here",
        lambda score, classes: (
            f"undecided to {score / np.log(classes):.0%} of the maximum" if classes > 1 else ""
        ),
        is_ready=has_head,
    ),
    "rare_class": Query(
        rare_class,
        "Search for a rare class",
        "nearest neighbours",
        "Looks near the labels of the class with the fewest of them: for very rare classes.",
        "close to the labels of a rare class",
        is_ready=has_label,
    ),
    "typiclust": Query(
        typiclust,
        "Most typical first",
        "TypiClust",
        "The most typical one of each part of the whole.",
        "typical of a part that has no label yet",
    ),
    "max_herding": Query(
        max_herding,
        "Images that represent many others",
        "MaxHerding",
        "Images that represent many others, whatever the model predicts.",
        "represents many that no label covers yet",
        lambda score, _: f"its label would cover {_percent(score)} more of the whole",
    ),
    "core_set": Query(
        core_set,
        "Far from everything labeled",
        "core-set",
        "Images that are far from everything labeled; finds the odd ones.",
        "far from every image that has a label",
    ),
    "random": Query(
        random,
        "At random",
        "uniform random draws",
        "The baseline: every image has the same chance.",
        "picked at random",
        chance=uniform_chance,
    ),
}


def acting_query(name: str, pool: Pool) -> str:
    """The query that really picks for `name`.

    `max_herding`, the best cold start, replaces queries that need a head until there is
    one, for Uncertainty Herding until there are max(10, K) labels, and for a search for a rare
    class before the first label. `random` is always random: it is the baseline.
    """
    return name if QUERIES[name].is_ready(pool) else "max_herding"


def draw_probability(name: str, pool: Pool, rows: Indices) -> Floats | None:
    """The chance (m,) float32 that each of `rows` is the first draw of a query from the pool.

    0 where a row is not available; None where the query that really picks has no such chance.
    Mix it with the share e of uniform audits as e·draw_probability("random") + (1 - e)·this.
    """
    chance = QUERIES[acting_query(name, pool)].chance
    return None if chance is None else chance(pool, rows)
