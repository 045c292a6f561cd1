"""Whether a SIGKILL at a random moment loses, doubles or damages anything.

    python -m benchmarks.faults [--tries 200] [--kind commit] [--seed 0]

Each try starts a process that labels, trains, embeds or backs up, kills it at a random moment, and
checks that everything it reported exists: every answer exactly once, every round with its
head, embeddings equal to those of an undisturbed process, backups complete and with all earlier
answers. `verify` must find no damage, and the same project is used in all tries of its kind.
"""

import argparse
import json
import math
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import fault_victims
from benchmarks.board_latency import machine
from benchmarks.board_memory import pool
from labeling.errors import HoneError
from labeling.paths import DATABASE
from labeling.project.backup import read_backup
from labeling.project.damage import problems
from labeling.project.project import Project, open_project
from labeling.store import Store
from models.embeddings.cache import EmbeddingCache
from tests.forks import forks

IMAGES = 600
MOST = {"commit": 200, "round": 100, "embedding": 100, "backup": 100}  # answers before the kill
KINDS = tuple(MOST)
START = 60.0  # seconds until a process must be at work, and between two reports
ALIKE = 0.999  # cosine: in another batch, sums are rounded in another order


@dataclass
class Outcome:
    """What was reported before a kill, and what was wrong after it."""

    told: dict[str, list[Any]] = field(default_factory=dict)
    lost: int = 0
    doubled: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ground:
    """The images of all tries, and their correct embeddings."""

    images: Path
    truth: Path

    @classmethod
    def at(cls, place: Path, images: int = IMAGES) -> "Ground":
        """Make both in a new folder."""
        ground = cls(pool(place / "images", images), place / "truth")
        process = forks().Process(
            target=fault_victims.embed_all, args=(ground.images, ground.truth)
        )
        process.start()
        process.join()
        assert process.exitcode == 0
        return ground


def strike(kind: str, ground: Ground, folder: Path, seed: int) -> Outcome:
    """Let a process work, kill it at a random moment, and check what it has left."""
    ours, theirs = forks().Pipe(duplex=False)
    arguments = (kind, ground.images, folder, seed, theirs)
    # A daemon, so it ends with this process if a try fails before its kill.
    victim = forks().Process(target=fault_victims.work, args=arguments, daemon=True)
    victim.start()
    theirs.close()
    told = defaultdict[str, list[Any]](list)
    if not ours.poll(START) or ours.recv()[0] != fault_victims.READY:
        raise RuntimeError(f"the process of “{kind}” did not start to work")
    chance, begin = random.Random(seed), time.monotonic()
    answers = chance.randrange(MOST[kind])
    saved: dict[str, int] = {}  # answers that were saved when a backup began
    for what, which in _heard(ours, answers):
        if what == "begun":
            saved[which] = len(told["answer"])
        told[what].append(which)
    # Answers are counted, so that the kill falls within the next one on any machine.
    time.sleep(chance.random() * (time.monotonic() - begin) / max(1, answers))
    assert victim.is_alive(), f"the process of “{kind}” has ended by itself"
    victim.kill()
    for what, which in _heard(ours):
        told[what].append(which)
    victim.join()
    with closing(open_project(ground.images, folder)) as project:
        kept = Counter(one.client_id for one in project.store.answers.all())
        found = [*problems(project), *_missing_rounds(project, told["round"])]
        found += _wrong_embeddings(project, ground.truth, max(told["embedded"], default=0))
    for name in told["backup"][-1:]:
        found += [] if (folder.parent / name).exists() else [f"{name} is missing"]
    for file in folder.parent.glob(f"backup-{seed}-*.zip"):
        found += _wrong_backup(file, told["answer"][: saved.get(file.name, 0)])
        file.unlink()
    lost = sum(not kept[one] for one in told["answer"])
    return Outcome(dict(told), lost, sum(n - 1 for n in kept.values()), found)


def _heard(ours: Connection, answers: float = math.inf) -> Iterator[tuple[str, Any]]:
    """The reports of a process, up to some number of answers, or all; without incomplete ones."""
    while answers > 0 and ours.poll(START):
        try:
            message = ours.recv()
        except (EOFError, OSError):
            return
        answers -= message[0] == "answer"
        yield message


def _missing_rounds(project: Project, told: list[int | None]) -> list[str]:
    known = {one.id for one in project.store.rounds.all()}
    return [f"round {one} is lost" for one in told if one is not None and one not in known]


def _wrong_embeddings(project: Project, truth: Path, told: int) -> list[str]:
    """Wrong embeddings: rows that are not those of their samples, or fewer than reported."""
    ids, found = project.store.samples.ids(), list[str]()
    for manifest in sorted(project.embeddings.glob("*/manifest.json")):
        name, dim = manifest.parent.name, json.loads(manifest.read_text("utf-8"))["dim"]
        cache = EmbeddingCache(project.embeddings, name, dim)
        right = EmbeddingCache(truth / "embeddings", name, dim)
        ours = [key for key, row in zip(ids, cache.rows(ids).tolist(), strict=True) if row >= 0]
        pairs = [one.matrix()[one.rows(ours)].astype(np.float32) for one in (cache, right)]
        wrong = np.sum(_cosines(*pairs) < ALIKE)
        found += [f"{wrong} embeddings are not those of their images"] if wrong else []
        if len(ours) < told:
            found.append(f"{told} embeddings were reported, {len(ours)} exist")
    return found


def _cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / lengths, np.float32)


def _wrong_backup(file: Path, saved: list[str]) -> list[str]:
    """Answers that were saved before a backup began, but are missing in it."""
    with tempfile.TemporaryDirectory() as place:
        try:
            read_backup(file, Path(place) / "restored")
        except HoneError as error:
            return [str(error)]
        with closing(Store(Path(place) / "restored" / DATABASE)) as store:
            kept = {one.client_id for one in store.answers.all()}
    return [f"{file.name} lacks the answer {one}" for one in saved if one not in kept]


def main() -> None:
    """Kill many processes and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--kind", choices=KINDS, action="append", dest="kinds")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    table = Table("killed in", *TOLD, "lost", "doubled", "damaged", title=machine())
    with tempfile.TemporaryDirectory() as name:
        ground = Ground.at(Path(name))
        for kind in given.kinds or KINDS:
            place = Path(name) / kind
            place.mkdir()
            outcomes = [
                strike(kind, ground, place / "project", given.seed + number)
                for number in range(given.tries)
            ]
            for one in outcomes:
                print(*(f"{kind}: {problem}\n" for problem in one.problems), sep="", end="")
            table.add_row(kind, *(f"{n:,}" for n in _sums(outcomes)))
    Console(width=100).print(table)


TOLD = ("tries", "answers", "rounds", "embedded", "backups")


def _sums(outcomes: list[Outcome]) -> list[int]:
    told = [sum(len(one.told.get(what, ())) for one in outcomes) for what in ("answer", "round")]
    embedded = sum(max(one.told.get("embedded", ()), default=0) for one in outcomes)
    backups = sum(len(one.told.get("backup", ())) for one in outcomes)
    wrong = [sum(one.lost for one in outcomes), sum(one.doubled for one in outcomes)]
    damaged = sum(bool(one.problems) for one in outcomes)
    return [len(outcomes), *told, embedded, backups, *wrong, damaged]


if __name__ == "__main__":
    main()
