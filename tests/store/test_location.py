"""Where a project's database is, and what is told when it cannot be used."""

import sqlite3
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from labeling.api import routes
from labeling.cli.main import main
from labeling.errors import (
    DamagedError,
    HoneError,
    LostError,
    ProjectError,
    SettingError,
    StorageError,
)
from labeling.exchange.formats import FORMATS
from labeling.loop.session import Session
from labeling.paths import DATABASE, HEADS, MARK, SCHEMA_FILE
from labeling.people.tokens import Person, issue
from labeling.project.damage import problems
from labeling.project.project import Project, open_project
from labeling.store import Role, Store, open_store
from labeling.store.samples import FileRecord
from labeling.workspace import Workspace
from tests.conftest import add_samples, contents, fill, label
from tests.postgres import Cluster

WORD = "s3cret-word"  # the password of every address here


@pytest.fixture
def on_postgres(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Sets HONE_DATABASE_URL from now on."""
    return lambda: monkeypatch.setenv("HONE_DATABASE_URL", cluster.url)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return fill(tmp_path / "images", 3)


def labeled(project: Project) -> list[str]:
    """Label two samples; the client ids that are stored."""
    keys = add_samples(project.store, 3)
    cat = project.store.classes.ensure("cat").id
    project.store.answers.append("ann", [label(key, cat) for key in keys[:2]])
    return [one.client_id for one in project.store.answers.all()]


def test_two_projects_in_one_database_do_not_see_each_other(
    tmp_path: Path, images: Path, on_postgres: Callable[[], None]
) -> None:
    on_postgres()
    first, second = (open_project(images, tmp_path / name / "Ä b-1") for name in "ab")
    assert len(labeled(first)) == 2
    assert second.store.answers.all() == []
    assert {one.name for one in second.folder.iterdir()} == {"hone.postgresql", "hone.mark"}
    first.close()
    second.close()


def test_a_folder_that_was_moved_keeps_its_labels(
    tmp_path: Path, images: Path, on_postgres: Callable[[], None]
) -> None:
    on_postgres()
    project = open_project(images, tmp_path / "before")
    before = labeled(project)
    project.close()
    project.folder.rename(tmp_path / "after")
    project = open_project(images, tmp_path / "after")
    assert [one.client_id for one in project.store.answers.all()] == before
    project.close()


def test_a_project_is_not_opened_without_the_labels_that_it_has_elsewhere(
    tmp_path: Path,
    images: Path,
    on_postgres: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_project(images, tmp_path / "file").close()
    on_postgres()
    with pytest.raises(ProjectError, match=r"are in SQLite.*backup"):
        open_project(images, tmp_path / "file")
    open_project(images, tmp_path / "server").close()
    monkeypatch.delenv("HONE_DATABASE_URL")
    with pytest.raises(ProjectError, match="are in PostgreSQL; set HONE_DATABASE_URL"):
        open_project(images, tmp_path / "server")


def test_a_backup_brings_labels_from_one_database_into_the_other_and_back(
    tmp_path: Path,
    images: Path,
    on_postgres: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(command: str, *arguments: str, folder: str) -> None:
        place = ["--pool", str(images), "--project", str(tmp_path / folder)]
        assert main([command, *arguments, *place]) == 0, capsys.readouterr().err

    def stored(folder: str) -> list[object]:
        project = open_project(images, tmp_path / folder)
        found = [project.store.answers.all(), project.store.samples.files()]
        assert problems(project) == []
        assert project.store.classes.create(f"new in {folder}").id > 1  # numbers go on
        project.close()
        return found

    project = open_project(images, tmp_path / "one")
    labeled(project)
    project.close()
    run("backup", "--to", str(tmp_path / "1.zip"), folder="one")
    before = stored("one")
    on_postgres()
    run("restore", str(tmp_path / "1.zip"), folder="two")
    assert stored("two") == before
    run("backup", "--to", str(tmp_path / "2.zip"), folder="two")
    monkeypatch.delenv("HONE_DATABASE_URL")
    run("restore", str(tmp_path / "2.zip"), folder="three")
    assert stored("three") == before


# -- a database that is lost -------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, images: Path) -> Path:
    """The folder of a project with two answers, on either database."""
    if request.param == "postgresql":
        request.getfixturevalue("on_postgres")()
    with closing(open_project(images, tmp_path / f"p-{request.param}")) as project:
        labeled(project)
    return project.folder


def take_out(folder: Path, cluster: Cluster, query: str) -> None:
    """Change a project's database behind Hone's back."""
    if not (folder / SCHEMA_FILE).exists():
        with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
            connection.execute(query)
        return
    schema = (folder / SCHEMA_FILE).read_text().strip()
    with psycopg.connect(cluster.url, options=f"-c search_path={schema}") as connection:
        connection.execute(query)


def test_a_database_that_is_gone_is_not_begun_anew_unless_a_person_says_so(
    folder: Path, images: Path, cluster: Cluster
) -> None:
    if (schema := folder / SCHEMA_FILE).exists():
        take_out(folder, cluster, f"DROP SCHEMA {schema.read_text().strip()} CASCADE")
    else:
        (folder / DATABASE).unlink()
    for _ in range(2):  # the first refusal leaves nothing that the second one would take for it
        with pytest.raises(LostError, match=r"are lost.*delete hone\.mark"):
            open_project(images, folder)
    (folder / MARK).unlink()
    with closing(open_project(images, folder)) as project:
        assert project.store.answers.count() == 0


def test_an_emptied_database_file_is_not_begun_anew(
    tmp_path: Path, images: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(open_project(images, tmp_path / "p")) as project:
        labeled(project)
    (tmp_path / "p" / DATABASE).write_bytes(b"")
    place = ["--pool", str(images), "--project", str(tmp_path / "p")]
    for command in ("verify", "status"):
        assert main([command, *place]) == 2
        assert "hone.sqlite was deleted or emptied" in capsys.readouterr().err
    assert (tmp_path / "p" / DATABASE).read_bytes() == b""


def test_an_older_database_is_told_from_the_newest_one(
    folder: Path, images: Path, cluster: Cluster
) -> None:
    take_out(folder, cluster, "DELETE FROM answers WHERE id = 2")
    with pytest.raises(LostError, match="its database has 1 of 2 answers"):
        open_project(images, folder)
    (folder / MARK).unlink()
    with closing(open_project(images, folder)) as project:
        assert project.store.answers.count() == 1


def test_another_projects_database_is_told_from_the_own_one(
    folder: Path, images: Path, cluster: Cluster
) -> None:
    take_out(folder, cluster, f"UPDATE identity SET id = '{'0' * 32}'")
    with pytest.raises(LostError, match="another database is in its place"):
        open_project(images, folder)


def test_an_empty_database_beside_models_that_learned_is_not_taken_for_a_new_project(
    folder: Path, images: Path, cluster: Cluster
) -> None:
    (folder / HEADS).mkdir()
    (folder / HEADS / "000001-abcdef.npz").touch()
    (folder / MARK).unlink()  # as in a project of an earlier Hone
    with closing(open_project(images, folder)):
        (folder / MARK).unlink()
    take_out(folder, cluster, "DELETE FROM answers")
    with pytest.raises(LostError, match="models have learned"):
        open_project(images, folder)


def test_a_damaged_mark_is_written_anew(folder: Path, images: Path) -> None:
    before = (folder / MARK).read_bytes()
    (folder / MARK).write_bytes(b"nonsense")
    open_project(images, folder).close()
    assert (folder / MARK).read_bytes() == before


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://hone:{WORD}@host/db",
        f"postgresql://hone:{WORD}@host:port/db",
        f"hone:{WORD}@host",
        f"postgresql://hone:{WORD}@127.0.0.1:1/db",
        f"postgresql://hone:{WORD}@/db?host=/nowhere",
        f"postgresql://hone:a@{WORD}@host/db",
        f"postgresql://hone@127.0.0.1:1/db?password={WORD}",
        f"postgresql://hone@127.0.0.1:1/db?pasword=a&sslpassword={WORD}",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(
    tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HONE_DATABASE_URL", url)
    with pytest.raises((SettingError, ProjectError), match="HONE_DATABASE_URL") as told:
        open_project(images, tmp_path / "p")
    assert WORD not in "".join(traceback.format_exception(told.value))
    assert not (tmp_path / "p" / "hone.postgresql").exists()


@pytest.mark.parametrize("query", ["", f"&password={WORD}"])
def test_the_password_of_the_database_is_in_no_repr_no_file_and_no_export(
    tmp_path: Path, images: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    url = cluster.url if not query else cluster.url.replace(f":{WORD}@", "@") + query
    monkeypatch.setenv("HONE_DATABASE_URL", url)
    place = ["--pool", str(images), "--project", str(tmp_path / "p")]
    project = open_project(images, tmp_path / "p")
    labeled(project)
    engine = project.store.engine
    with engine.connect() as connection:
        shown = [project, project.store, vars(project.store), engine, engine.url, connection]
        assert WORD not in f"{shown!r} {engine.pool!r} {connection.connection.dbapi_connection!r}"
    project.close()
    for name in FORMATS:
        assert main(["export", name, "--to", str(tmp_path / "p" / name), *place]) == 0
    assert main(["backup", "--to", str(tmp_path / "p" / "b.zip"), *place]) == 0
    for file in (tmp_path / "p").rglob("*.*"):
        for content in contents(file):
            assert WORD.encode() not in content, file


def test_a_damaged_marker_is_named(tmp_path: Path, on_postgres: Callable[[], None]) -> None:
    on_postgres()
    (tmp_path / "hone.postgresql").write_text('x"; DROP SCHEMA public; --')
    with pytest.raises(ProjectError, match=r"hone\.postgresql is damaged"):
        open_store(tmp_path)


def test_what_a_database_cannot_hold_is_refused_and_the_rest_is_stored(store: Store) -> None:
    key = add_samples(store, 1)[0]
    cat = store.classes.create("cat").id
    with pytest.raises(HoneError) if store.path is None else does_not_matter():
        store.answers.append("ann", [label(key, cat, "a\0b")])
    store.answers.append("ann", [label(key, cat, "c")])
    assert "c" in {one.client_id for one in store.answers.all()}
    store.samples.add([FileRecord("large.png", key, 5_000_000_000, 1_700_000_000_000_000_000)])
    assert store.samples.files()["large.png"].size == 5_000_000_000


class does_not_matter:  # noqa: N801 - reads as a statement
    """SQLite holds anything."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


# -- a server that goes away ------------------------------------------------------------------


def test_while_the_database_is_away_answers_are_refused_with_503_and_then_saved(
    mortal: Cluster, tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONE_DATABASE_URL", mortal.url)
    session = Session(open_project(images, tmp_path / "p"))
    workspace = Workspace()
    workspace.adopt(session)
    keys = add_samples(session.store, 3)
    session.current.reload()
    cat = session.store.classes.create("cat").id
    token = issue(Person(session.project.key, "ann"), workspace.secret)
    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(Starlette(routes=routes(workspace)), "http://localhost") as client:

        def give(number: int) -> int:
            body = {"answers": [vars(label(keys[number], cat, f"c{number}"))]}
            reply = client.post("/api/answers", json=body, headers=headers)
            assert WORD not in reply.text
            if reply.status_code == 503:
                assert "sent again" in reply.json()["error"]
            return reply.status_code

        assert give(0) == 200
        for number, kill in ((1, False), (2, True)):
            mortal.stop(kill=kill)
            session.store.look_again()
            assert client.get("/api/status", headers=headers).status_code == 503
            assert give(number) == 503
            mortal.start()
            assert give(number) == 200
            assert give(number) == 200  # a repeated delivery
    stored = [one.client_id for one in session.store.answers.all()]
    assert stored == ["c0", "c1", "c2"]
    session.close()


def test_whoever_leads_leads_no_more_when_the_database_has_been_away(
    mortal: Cluster, tmp_path: Path
) -> None:
    first, second = (Store(tmp_path / "x", mortal.url, "hone_lead") for _ in range(2))
    assert first.lead.win() and not second.lead.win()
    mortal.stop(kill=True)
    with pytest.raises(StorageError):
        first.lead.win()
    mortal.start()
    assert second.lead.win() and not first.lead.win()
    second.lead.give_back()
    assert first.lead.win()
    first.close()
    second.close()


# -- a file that is damaged -------------------------------------------------------------------


def test_a_page_that_is_damaged_while_hone_runs_is_told_with_the_mend(tmp_path: Path) -> None:
    store = Store(tmp_path / "hone.sqlite")
    for number in range(300):
        store.people.invite(f"person {number}", Role.ANNOTATOR, 1)
    store.close()
    content = bytearray((tmp_path / "hone.sqlite").read_bytes())
    half = len(content) // 2
    content[half:] = b"\xff" * (len(content) - half)
    (tmp_path / "hone.sqlite").write_bytes(bytes(content))
    with pytest.raises((DamagedError, ProjectError), match="damaged"):
        store = Store(tmp_path / "hone.sqlite")
        store.people.all()
    store.close()
