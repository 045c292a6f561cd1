"""Measures the gain of a query over random: true labels replayed through the real loop."""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from labeling.embedding.ingest import Ingest
from labeling.errors import HoneError
from labeling.learning.mapper import Mapper
from labeling.project.project import Project, open_project
from labeling.simulation.curves import BASELINE, Plan, Result, Run
from labeling.simulation.ground_truth import class_names
from labeling.simulation.replay import Task, loaded, replay_all, share_embeddings, unlabeled

if TYPE_CHECKING:
    from models.encoders.encoder import Encoder


def simulate(
    project: Project,
    truth: Mapping[str, str],
    plan: Plan,
    *,
    backbone: str | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Result:
    """Replay `truth` (path: class name) through separate sessions.

    Every (query, seed) runs in its own temporary project on one thread, `jobs` of them at once;
    their number does not change the result. The project itself is only scanned and embedded;
    `backbone` replaces its own.
    """
    name = backbone or project.settings().backbone
    encoder = loaded(name, project.source.medium)
    _embed(unlabeled(project), encoder)
    check_size(class_names(project, truth), plan)
    with TemporaryDirectory(prefix="hone-simulate-") as folder:
        classes = _make_template(Path(folder, "template"), project, truth, encoder)
        tasks = _tasks(Path(folder), project, classes, plan, name, encoder)
        runs: list[Run] = []
        for run in replay_all(tasks, jobs):
            runs.append(run)
            progress(len(runs), len(tasks))
    return Result(
        pool=str(project.source.location),
        samples=len(classes),
        classes=len(set(classes.values())),
        backbone=encoder.name,
        fingerprint=encoder.fingerprint,
        audit_share=project.settings().audit_share,
        plan=plan,
        runs=tuple(runs),
    )


def _tasks(
    folder: Path,
    project: Project,
    classes: dict[str, int],
    plan: Plan,
    name: str | None,
    encoder: "Encoder",
) -> list[Task]:
    """A task for each query and seed."""
    share = project.settings().audit_share
    return [
        Task(
            folder=folder,
            pool=project.source.location,
            truth=classes,
            plan=plan,
            query=query,
            seed=seed,
            audit_share=0.0 if query == BASELINE else share,  # random picks are audits already
            medium=project.source.medium,
            backbone=name,
            device=encoder.device,
            fingerprint=encoder.fingerprint,
        )
        for query in plan.queries
        for seed in range(plan.seeds)
    ]


def check_size(classes: Mapping[str, str], plan: Plan) -> None:
    """Raise unless some samples remain without a label."""
    if plan.labels >= len(classes):
        raise HoneError(
            f"The pool has {len(classes)} samples; simulate fewer than {plan.labels} labels, "
            "so that some are left for measuring."
        )


def _embed(project: Project, backbone: "Encoder") -> None:
    ingest = Ingest(project, lambda: None, backbone)
    ingest.run()
    Mapper(project, ingest, lambda: True, lambda: None).run()  # once for all runs
    ingest.stop()
    if ingest.state.error:
        raise HoneError(ingest.state.error)


def _make_template(
    folder: Path, project: Project, truth: Mapping[str, str], backbone: "Encoder"
) -> dict[str, int]:
    """A scanned, embedded project without answers, to be copied; the class id of each sample."""
    template = open_project(project.source.location, folder)
    try:
        name = backbone.fingerprint
        share_embeddings(project.embeddings / name, template.embeddings / name)
        _embed(unlabeled(template), backbone)
        ids = {name: template.store.classes.ensure(name).id for name in sorted(set(truth.values()))}
        return {key: ids[name] for key, name in class_names(template, truth).items()}
    finally:
        template.close()
