"""What a browser needs to show one sample: its name, its pre-label, and why it was picked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labeling.store import Offer, Sample

if TYPE_CHECKING:
    from labeling.rounds import Round

NEIGHBOURS = 3
REASONS = {
    "random": "picked at random",
    "unscored": "picked at random while its embedding is under way",
    "audit": "a blind check: picked at random, shown without a guess, so that the accuracy "
    "figure stays honest",
    "certificate": "a blind check for the certificate: picked at random, shown without a guess",
    "least_confidence": "the model is least confident here",
    "margin": "two classes are close",
    "entropy": "the model is undecided here",
    "power_margin": "drawn by chance, two close classes make it likelier",
    "badge": "its label would change the model much, in a direction of its own",
    "dropquery": "the guess changes when part of what the model sees is left out",
    "typiclust": "typical of a part of the pool that has no label yet",
    "core_set": "far from every image that has a label",
    "rare_class": "close to what is labeled with a rare class",
    "max_herding": "stands for many images that no label covers yet",
    "uncertainty_herding": "stands for many images that the model is unsure of",
    "grid": "chosen for its predicted class",
    "again": "brought back by you",
    "skipped": "skipped before; nothing else is left",
}


@dataclass(frozen=True)
class Card:
    """One sample on its way to a browser.

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


def make_card(offer: Offer, sample: Sample, round_: "Round | None") -> Card:
    """The card of an offer; the model's view of a blind sample stays on the server."""
    probabilities: dict[int, float] = {}
    neighbours: list[tuple[str, int]] = []
    if round_ is not None and offer.shown and round_.head is not None:
        proba = round_.prediction(offer.sample_id)
        if proba is not None:
            order = np.argsort(-proba, kind="stable")
            probabilities = {
                int(round_.head.classes[column]): round(float(proba[column]), 4) for column in order
            }
            neighbours = _neighbours(round_, offer.sample_id, round_.labels)
    return Card(
        sample_id=offer.sample_id,
        name=sample.paths[0] if sample.paths else offer.sample_id[:12],
        copies=len(sample.paths),
        query=offer.query,
        reason=REASONS.get(offer.query, offer.query),
        round_id=offer.round_id,
        probabilities=probabilities,
        neighbours=neighbours,
        measure=_measure(offer, len(probabilities)),
    )


def _measure(offer: Offer, classes: int) -> str:
    """The query's score in words; nothing for a blind sample, or a score without a meaning."""
    score = offer.score
    is_blind = offer.predicted_class is not None and not offer.shown
    if is_blind or score is None or not np.isfinite(score):
        return ""
    if offer.query == "margin":
        return f"their chances lie {100 * (1 - score):.0f} points apart"
    if offer.query == "least_confidence":
        return f"the best guess leaves {score:.0%} to all the others"
    if offer.query == "entropy" and classes > 1:
        return f"it is {score / np.log(classes):.0%} as undecided as can be"
    if offer.query == "max_herding":
        return f"its label would cover {score:.1%} more of the pool"
    if offer.query == "uncertainty_herding":
        return f"its label would cover {score:.1%} more of what is uncertain"
    return ""


def _neighbours(
    round_: "Round", sample_id: str, labels: Mapping[int, int]
) -> list[tuple[str, int]]:
    from models.explain import nearest_labeled

    labeled = np.fromiter(labels.keys(), dtype=np.int64, count=len(labels))
    row = round_.table.row(sample_id)
    assert row is not None  # it has been predicted
    rows, _ = nearest_labeled(round_.table.features, row, labeled, NEIGHBOURS)
    return [(round_.table.id(row), labels[int(row)]) for row in rows]
