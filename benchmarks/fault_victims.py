"""Processes that work without end and report what they have saved, until `faults` kills them.

Each is forked from a process that has imported everything, so that a try takes no longer than its
work.
"""

import random
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import alembic.command  # noqa: F401 - imported late elsewhere, but needed before the fork

import labeling.learning.round  # noqa: F401
import models.embeddings.fill  # noqa: F401
from labeling.loop.session import Session
from labeling.project.backup import write_backup
from labeling.project.project import open_project
from labeling.store import NewAnswer
from models.encoders.backbones import resolve

READY = "ready"
Tell = Callable[..., None]  # kind of event, and its id


def work(kind: str, images: Path, folder: Path, seed: int, told: Connection) -> None:
    """Do one kind of work while labeling, and send (kind, id) for everything that is done.

    `ready` is sent once the work has started, `answer` with each client id that is saved, `round`
    with the number of each published round, `embedded` with the number of samples, `begun` and
    `backup` with the number of each backup.
    """
    turn = threading.Lock()

    def tell(what: str, which: Any = None) -> None:
        with turn:
            told.send((what, which))

    {"commit": _commit, "round": _train, "embedding": _embed, "backup": _back_up}[kind](
        images, folder, seed, tell
    )


def embed_all(images: Path, folder: Path) -> None:
    """Embed a pool without interruption, for comparison with the killed processes."""
    with closing(_session(images, folder)) as session:
        session.prepare()


def _session(images: Path, folder: Path) -> Session:
    return Session(open_project(images, folder), resolve("bundled", device="cpu"))


def _commit(images: Path, folder: Path, seed: int, tell: Tell) -> None:
    session = Session(open_project(images, folder))
    session.ingest.scan_pool()
    tell(READY)
    _label(session, seed, tell)


def _train(images: Path, folder: Path, seed: int, tell: Tell) -> None:
    session = _session(images, folder)
    session.start()
    while session.ingest.busy or session.round is None:
        time.sleep(0.01)
    tell(READY)
    _label(session, seed, tell)


def _embed(images: Path, folder: Path, seed: int, tell: Tell) -> None:
    session = _session(images, folder)
    session.ingest.follow()
    if session.ingest.state.stage == "done":  # done by earlier tries
        shutil.rmtree(session.project.embeddings)
        session.ingest.cache = None
    session.start()
    while session.ingest.state.stage in ("scanning", "loading"):
        time.sleep(0.01)
    tell(READY)
    _label(session, seed, tell)


def _back_up(images: Path, folder: Path, seed: int, tell: Tell) -> None:
    """Write backups in a thread; the newest reported one stays."""

    def run() -> None:
        before: Path | None = None
        with closing(open_project(images, folder)) as project:
            for number in range(1_000_000):
                target = folder.parent / f"backup-{seed}-{number}.zip"
                tell("begun", target.name)
                write_backup(project, target)
                tell("backup", target.name)
                if before is not None:
                    before.unlink()
                before = target

    session = Session(open_project(images, folder))
    session.ingest.scan_pool()
    tell(READY)
    threading.Thread(target=run, daemon=True).start()
    _label(session, seed, tell)


def _label(session: Session, seed: int, tell: Tell) -> None:
    """Answer without end, and report each answer and everything done since the last one."""
    rng = random.Random(seed)
    classes = [one.id for one in session.store.classes.all()]
    keys = session.store.samples.ids()
    last: dict[str, int | None] = {"round": None, "embedded": 0}
    for number in range(1_000_000):
        name = f"{seed}-{time.time_ns()}-{number}"
        answer = NewAnswer(name, rng.choice(keys), "label", rng.choice(classes))
        if not session.answer("ann", [answer]):
            tell("answer", name)
        state = session.ingest.state
        now = {
            "round": session.round.id if session.round is not None else None,
            "embedded": state.done if state.stage in ("embedding", "done") else 0,
        }
        for what, value in now.items():
            if value != last[what]:
                tell(what, value)
        last = now
