"""Replays: true labels given to separate sessions, one after another or in parallel."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from labeling.errors import HoneError
from labeling.loop.session import Session
from labeling.pool.source import Entry, Source
from labeling.project.project import Project, open_project
from labeling.simulation.curves import Plan, Run
from labeling.store import NewAnswer

if TYPE_CHECKING:
    from models.encoders.encoder import Encoder


class _Unlabeled:
    """A source with hidden labels, so that nothing is answered before the loop asks."""

    labels_in: ClassVar = "Hidden"
    labels_meant: ClassVar = False

    def __init__(self, source: Source) -> None:
        self.location, self.medium = source.location, source.medium
        self._source = source

    def entries(self) -> Iterator[Entry]:
        return (replace(entry, label=None) for entry in self._source.entries())

    def read(self, path: str) -> bytes:
        return self._source.read(path)

    def context(self, path: str) -> Mapping[str, str]:
        return self._source.context(path)


def unlabeled(project: Project) -> Project:
    """The project over the same pool with the labels of its manifest or folders hidden."""
    return replace(project, source=_Unlabeled(project.source))


@dataclass(frozen=True)
class Task:
    """One run, with all that another process needs for it.

    It happens in a copy of the project in `folder`/template; `truth` has the class id of every
    sample. `device` and `fingerprint` name the backbone that has embedded the template.
    """

    folder: Path
    pool: Path
    truth: dict[str, int]
    plan: Plan
    query: str
    seed: int
    audit_share: float
    medium: str
    backbone: str | None
    device: str
    fingerprint: str


def replay_all(tasks: Sequence[Task], jobs: int) -> Iterator[Run]:
    """The runs in the order of their tasks, `jobs` at once; that number changes no result."""
    if jobs <= 1 or len(tasks) == 1:
        unpin = pin_threads()
        try:
            yield from map(_replay, tasks)
        finally:
            unpin()
        return
    context = get_context("spawn")  # a forked torch can hang
    with ProcessPoolExecutor(min(jobs, len(tasks)), context, start_worker) as pool:
        try:
            yield from pool.map(_replay, tasks)
        except BrokenProcessPool as error:
            raise HoneError(
                "A process of the simulation was killed from outside (out of memory?); "
                "use fewer jobs."
            ) from error
        finally:
            # Waits for the running tasks: they write to a folder that is removed next.
            pool.shutdown(cancel_futures=True)


def pin_threads() -> Callable[[], None]:
    """Keep torch and BLAS to one thread, so that sums are always the same; returns an undo."""
    import torch
    from threadpoolctl import threadpool_limits

    import labeling.learning.round  # noqa: F401 - only libraries that are loaded can be limited

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    limits = threadpool_limits(1)

    def undo() -> None:
        limits.restore_original_limits()
        torch.set_num_threads(threads)

    return undo


def start_worker() -> None:
    """Set up a process that runs tasks: one thread, and no message at Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    pin_threads()


def loaded(name: str | None, medium: str = "image", device: str | None = None) -> "Encoder":
    """The backbone of that name, loaded only once."""
    from models.encoders.device import pick_device

    return _load(name, medium, pick_device(device))


@lru_cache(1)
def _load(name: str | None, medium: str, device: str) -> "Encoder":
    from models.encoders.backbones import resolve

    return resolve(name, medium=medium, device=device)


def share_embeddings(source: Path, target: Path) -> None:
    """Share the rows on disk, but not the lock, which would let only one run write."""

    def link(file: str, copy: str) -> None:
        try:
            os.link(file, copy)
        except OSError:  # another file system
            shutil.copy2(file, copy)

    ignored = shutil.ignore_patterns("lock", "*.tmp")
    shutil.copytree(source, target, copy_function=link, ignore=ignored)


def _replay(task: Task) -> Run:
    """Label a copy of the template to the end."""
    backbone = loaded(task.backbone, task.medium, task.device)
    if backbone.fingerprint != task.fingerprint:
        raise HoneError(f"The backbone changed meanwhile ({backbone.why}); simulate again.")
    begin = time.perf_counter()
    folder, template = task.folder / f"{task.query}-{task.seed}", task.folder / "template"
    shutil.copytree(template, folder, ignore=shutil.ignore_patterns("embeddings"))
    share_embeddings(template / "embeddings", folder / "embeddings")
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


def _label(session: Session, task: Task) -> Iterator[tuple[int, float, float]]:
    """Answer with the truth, round by round; (labels, accuracy, balanced) at each checkpoint."""
    plan, done = task.plan, 0
    while done < plan.labels:
        cards = session.queue.next("simulate", min(plan.batch, plan.labels - done))
        refused = session.answer(
            "simulate",
            [
                NewAnswer(card.sample_id, card.sample_id, "label", task.truth[card.sample_id])
                for card in cards
            ],
        )
        session.worker.wait()
        error = session.worker.error or next(iter(refused.values()), None)
        if error or not cards:
            raise HoneError(error or "The session has no samples left to label.")
        before, done = done, done + len(cards)
        if done // plan.every > before // plan.every or done == plan.labels:
            yield done, *_measure(session, task.truth)


def _measure(session: Session, truth: Mapping[str, int]) -> tuple[float, float]:
    """Accuracy and balanced accuracy of the newest round on every sample without a label."""
    round_, labeled = session.round, session.labels()
    if (
        round_ is None
        or len(round_.snapshot.labels) != len(labeled)
        or len(round_.table) != len(truth)
    ):
        raise HoneError("The newest round has not seen every sample and label.")
    ids = [round_.table.id(row) for row in range(len(round_.table))]
    rows = [row for row, key in enumerate(ids) if key not in labeled]
    true = np.array([truth[ids[row]] for row in rows])
    if round_.scores is None:
        predicted = np.full(len(rows), round_.snapshot.labels[0])
    else:
        predicted = round_.scores.best[rows]
    hits = predicted == true
    recalls = [float(hits[true == class_id].mean()) for class_id in np.unique(true)]
    return float(hits.mean()), float(np.mean(recalls))
