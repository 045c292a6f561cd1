"""Everything a browser needs to show one sample: name, pre-label, and why it was picked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from labeling.store import Offer, Sample
from models.queries import QUERIES

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round

NEIGHBOURS = 3
View = tuple[dict[int, float], list[tuple[str, int]]]  # probabilities and neighbours of a card
UNSEEN: View = ({}, [])
# Why a sample is shown if no query has picked it.
REASONS = {
    "unscored": "picked at random: the model has not seen it yet",
    "audit": "a blind check: picked at random and shown without a guess, so that the accuracy "
    "figure stays honest",
    "overlap": "shown without a guess, so that answers of several people can be compared",
    "split": "its class was split: shown again without a guess, so that you choose again",
    "certificate": "a blind check for the certificate: picked at random, shown without a guess",
    "grid": "chosen for its predicted class",
    "again": "brought back by you",
    "skipped": "skipped before; nothing else is left",
}


@dataclass(frozen=True)
class Card:
    """One sample for a browser.

    `measure` is the query's score in words. `probabilities` maps class ids to probabilities,
    largest first. `neighbours` are (sample id, class id) of the nearest labeled samples. All three
    are empty for a blind sample.
    """

    sample_id: str
    name: str
    copies: int
    query: str
    reason: str
    round_id: int | None
    probabilities: dict[int, float]
    neighbours: list[tuple[str, int]]
    measure: str = ""


def make_cards(
    offers: Sequence[Offer],
    samples: Mapping[str, Sample],
    round_: "Round | None",
    merged: Mapping[int, int] = MappingProxyType({}),
) -> list[Card]:
    """The cards of offers. The prediction for a blind sample stays on the server.

    `merged` are classes that now count as another class: a restored head may still know them.
    """
    shown = [one.sample_id for one in offers if one.shown]
    views = {} if round_ is None else _views(round_, shown, merged)
    return [_card(one, samples[one.sample_id], views.get(one.sample_id, UNSEEN)) for one in offers]


def _card(offer: Offer, sample: Sample, view: View) -> Card:
    probabilities, neighbours = view
    return Card(
        sample_id=offer.sample_id,
        name=sample.paths[0] if sample.paths else offer.sample_id[:12],
        copies=len(sample.paths),
        query=offer.query,
        reason=_reason(offer.query),
        round_id=offer.round_id,
        probabilities=probabilities,
        neighbours=neighbours,
        measure=_measure(offer, len(probabilities)),
    )


def _views(
    round_: "Round", sample_ids: Sequence[str], merged: Mapping[int, int]
) -> dict[str, View]:
    """The head's predictions for the samples that have a row, read in one step."""
    from models.evidence.explain import nearest_labeled

    table, snapshot = round_.table, round_.snapshot
    found = zip(sample_ids, table.rows(sample_ids).tolist(), strict=True)
    placed = {key: row for key, row in found if row >= 0}
    if round_.head is None or not placed:
        return {}
    rows = np.array(list(placed.values()), dtype=np.int64)
    class_of = dict(zip(snapshot.rows.tolist(), snapshot.labels.tolist(), strict=True))
    proba = round_.predict(rows)
    order = np.argsort(-proba, kind="stable")
    classes = round_.head.classes[order].tolist()
    values = np.take_along_axis(proba, order, axis=1).astype(float).round(4).tolist()
    near = nearest_labeled(table.features, rows, snapshot.rows, NEIGHBOURS)
    return {
        key: (
            _summed(zip(classes[at], values[at], strict=True), merged),
            [(table.id(row), class_of[row]) for row in near[at][0].tolist()],
        )
        for at, key in enumerate(placed)
    }


def _summed(chances: Iterable[tuple[int, float]], merged: Mapping[int, int]) -> dict[int, float]:
    """Probabilities by class, largest first; those of merged classes are summed."""
    found: dict[int, float] = {}
    for class_id, value in chances:
        end = merged.get(class_id, class_id)
        found[end] = found.get(end, 0.0) + value
    return dict(sorted(found.items(), key=lambda item: -item[1])) if merged else found


def _reason(query: str) -> str:
    return QUERIES[query].reason if query in QUERIES else REASONS.get(query, query)


def _measure(offer: Offer, classes: int) -> str:
    """The query's score in words; empty for a blind sample or a score without a meaning."""
    score = offer.score
    is_blind = offer.predicted_class is not None and not offer.shown
    if is_blind or score is None or not np.isfinite(score) or offer.query not in QUERIES:
        return ""
    return QUERIES[offer.query].measure(score, classes)
