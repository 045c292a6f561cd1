"""Whether a SIGKILL at a random moment loses, doubles or damages anything.

    python -m benchmarks.faults [--tries 200] [--kind commit] [--seed 0]

Each try starts a process that labels, trains, embeds or backs up, kills it at a random moment, and
looks: every answer that it was told to be saved is there exactly once, and `verify` finds no
damage. The same project lives through all tries of its kind.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.board_latency import machine
from benchmarks.board_memory import pool
from labeling.backup import problems
from labeling.project import open_project

IMAGES = 120
LONGEST = {"commit": 0.5, "round": 1.5, "embedding": 2.0, "backup": 0.6}  # until the kill, in s
KINDS = tuple(LONGEST)
READY = "ready"


@dataclass
class Outcome:
    """What was wrong after a kill, or after many."""

    told: int = 0
    lost: int = 0
    doubled: int = 0
    problems: list[str] = field(default_factory=list)


def make_pool(folder: Path) -> Path:
    """Images for all tries."""
    return pool(folder, IMAGES)


def strike(kind: str, images: Path, folder: Path, seed: int) -> Outcome:
    """Let a process work, kill it at a random moment, and look what it has left."""
    command = [sys.executable, "-m", "benchmarks.faults", "--victim", kind]
    command += ["--images", str(images), "--folder", str(folder), "--seed", str(seed)]
    victim = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    while (line := victim.stdout.readline().strip()) != READY:
        if not line and victim.poll() is not None:
            raise RuntimeError(f"the process of “{kind}” ended with {victim.returncode}")
    time.sleep(random.Random(seed).random() * LONGEST[kind])
    victim.kill()
    rest = victim.communicate()[0]
    told = rest[: rest.rfind("\n") + 1].split()  # a line that was cut off told nothing
    with closing(open_project(images, folder)) as project:
        kept = Counter(one.client_id for one in project.store.answers.all())
        found = problems(project)
    lost, doubled = sum(not kept[one] for one in told), sum(n - 1 for n in kept.values())
    return Outcome(len(told), lost, doubled, found)


# -- the process that is killed -----------------------------------------------------------------


def _work(kind: str, images: Path, folder: Path, seed: int) -> None:
    """Label for ever, with training, embedding or backups beside it."""
    from labeling.session import Session
    from labeling.store import NewAnswer

    session = Session(open_project(images, folder))
    if kind == "embedding":  # begin anew
        for file in session.project.embeddings.glob("*/manifest.json"):
            if seed % 3 == 0:
                file.unlink()
    if kind in ("round", "embedding"):
        session.start()
    while not session.ledger.roster or (kind == "round" and session.ingest.busy):
        if kind not in ("round", "embedding"):
            session.ingest._scan()
        time.sleep(0.02)
    if kind == "embedding":
        session.ingest.look()
        while session.ingest.state.stage in ("scanning", "loading"):
            time.sleep(0.01)
    print(READY, flush=True)
    if kind == "backup":
        _back_up(session.project.folder, images, seed)
    rng = random.Random(seed)
    classes = [one.id for one in session.store.classes.all()]
    keys = session.store.samples.ids()
    for number in range(1_000_000):
        name = f"{kind}-{seed}-{time.time_ns()}-{number}"
        answer = NewAnswer(name, rng.choice(keys), "label", rng.choice(classes))
        if not session.answer("ann", [answer]):
            print(name, flush=True)


def _back_up(folder: Path, images: Path, seed: int) -> None:
    """Write backups in a thread, each of which has to be whole or not there."""
    import threading

    from labeling.backup import write_backup

    def run() -> None:
        with closing(open_project(images, folder)) as project:
            for number in range(1_000_000):
                target = folder.parent / f"backup-{seed}-{number}.zip"
                write_backup(project, target)
                target.unlink()

    threading.Thread(target=run, daemon=True).start()


def main() -> None:
    """Kill many processes and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--kind", choices=KINDS, action="append", dest="kinds")
    parser.add_argument("--seed", type=int, default=0)
    for name in ("--victim", "--images", "--folder"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.victim:
        _work(given.victim, Path(given.images), Path(given.folder), given.seed)
        return
    table = Table(
        "killed in", "tries", "acknowledged", "lost", "doubled", "damaged", title=machine()
    )
    with tempfile.TemporaryDirectory() as place:
        images = make_pool(Path(place) / "images")
        for kind in given.kinds or KINDS:
            outcomes = [
                strike(kind, images, Path(place) / kind, given.seed + number)
                for number in range(given.tries)
            ]
            sums = [sum(getattr(o, name) for o in outcomes) for name in ("told", "lost", "doubled")]
            damaged = sum(bool(one.problems) for one in outcomes)
            table.add_row(kind, *(f"{n:,}" for n in (given.tries, *sums, damaged)))
    Console().print(table)


if __name__ == "__main__":
    main()
