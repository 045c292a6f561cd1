"""Which classes the model mixes up."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from labeling.evidence.gathering import Evidence


@dataclass(frozen=True)
class Cell:
    """Samples of one class that are predicted as another (or the same) class."""

    given: int
    predicted: int
    sample_ids: tuple[str, ...]


def confusion(evidence: Evidence, *, uniform: bool) -> list[Cell]:
    """Labels against predictions made without them, on blind checks alone or on all labels.

    Among all labels, hard images are more frequent than in the pool: they show which classes are
    mixed up, but not how often.
    """
    cells: dict[tuple[int, int], list[str]] = defaultdict(list)
    predicted = evidence.left_out.predicted.tolist()
    for place, key in enumerate(evidence.ids):
        if evidence.uniform[place] or not uniform:
            cells[int(evidence.labels[place]), predicted[place]].append(key)
    return [Cell(given, found, tuple(keys)) for (given, found), keys in sorted(cells.items())]


def most_mixed(cells: Iterable[Cell], count: int) -> set[int]:
    """The classes in most mistakes, as the label or as the prediction; no more than `count`."""
    mistakes = Counter[int]()
    for one in cells:
        wrong = len(one.sample_ids) if one.given != one.predicted else 0
        mistakes.update({one.given: wrong})
        mistakes.update({one.predicted: wrong})
    return {key for key, _ in mistakes.most_common(count)}
