"""Nothing that was acknowledged is lost: kills, full disks, damaged pages, clocks that go back.

`python -m benchmarks.faults` does the same hundreds of times.
"""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from benchmarks.faults import KINDS, Ground, strike
from labeling.api import routes
from labeling.cli.main import main
from labeling.errors import ProjectError
from labeling.loop.session import Session
from labeling.people.tokens import Person, issue
from labeling.project.damage import problems
from labeling.project.project import open_project
from labeling.store import NewAnswer, Offer, Store
from labeling.store import answers as answers_module
from labeling.store import leases as leases_module
from labeling.workspace import Workspace
from tests.conftest import add_samples, fill, label, standing
from tests.forks import fork
from tests.postgres import Cluster

NOBODY = 65534


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground.at(tmp_path_factory.mktemp("ground"), images=100)


@pytest.mark.parametrize(("kind", "tries"), list(zip(KINDS, (2, 1, 1, 2), strict=True)))
def test_a_kill_at_a_random_moment_loses_nothing_that_was_promised(
    kind: str, tries: int, ground: Ground, tmp_path: Path
) -> None:
    told, struck = 0, 0
    while struck < tries or told <= 10:
        one = strike(kind, ground, tmp_path / "project", seed=struck)
        assert (one.lost, one.doubled, one.problems) == (0, 0, [])
        told, struck = told + len(one.told.get("answer", ())), struck + 1
        assert struck < 20, f"only {told} answers were saved before the kills"


# -- full disk --------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small file system here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_on_a_full_disk_answers_are_refused_with_the_reason_and_saved_once_there_is_room(
    small_disk: Path, tmp_path: Path
) -> None:
    session = Session(open_project(fill(tmp_path / "images", 2), small_disk / "project"))
    _refused_until_there_is_room(session, small_disk / "filler")


def _refused_until_there_is_room(session: Session, filler: Path) -> None:
    keys = add_samples(session.store, 400)
    session.current.reload()
    cat = session.store.classes.create("cat").id
    workspace = Workspace()
    workspace.adopt(session)
    token = issue(Person(session.project.key, "ann"), workspace.secret)
    with TestClient(Starlette(routes=routes(workspace)), "http://localhost") as client:

        def give(number: int) -> int:
            body = {"answers": [vars(label(keys[number], cat, f"c{number}"))]}
            reply = client.post(
                "/api/answers", json=body, headers={"Authorization": f"Bearer {token}"}
            )
            if reply.status_code != 200:
                assert "full" in reply.json()["error"]
            return reply.status_code

        assert give(0) == 200
        _fill_up(filler)
        given = 1
        while give(given) == 200:  # what is left of the last page
            given += 1
            assert given < 400
        assert give(given) == 503
        filler.unlink()
        assert give(given) == 200
    assert [one.client_id for one in session.store.answers.all()] == [
        f"c{number}" for number in range(given + 1)
    ]
    assert problems(session.project) == []
    session.close()


def _fill_up(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 512):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass


