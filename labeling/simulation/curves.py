"""Learning curves: the runs of a simulation, and derived figures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from labeling.errors import HoneError
from models.evidence.metrics import MeanInterval, learning_curve_area, mean_interval
from models.queries import DEFAULT_QUERY, QUERIES

BASELINE = "random"


@dataclass(frozen=True)
class Plan:
    """What to measure: seeds 0, 1, … of each query and of random, `batch` samples at a time."""

    queries: tuple[str, ...] = (DEFAULT_QUERY,)
    labels: int = 100
    seeds: int = 5
    every: int = 5
    batch: int = 1

    def __post_init__(self) -> None:
        """Put random first and take each query once; check the sizes."""
        object.__setattr__(self, "queries", tuple(dict.fromkeys((BASELINE, *self.queries))))
        for query in self.queries:
            if query not in QUERIES:
                raise HoneError(f"There is no query {query!r}; use one of {', '.join(QUERIES)}.")
        for name in ("labels", "seeds", "every", "batch"):
            if getattr(self, name) < 1:
                raise HoneError(f"{name} is {getattr(self, name)}; it must be at least 1.")


@dataclass(frozen=True)
class Run:
    """One replay: accuracy on all samples without a label, after each number of labels.

    `balanced` is the mean over classes of the share predicted right. Before two classes have a
    label there is no head, and every sample counts as predicted as the one labeled class.
    """

    query: str
    seed: int
    labels: tuple[int, ...]
    accuracy: tuple[float, ...]
    balanced: tuple[float, ...]
    seconds: float = field(compare=False)


@dataclass(frozen=True)
class Result:
    """All runs of a plan and their conditions; means, intervals and areas are derived."""

    pool: str
    samples: int
    classes: int
    backbone: str
    fingerprint: str
    audit_share: float
    plan: Plan
    runs: tuple[Run, ...]

    @property
    def labels(self) -> tuple[int, ...]:
        """The numbers of labels at which accuracy was measured; the same in every run."""
        return self.runs[0].labels

    def values(self, query: str, measure: str = "accuracy") -> npt.NDArray[np.float64]:
        """Accuracy or balanced accuracy (seeds, checkpoints) of a query."""
        return np.array([getattr(run, measure) for run in self.runs if run.query == query])

    def curve(self, query: str, measure: str = "accuracy") -> list[MeanInterval]:
        """Mean over seeds with its interval at each checkpoint."""
        return [mean_interval(column) for column in self.values(query, measure).T]

    def gain(self, query: str) -> list[MeanInterval]:
        """Accuracy of a query minus that of random at each checkpoint, paired by seed."""
        return [mean_interval(c) for c in (self.values(query) - self.values(BASELINE)).T]

    def area(self, query: str, measure: str = "accuracy") -> MeanInterval:
        """Mean accuracy along the learning curve."""
        return mean_interval(np.array(self._areas(query, measure)))

    def area_gain(self, query: str) -> MeanInterval:
        """Area of a query minus that of random, paired by seed."""
        return mean_interval(np.subtract(self._areas(query), self._areas(BASELINE)))

    def labels_to_match(self, query: str) -> int | None:
        """The first checkpoint at which a query's mean reaches that of random at the end."""
        goal = self.curve(BASELINE)[-1].mean
        curve = zip(self.labels, self.curve(query), strict=True)
        return next((labels for labels, point in curve if point.mean >= goal), None)

    def _areas(self, query: str, measure: str = "accuracy") -> list[float]:
        labels = np.array(self.labels)
        return [learning_curve_area(labels, row) for row in self.values(query, measure)]

    def to_json(self) -> dict[str, Any]:
        """Plain values: the conditions, and the derived figures of each query.

        `pool`, `samples`, `classes`, `backbone`, `fingerprint`, `audit_share`, `plan` and `runs`
        are the fields of this class; `labels` are the checkpoints. `queries` has for each query
        `accuracy`, `balanced` (equal weight for each class) and `gain` (over random) at every
        checkpoint, their means along the curve as `area`, `balanced_area` and `area_gain`, each
        as {mean, low, high} with null ends for a single seed, and
        `labels_to_match_random` (null: not reached). Shares, not per cent.
        """
        derived = {
            query: {
                "accuracy": [_interval(point) for point in self.curve(query)],
                "balanced": [_interval(point) for point in self.curve(query, "balanced")],
                "gain": [_interval(point) for point in self.gain(query)],
                "area": _interval(self.area(query)),
                "balanced_area": _interval(self.area(query, "balanced")),
                "area_gain": _interval(self.area_gain(query)),
                "labels_to_match_random": self.labels_to_match(query),
            }
            for query in self.plan.queries
        }
        return asdict(self) | {"labels": list(self.labels), "queries": derived}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The result written by `to_json`, before or after it went through a file."""
        facts: dict[str, Any] = {name: stored[name] for name in cls.__dataclass_fields__}
        facts["plan"] = Plan(**_tuples(stored["plan"]))
        facts["runs"] = tuple(Run(**_tuples(run)) for run in stored["runs"])
        return cls(**facts)


def _tuples(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}


def _interval(point: MeanInterval) -> dict[str, float | None]:
    """JSON has no NaN: one seed has no interval."""
    return {name: None if np.isnan(value) else value for name, value in point._asdict().items()}
