"""Replays true labels through the real loop and measures what a query gains over random."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from labeling.curves import BASELINE, Plan, Result, Run
from labeling.errors import HoneError
from labeling.ingest import Ingest
from labeling.project import Project, open_project
from labeling.samples import Entry, Source
from labeling.session import Session
from labeling.store import NewAnswer

if TYPE_CHECKING:
    from models.backbones import Backbone


class _Unlabeled:
    """A source whose labels are hidden, so that nothing is answered before the loop asks."""

    def __init__(self, source: Source) -> None:
        self.location = source.location
        self._source = source

    def entries(self) -> Iterator[Entry]:
        return (replace(entry, label=None) for entry in self._source.entries())

    def read(self, path: str) -> bytes:
        return self._source.read(path)


def unlabeled(project: Project) -> Project:
    """The project over the same pool with the labels of its manifest or folders hidden."""
    return replace(project, source=_Unlabeled(project.source))


def simulate(
    project: Project,
    truth: Mapping[str, str],
    plan: Plan,
    *,
    backbone: "Backbone | None" = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Result:
    """Replay `truth` (path: class name) through sessions of their own.

    Every (query, seed) runs in its own temporary project on one thread, `jobs` of them at once;
    their number does not change the result. The project itself is scanned and embedded, no more.
    """
    from models.backbones import resolve

    backbone = backbone or resolve(project.settings().backbone)
    _embed(unlabeled(project), backbone)
    with TemporaryDirectory(prefix="hone-simulate-") as folder:
        classes = _make_template(Path(folder, "template"), project, truth, backbone)
        if plan.labels >= len(classes):
            raise HoneError(
                f"The pool has {len(classes)} samples; simulate fewer than {plan.labels} labels, "
                "so that some are left to measure on."
            )
        share = project.settings().audit_share
        tasks = _tasks(Path(folder), project, classes, plan, backbone)
        runs: list[Run] = []
        for run in _run_all(tasks, jobs, backbone):
            runs.append(run)
            progress(len(runs), len(tasks))
    return Result(
        pool=str(project.source.location),
        samples=len(classes),
        classes=len(set(classes.values())),
        backbone=backbone.name,
        fingerprint=backbone.fingerprint,
        audit_share=share,
        plan=plan,
        runs=tuple(runs),
    )


def _embed(project: Project, backbone: "Backbone") -> None:
    ingest = Ingest(project, lambda: None, backbone)
    ingest.run()
    ingest.stop()
    if ingest.state.error:
        raise HoneError(ingest.state.error)


def _make_template(
    folder: Path, project: Project, truth: Mapping[str, str], backbone: "Backbone"
) -> dict[str, int]:
    """A scanned, embedded project without answers, to be copied; the class id of each sample."""
    template = open_project(project.source.location, folder)
    try:
        name = backbone.fingerprint
        _copy_embeddings(project.embeddings / name, template.embeddings / name)
        _embed(unlabeled(template), backbone)
        classes = {
            name: template.store.classes.ensure(name) for name in sorted(set(truth.values()))
        }
        samples, found = template.store.samples.many(), {}
        for key in template.store.samples.ids():
            paths = samples[key].paths
            label = next((truth[path] for path in paths if path in truth), None)
            if label is None:
                raise HoneError(
                    f"The truth has no label for {paths[0]}; it needs one for every image of "
                    f"{project.source.location}, by its path there."
                )
            found[key] = classes[label].id
        return found
    finally:
        template.close()


def _copy_embeddings(source: Path, target: Path) -> None:
    """Share the rows on disk; a lock that were shared would let only one run write."""

    def link(file: str, copy: str) -> None:
        try:
            os.link(file, copy)
        except OSError:  # another file system
            shutil.copy2(file, copy)

    ignored = shutil.ignore_patterns("lock", "*.tmp")
    shutil.copytree(source, target, copy_function=link, ignore=ignored)


@dataclass(frozen=True)
class _Task:
    """One run, with all that another process needs for it."""

    folder: Path
    pool: Path
    truth: dict[str, int]
    plan: Plan
    query: str
    seed: int
    audit_share: float
    backbone: str | None
    device: str
    fingerprint: str


def _tasks(
    folder: Path, project: Project, truth: dict[str, int], plan: Plan, backbone: "Backbone"
) -> list[_Task]:
    """A task for each query and seed; the baseline is random already and needs no audit."""
    settings = project.settings()
    return [
        _Task(
            folder=folder,
            pool=project.source.location,
            truth=truth,
            plan=plan,
            query=query,
            seed=seed,
            audit_share=0.0 if query == BASELINE else settings.audit_share,
            backbone=settings.backbone,
            device=backbone.device,
            fingerprint=backbone.fingerprint,
        )
        for query in plan.queries
        for seed in range(plan.seeds)
    ]


def _run_all(tasks: list[_Task], jobs: int, backbone: "Backbone") -> Iterator[Run]:
    """The runs in the order of their tasks."""
    if jobs <= 1 or len(tasks) == 1:
        unpin = _pin_threads()
        try:
            for task in tasks:
                yield _replay(task, backbone)
        finally:
            unpin()
        return
    context = get_context("spawn")  # a forked torch can hang
    with ProcessPoolExecutor(min(jobs, len(tasks)), context, _start_worker) as pool:
        try:
            yield from pool.map(_replay_in_worker, tasks)
        except BrokenProcessPool as error:
            raise HoneError(
                "A process of the simulation was ended from outside (out of memory?); "
                "take fewer jobs."
            ) from error
        finally:
            # Waits for the runs under way: they write to a folder that is about to go.
            pool.shutdown(cancel_futures=True)


def _pin_threads() -> Callable[[], None]:
    """Keep torch and BLAS to one thread, so that sums are always the same; gives the undo."""
    import torch
    from threadpoolctl import threadpool_limits

    import labeling.rounds  # noqa: F401 - only libraries that are loaded can be limited

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    limits = threadpool_limits(1)

    def undo() -> None:
        limits.restore_original_limits()
        torch.set_num_threads(threads)

    return undo


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once and in silence
    _pin_threads()


def _replay_in_worker(task: _Task) -> Run:
    backbone = _loaded(task.backbone, task.device)
    if backbone.fingerprint != task.fingerprint:
        raise HoneError(f"The backbone changed on the way ({backbone.why}); simulate again.")
    return _replay(task, backbone)


@lru_cache(1)
def _loaded(name: str | None, device: str) -> "Backbone":
    from models.backbones import resolve

    return resolve(name, device=device)


def _replay(task: _Task, backbone: "Backbone") -> Run:
    """Label a copy of the template to the end."""
    begin = time.perf_counter()
    folder, template = task.folder / f"{task.query}-{task.seed}", task.folder / "template"
    shutil.copytree(template, folder, ignore=shutil.ignore_patterns("embeddings"))
    _copy_embeddings(template / "embeddings", folder / "embeddings")
    project = unlabeled(open_project(task.pool, folder))
    project.change(query=task.query, seed=task.seed, audit_share=task.audit_share)
    session = Session(project, backbone)
    try:
        session.prepare()
        labels, accuracy, balanced = zip(*_label(session, task), strict=True)
    finally:
        session.close()
        shutil.rmtree(folder)
    return Run(task.query, task.seed, labels, accuracy, balanced, time.perf_counter() - begin)


def _label(session: Session, task: _Task) -> Iterator[tuple[int, float, float]]:
    """Answer with the truth, round by round; (labels, accuracy, balanced) at each checkpoint."""
    plan, done = task.plan, 0
    while done < plan.labels:
        cards = session.next("simulate", min(plan.batch, plan.labels - done))
        refused = session.answer(
            "simulate",
            [
                NewAnswer(card.sample_id, card.sample_id, "label", task.truth[card.sample_id])
                for card in cards
            ],
        )
        session.trainer.wait()
        error = session.trainer.error or next(iter(refused.values()), None)
        if error or not cards:
            raise HoneError(error or "The session has nothing left to label.")
        before, done = done, done + len(cards)
        if done // plan.every > before // plan.every or done == plan.labels:
            yield done, *_measure(session, task.truth)


def _measure(session: Session, truth: Mapping[str, int]) -> tuple[float, float]:
    """Accuracy and balanced accuracy of the newest round on every sample without a label."""
    round_, labeled = session.round, session.labels()
    if round_ is None or len(round_.labels) != len(labeled) or len(round_.ids) != len(truth):
        raise HoneError("The newest round has not seen every sample and label.")
    rows = [row for row, key in enumerate(round_.ids) if key not in labeled]
    true = np.array([truth[round_.ids[row]] for row in rows])
    if round_.head is None or round_.proba is None:
        predicted = np.full(len(rows), next(iter(round_.labels.values())))
    else:
        predicted = round_.head.classes[round_.proba[rows].argmax(axis=1)]
    hits = predicted == true
    recalls = [float(hits[true == class_id].mean()) for class_id in np.unique(true)]
    return float(hits.mean()), float(np.mean(recalls))
