"""A database that is lost while Hone runs: the server refuses answers, and a backup has them."""

import json
import re
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from labeling.cli.main import main
from labeling.paths import default_folder, project_key
from labeling.people.tokens import Person, issue, local_secret
from labeling.project.auto_backup import ANSWERS
from labeling.project.damage import problems
from labeling.project.project import open_project
from tests.conftest import fill
from tests.journeys.serving import Forked, Server

LATER = 5  # answers after the automatic backup


@dataclass
class Victim:
    """A running server, its project, and the ids of the answers that it called saved."""

    server: Server
    folder: Path
    token: str
    cat: int
    samples: list[str]
    saved: list[str] = field(default_factory=list)
    given: int = 0

    @property
    def file(self) -> Path:
        return self.folder / "hone.sqlite"

    @property
    def log(self) -> Path:
        return self.folder / "hone.sqlite-wal"

    def give(self, count: int) -> tuple[int, str]:
        """Send new answers; the status and the reason."""
        answers = []
        for _ in range(count):
            self.given += 1
            sample = self.samples[self.given % len(self.samples)]
            one = {"client_id": f"c{self.given}", "sample_id": sample, "kind": "label"}
            answers.append(one | {"class_id": self.cat})
        data = json.dumps({"answers": answers}).encode()
        headers = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(f"{self.server.url}/api/answers", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                self.saved += json.load(reply)["saved"]
                return 200, ""
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["error"]

    def stored(self) -> list[str]:
        """The answers that are in the project."""
        with closing(open_project(self.pool, self.folder)) as project:
            assert problems(project) == []
            return [one.client_id for one in project.store.answers.all()]

    @property
    def pool(self) -> Path:
        assert self.server.pool is not None
        return self.server.pool


@pytest.fixture
def victim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Victim]:
    pool, home = fill(tmp_path / "pool", 4), tmp_path / "home"
    monkeypatch.setenv("HONE_HOME", str(home))
    folder = default_folder(pool)
    with closing(open_project(pool)) as project:
        cat = project.store.classes.create("cat").id
        server = Forked(home, pool)
        server.start()
        until(lambda: len(project.store.samples.ids()) == 4)
        samples = project.store.samples.ids()
    token = issue(Person(project_key(folder), "ann"), local_secret())
    yield Victim(server, folder, token, cat, samples)
    server.kill()


def until(done: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 120
    while not done():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def move_log_into(file: Path) -> None:
    """As after a longer session: the oldest answers are only in the database file."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0] == 0


def another_project(place: Path) -> Path:
    with closing(open_project(fill(place / "others", 2), place / "other")) as project:
        project.store.classes.create("dog")
    return place / "other" / "hone.sqlite"


def copy_another_over_it(victim: Victim) -> None:
    victim.file.write_bytes(another_project(victim.folder.parent).read_bytes())


def zero_log(victim: Victim) -> None:
    with victim.log.open("r+b") as file:
        file.write(bytes(victim.log.stat().st_size))


# More kinds are in tests/store/sql/test_presence.py.
# Each attack, and whether the process can still read all that it has stored.
ATTACKS: dict[str, tuple[Callable[[Victim], object], bool]] = {
    "rm hone.sqlite": (lambda victim: victim.file.unlink(), True),
    "truncate hone.sqlite": (lambda victim: victim.file.write_bytes(b""), False),
    "cp other hone.sqlite": (copy_another_over_it, False),
    "rm hone.sqlite-wal": (lambda victim: victim.log.unlink(), True),
    "dd of=hone.sqlite-wal": (zero_log, False),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_server_that_has_lost_its_database_refuses_answers_and_a_backup_brings_them_back(
    victim: Victim, attack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert victim.give(ANSWERS) == (200, "")
    until(lambda: list((victim.folder / "backups").glob("auto-*.zip")))
    move_log_into(victim.file)
    assert victim.give(LATER) == (200, "")
    strike, is_readable = ATTACKS[attack]
    strike(victim)
    for _ in range(3):
        status, reason = victim.give(1)
        assert status == 503
        # SQLite may be the first to notice.
        assert "how to restore the newest backup" in reason or "database is damaged" in reason
    until(lambda: "restore" in victim.server.log.read_text())
    victim.server.kill()

    place = ["--pool", str(victim.pool), "--project", str(victim.folder)]
    assert main(["verify", *place]) == 2
    told = capsys.readouterr().err
    assert "are lost" in told
    (command,) = re.findall(r"“python -m labeling (.*?)”", told)
    assert main(command.split()) == 0
    assert main(["verify", *place]) == 0
    stored = victim.stored()
    assert stored[:ANSWERS] == victim.saved[:ANSWERS]
    if is_readable:
        assert stored[: len(victim.saved)] == victim.saved
    victim.server.start()
    assert victim.give(1) == (200, "")
    assert victim.stored() == [*stored, victim.saved[-1]]