def test_where_no_file_may_grow_answers_are_refused_with_the_reason(tmp_path: Path) -> None:
    """The same by a limit on the size of files, which needs no right to mount."""
    code = """
import resource, sys, signal
from pathlib import Path
from labeling.errors import StorageError
from labeling.store import NewAnswer, Store
from labeling.store.samples import FileRecord
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(Path(sys.argv[1]))
keys = [f"{number:064x}" for number in range(300)]
store.samples.add([FileRecord(key, key) for key in keys])
cat = store.classes.create("cat").id
size = Path(sys.argv[1] + "-wal").stat().st_size
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, hard))
saved = 0
try:
    for key in keys:
        store.answers.append("ann", [NewAnswer(key, key, "label", cat)])
        saved += 1
except StorageError as error:
    assert "full" in str(error), error
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
assert saved < len(keys)
store.answers.append("ann", [NewAnswer(keys[saved], keys[saved], "label", cat)])
assert len(store.answers.all()) == saved + 1
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "hone.sqlite")], check=True)


# -- a folder, a file, a clock ----------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_folder_that_may_only_be_read_is_refused_with_the_mend(tmp_path: Path) -> None:
    pool, folder = fill(tmp_path / "images", 1), tmp_path / "project"
    open_project(pool, folder).close()
    for place in (*tmp_path.parents, tmp_path):
        if place.stat().st_uid == 0 and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o055)
    code = (
        "import os, sys; from labeling.project.project import open_project; "
        "from labeling.errors import ProjectError\n"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "try: open_project(sys.argv[1], sys.argv[2])\n"
        "except ProjectError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(pool), str(folder)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "cannot be written to (Permission denied)" in shown.stdout
    assert "PROJECT=path" in shown.stdout


def test_a_damaged_page_is_found_and_the_latest_backup_is_offered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pool, folder = fill(tmp_path / "images", 1), tmp_path / "project"
    project = open_project(pool, folder)
    for number in range(300):
        project.store.classes.ensure(f"class {number}")
    project.close()
    place = ["--pool", str(pool), "--project", str(folder)]
    assert main(["backup", *place, "--to", str(tmp_path / "older.zip")]) == 0
    assert main(["backup", *place, "--to", str(tmp_path / "newer.zip")]) == 0
    content = bytearray((folder / "hone.sqlite").read_bytes())
    half = len(content) // 2
    content[half : half + 8192] = b"\xff" * 8192
    (folder / "hone.sqlite").write_bytes(bytes(content))
    assert main(["verify", *place]) != 0
    told = capsys.readouterr().err
    assert "newer.zip" in told and "older.zip" not in told
    content[100:4000] = b"\xff" * 3900
    (folder / "hone.sqlite").write_bytes(bytes(content))
    with pytest.raises(ProjectError, match=r"newer\.zip"):
        open_project(pool, folder)


def test_a_clock_that_is_set_back_changes_neither_the_order_of_answers_nor_who_holds_what(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = add_samples(store, 4)
    cat, dog = (store.classes.create(name).id for name in ("cat", "dog"))
    store.answers.append("ann", [label(keys[0], cat, "a")])
    now = time.time()
    assert len(store.leases.claim("tab 1", [Offer(keys[1], "margin")], 1)) == 1
    for module in (answers_module, leases_module):
        monkeypatch.setattr(module.time, "time", lambda: now - 3600.0)
    store.answers.append("ann", [label(keys[0], dog, "b")])
    assert standing(store)[keys[0]].client_id == "b"
    assert [one.client_id for one in store.answers.latest("ann", 2)] == ["b", "a"]
    assert store.leases.claim("tab 2", [Offer(keys[1], "margin")], 1) == []


def append_for_ever(file: Path, name: str, told: Connection) -> None:
    store = Store(file)
    keys, cat = store.samples.ids(), store.classes.all()[0].id
    for number in range(10_000):
        client = f"{name}-{number}"
        store.answers.append(name, [NewAnswer(client, keys[number % len(keys)], "label", cat)])
        told.send(client)


def test_what_is_killed_while_two_processes_write_one_folder_stays_whole(tmp_path: Path) -> None:
    file = tmp_path / "hone.sqlite"
    store = Store(file)
    add_samples(store, 20)
    store.classes.create("cat")
    writers = [fork(append_for_ever, file, name) for name in ("ann", "bob")]
    told = [said.recv() for _, said in writers for _ in range(50)]
    for process, _ in writers:
        process.kill()
    for process, said in writers:
        with said, suppress(EOFError, OSError):  # half a message does not count
            while True:
                told.append(said.recv())
        process.join()
    stored = [one.client_id for one in store.answers.all()]
    assert set(told) <= set(stored)
    assert len(stored) == len(set(stored))
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    store.close()


def test_a_crash_of_the_database_takes_nobodys_images_away(mortal: Cluster, tmp_path: Path) -> None:
    store = Store(tmp_path / "unused", mortal.url, "crash")
    ids = add_samples(store, 6)
    held = store.leases.claim("ann", [Offer(key, "margin") for key in ids], 3)
    mortal.stop(kill=True)  # what has been promised to Ann a moment ago is on disk
    mortal.start()
    again = Store(tmp_path / "unused", mortal.url, "crash")
    others = again.leases.claim("bob", [Offer(key, "margin") for key in ids], 6)
    assert [one.sample_id for one in held] == ids[:3]
    assert [one.sample_id for one in others] == ids[3:]
    for one in (store, again):
        one.close()
