"""Whether a team's sprint loses, doubles or delays anything: many people, real HTTP, real server.

    python -m benchmarks.sprint [--people 30] [--minutes 1] [--overlap 0.0] [--watch]
                                [--database postgresql] [--servers 2] [--kill-every 60]

Every person is a thread with their own connection and invitation, holds a queue of images like
the board, and answers one a second while the server trains in the background. People and
server share the machine's cores. With --kill-every a server gets a SIGKILL at this interval and is
started again, and so does PostgreSQL, halfway in between; people then repeat requests without
a reply. Several --servers share the project, and the people are spread over them. At the end the
database is compared with the replies to each person.
"""

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.board_latency import machine
from benchmarks.board_memory import pool, resident
from benchmarks.sprint_people import PACE, Holdings, Person
from labeling.paths import default_folder
from labeling.people.tokens import for_member, issue, local_secret
from labeling.project.project import open_project
from labeling.store import Answer, Role
from tests.journeys.serving import Server
from tests.postgres import Cluster

SPARE = 1.3  # images for each answer, so that the pool does not run out


@contextmanager
def _database(name: str) -> Iterator[Cluster | None]:
    """A PostgreSQL for this run if requested, which loses nothing that it has acknowledged."""
    os.environ.pop("HONE_DATABASE_URL", None)
    if name == "sqlite":
        yield None
        return
    cluster = Cluster(durable=True)
    cluster.start()
    os.environ["HONE_DATABASE_URL"] = cluster.url
    try:
        yield cluster
    finally:
        cluster.remove()


class Killer:
    """Kills a server at an interval, and the database halfway in between; both are restarted."""

    def __init__(self, every: float, servers: list[Server], cluster: Cluster | None) -> None:
        self.deaths: Counter[str] = Counter()
        self._every, self._servers, self._cluster = every, servers, cluster
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Killer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while self._every and not self._stop.wait(self._every / 2):
            if self._cluster is not None:
                self.deaths["database"] += 1
                self._cluster.stop(kill=True)
                self._cluster.start()
            if self._stop.wait(self._every / 2):
                return
            server = self._servers[self.deaths["server"] % len(self._servers)]
            self.deaths["server"] += 1
            server.kill()
            server.start()


def main() -> None:
    """Run a sprint and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--overlap", type=float, default=0.0, help="share that two people answer")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kill-every", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--servers", type=int, default=1, help="processes that share the project")
    parser.add_argument("--watch", action="store_true", help="each also waits for news")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, _database(given.database) as cluster:
        _run(given, Path(place), cluster)


def _run(given: argparse.Namespace, place: Path, cluster: Cluster | None) -> None:
    home = place / "home"
    images = pool(place / "images", int(given.people * given.minutes * 60 / PACE * SPARE))
    tokens = _invite(images, home, given.people, given.overlap)
    servers = [Server(home, images, "0.0.0.0") for _ in range(given.servers)]
    try:
        for server in servers:
            server.start()
        ports = [server.port for server in servers]
        holdings = Holdings()
        people = [Person(n, ports[n % len(ports)], one, holdings) for n, one in enumerate(tokens)]
        for person in people[: len(ports)]:
            person.wait_until_embedded()
        memory = [resident(servers[0].pid)]
        end = time.perf_counter() + given.minutes * 60
        work = [one.work for one in people]
        if given.watch:
            work += [one.watch for one in people]
        with (
            Killer(given.kill_every, servers, cluster) as killer,
            ThreadPoolExecutor(len(work)) as threads,
        ):
            running = [threads.submit(one, end) for one in work]
            time.sleep(max(0.0, end - time.perf_counter()) / 2)
            memory.append(resident(servers[0].pid))
            for done in running:
                done.result()
        memory.append(resident(servers[0].pid))
    finally:
        for server in servers:
            server.kill()  # SIGKILL: acknowledged answers must be on disk all the same
    title = f"{len(people)} people, {len(servers)} server(s), {given.database}, {machine()}"
    _report(title, people, holdings, _stored(images, home), memory, killer.deaths, given.overlap)


def _invite(images: Path, home: Path, people: int, overlap: float) -> list[str]:
    """The tokens of that many annotators."""
    with closing(open_project(images, default_folder(images.resolve(), home))) as project:
        project.change(overlap_share=overlap)
        secret = local_secret(home)
        members = [
            project.store.people.invite(f"person {n}", Role.ANNOTATOR, 1)[0] for n in range(people)
        ]
        return [issue(for_member(project.folder, one), secret) for one in members]


def _stored(images: Path, home: Path) -> tuple[list[Answer], int]:
    """Every answer in the database, and the number of rounds."""
    with closing(open_project(images, default_folder(images.resolve(), home))) as project:
        return project.store.answers.all(), len(project.store.rounds.all())


def _report(
    title: str,
    people: list[Person],
    holdings: Holdings,
    stored: tuple[list[Answer], int],
    memory: list[float],
    deaths: Counter[str],
    overlap: float,
) -> None:
    answers, rounds = stored
    told = Counter(key for one in people for key in one.saved)
    kept = Counter(one.client_id for one in answers)
    given = Counter(one.sample_id for one in answers)
    most = 2 if overlap else 1
    ms = 1000 * np.array([one for person in people for one in person.seconds])
    table = Table("what", "value", title=title)
    for what, value in (
        ("answers acknowledged", f"{len(told):,}"),
        ("lost", f"{len(told.keys() - kept.keys())}"),
        ("stored twice", f"{sum(n - 1 for n in kept.values())}"),
        ("samples answered too often", f"{sum(n > most for n in given.values())}"),
        ("refused", f"{sum(len(one.refused) for one in people)}"),
        ("double leases", f"{holdings.doubled}"),
        ("samples with two opinions", f"{sum(n == 2 for n in given.values()):,}"),
        ("ms an answer, median / p95 / max", " / ".join(f"{q:.0f}" for q in _quantiles(ms))),
        ("rounds trained meanwhile", f"{rounds:,}"),
        ("MB of the server, first / half-way / last", " / ".join(f"{one:.0f}" for one in memory)),
        ("killed", ", ".join(f"{name} {n}" for name, n in deaths.items()) or "nothing"),
        ("requests sent again", f"{sum(one.again for one in people):,}"),
    ):
        table.add_row(what, value)
    Console().print(table)


def _quantiles(values: np.ndarray) -> tuple[float, float, float]:
    median, late, most = np.quantile(values, [0.5, 0.95, 1.0])
    return float(median), float(late), float(most)


if __name__ == "__main__":
    main()
