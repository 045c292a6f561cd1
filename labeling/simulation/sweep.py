"""A sweep: the same comparison on every pool, with every backbone and every batch size."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeling.errors import HoneError
from labeling.project.project import Project
from labeling.simulation.curves import Plan, Result
from labeling.simulation.ground_truth import class_names, is_digits, read_truth
from labeling.simulation.replay import loaded, unlabeled
from labeling.simulation.simulate import check_size, simulate

if TYPE_CHECKING:
    from models.encoders.encoder import Encoder


@dataclass(frozen=True)
class Sweep:
    """What to run; each combination of a project, a backbone and a plan gives one result.

    `truths` has the true class names by path for each project. None means the project's own
    backbone. The plans differ in their batch sizes.
    """

    projects: Sequence[Project]
    truths: Sequence[Mapping[str, str]]
    backbones: Sequence[str | None]
    plans: Sequence[Plan]

    @property
    def results(self) -> int:
        """The number of results."""
        return len(self.projects) * len(self.backbones) * len(self.plans)

    @property
    def runs(self) -> int:
        """The number of runs."""
        return sum(
            len(plan.queries) * plan.seeds * len(self.projects) * len(self.backbones)
            for plan in self.plans
        )


def truth_of_each(pools: Sequence[str | None], truths: Sequence[str]) -> list[str | None]:
    """The result of `read_truth` for each pool; the digits have their own labels."""
    if len(truths) > 1 and len(truths) != len(pools):
        raise HoneError(
            f"There are {len(truths)} truths for {len(pools)} pools; give one for all pools, or "
            "one per pool in their order."
        )
    given: list[str | None] = list(truths) or [None]
    if len(given) == 1:
        given *= len(pools)
    return [None if is_digits(pool) else one for pool, one in zip(pools, given, strict=True)]


def make_sweep(
    projects: Sequence[Project],
    truths: Sequence[str | None],
    backbones: Sequence[str | None],
    plans: Sequence[Plan],
    ingest: Callable[[Project, "Encoder"], object],
) -> Sweep:
    """A sweep, checked first, so that a mistake does not show only after an hour.

    `ingest` scans a project and embeds it; it runs for every project with every backbone.
    """
    read = [read_truth(one.source, truth) for one, truth in zip(projects, truths, strict=True)]
    for name in backbones:
        for project in projects:
            encoder = loaded(name or project.settings().backbone, project.source.medium)
            ingest(unlabeled(project), encoder)
    for project, names in zip(projects, read, strict=True):
        for plan in plans:
            check_size(class_names(project, names), plan)
    return Sweep(projects, read, backbones, plans)


def run(
    sweep: Sweep, jobs: int, progress: Callable[[int], None] = lambda done: None
) -> Iterator[Result]:
    """The results, pool by pool; `progress` gets the number of finished runs."""
    before = 0

    def tell(done: int, _: int) -> None:
        progress(before + done)

    for project, truth in zip(sweep.projects, sweep.truths, strict=True):
        for backbone in sweep.backbones:
            for plan in sweep.plans:
                result = simulate(project, truth, plan, backbone=backbone, jobs=jobs, progress=tell)
                before += len(result.runs)
                yield result


def write_results(results: Sequence[Result], file: Path) -> None:
    """Write one result as its own JSON object, several as a list of such objects."""
    stored = [result.to_json() for result in results]
    text = json.dumps(stored[0] if len(stored) == 1 else stored, indent=1)
    file.write_text(text, encoding="utf-8")


def read_results(file: Path) -> list[Result]:
    """The results written by `write_results`."""
    try:
        stored: Any = json.loads(file.read_text(encoding="utf-8"))
        return [Result.from_json(one) for one in (stored if isinstance(stored, list) else [stored])]
    except (ValueError, KeyError, TypeError) as error:
        raise HoneError(
            f"{file} is not an output of “python -m labeling simulate --json” ({error!r})."
        ) from error
