"""How far the people of a team agree."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from labeling.answers.current import CurrentAnswers
from labeling.store import Answer
from models.evidence.agreement import Coefficient, cohen, fleiss, krippendorff, of_class

FEWEST = 10  # agreement of all or of two people is shown if they share this many samples


@dataclass(frozen=True)
class Pair:
    """Two people: how many samples they agree on, and which classes they mix up most (ids)."""

    first: str
    second: str
    agreed: int
    kappa: Coefficient
    mixed: tuple[int, int] | None


@dataclass(frozen=True)
class Agreement:
    """How far people agree who labeled the same samples without seeing each other's answers.

    `fleiss` is computed on the samples that have the commonest number of labels. `classes` holds
    Krippendorff's alpha of each class against all others.
    """

    samples: int
    alpha: Coefficient
    fleiss: Coefficient
    classes: dict[int, Coefficient]
    pairs: tuple[Pair, ...]


def agreement(current: CurrentAnswers) -> Agreement | None:
    """Agreement beyond chance on all samples of a panel; None while the panel is too small."""
    with current.lock:
        labels = list(current.consensus.all().values())
    if len(labels) < FEWEST:
        return None
    rng = np.random.default_rng(0)
    classes = sorted({one.class_id for given in labels for one in given if one.class_id})
    place = {class_id: at for at, class_id in enumerate(classes)}
    counts = np.zeros((len(labels), len(classes)), dtype=np.int64)
    for row, given in enumerate(labels):
        for one in given:
            counts[row, place[one.class_id or 0]] += 1
    people = counts.sum(axis=1)
    common = Counter(people.tolist()).most_common(1)[0][0]
    return Agreement(
        samples=len(labels),
        alpha=krippendorff(counts, rng),
        fleiss=fleiss(counts[people == common], rng),
        classes={one: krippendorff(of_class(counts, place[one]), rng) for one in classes},
        pairs=tuple(_pairs(labels, rng)),
    )


def _pairs(labels: Sequence[Sequence[Answer]], rng: np.random.Generator) -> list[Pair]:
    """Every two people with enough samples in common, those who agree least first."""
    shared: Mapping[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for given in labels:
        for one, other in combinations(sorted(given, key=lambda answer: answer.annotator), 2):
            shared[one.annotator, other.annotator].append((one.class_id or 0, other.class_id or 0))
    pairs = []
    for (first, second), both in shared.items():
        if len(both) < FEWEST:
            continue
        ours, theirs = np.array(both, dtype=np.int64).T
        mixed = Counter((min(pair), max(pair)) for pair in both if pair[0] != pair[1])
        most = mixed.most_common(1)
        agreed = int((ours == theirs).sum())
        pairs.append(
            Pair(first, second, agreed, cohen(ours, theirs, rng), most[0][0] if most else None)
        )
    return sorted(pairs, key=lambda one: one.agreed / one.kappa.items)
