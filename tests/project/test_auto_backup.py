"""Automatic backups: when one is due, what it has, which are kept, and the last one of a loss."""

import os
import sqlite3
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from labeling.errors import LostError, ProjectError
from labeling.project.auto_backup import ANSWERS, DAYS, HOURS, NEWEST, PAUSE, AutoBackup, kept
from labeling.project.backup import read_backup, write_backup
from labeling.project.project import Project, open_project
from labeling.store.backups import automatic_backups
from labeling.store.copies import file_problems
from tests.conftest import OpenSession, add_samples, fill, label

Answer = Callable[[int], None]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with closing(open_project(fill(tmp_path / "pool", 1), tmp_path / "p")) as opened:
        add_samples(opened.store, 3)
        opened.store.classes.create("cat")
        yield opened


@pytest.fixture
def answer(project: Project) -> Answer:
    """Gives a number of answers."""
    (sample, *_), (cat,) = project.store.samples.ids(), project.store.classes.all()

    def give(count: int) -> None:
        first = project.store.answers.last_id()
        answers = [label(sample, cat.id, f"c{first + number}") for number in range(count)]
        project.store.answers.append("ann", answers)

    return give


def begun(project: Project, *, leads: bool = True) -> AutoBackup:
    return AutoBackup(project, lambda: leads)


def older(file: Path, seconds: float) -> None:
    os.utime(file, (time.time() - seconds,) * 2)


def test_a_backup_is_due_after_many_answers_and_has_them_all(
    project: Project, answer: Answer, tmp_path: Path
) -> None:
    project.heads.mkdir()
    for name in ("000001-a.npz", "000002-b.npz"):
        (project.heads / name).write_bytes(b"a head")
    answer(ANSWERS - 1)
    assert begun(project).look() is None
    answer(1)
    assert begun(project, leads=False).look() is None  # another process does it
    file = begun(project).look()
    assert file is not None and file.parent == project.backups
    assert begun(project).look() is None
    with zipfile.ZipFile(file) as archive:
        assert "heads/000002-b.npz" in archive.namelist()
        assert "heads/000001-a.npz" not in archive.namelist()
    read_backup(file, tmp_path / "again")
    with closing(open_project(project.source.location, tmp_path / "again")) as again:
        assert again.store.answers.all() == project.store.answers.all()


def test_a_backup_is_due_after_a_while_if_there_is_an_answer(
    project: Project, answer: Answer
) -> None:
    answer(ANSWERS)
    file = begun(project).look()
    assert file is not None
    older(file, PAUSE)
    assert begun(project).look() is None
    answer(1)
    older(file, PAUSE / 2)
    assert begun(project).look() is None
    older(file, PAUSE)
    assert begun(project).look() is not None


def test_backups_take_a_small_part_of_the_time(project: Project, answer: Answer) -> None:
    backups = begun(project)
    answer(ANSWERS)
    assert backups.look() is not None
    answer(ANSWERS)
    assert backups.look() is None  # the last one was a moment ago


def test_old_backups_are_thinned_out() -> None:
    minutes = [
        f"auto-202611{day:02}-{hour:02}{minute:02}00-1.zip"
        for day in range(1, 21)
        for hour in range(24)
        for minute in range(0, 60, 10)
    ]
    files = [Path(name) for name in reversed(minutes)]
    names = sorted(file.name for file in kept(files))
    assert names[-NEWEST:] == minutes[-NEWEST:]
    hourly = [f"auto-20261120-{23 - number:02}5000-1.zip" for number in range(HOURS)]
    daily = [f"auto-202611{20 - number:02}-235000-1.zip" for number in range(DAYS)]
    assert set(names) == {*minutes[-NEWEST:], *hourly, *daily}
    assert kept([]) == set()


def test_only_automatic_backups_are_thinned_out(project: Project, answer: Answer) -> None:
    project.backups.mkdir()
    own = project.backups / "mine.zip"
    own.touch()
    for minute in range(20):
        (project.backups / f"auto-20200101-00{minute:02}00-1.zip").touch()
    answer(ANSWERS + 1)
    file = begun(project).look()
    assert own.exists()
    assert automatic_backups(project.folder)[0] == file
    assert len(automatic_backups(project.folder)) == NEWEST


@pytest.mark.parametrize("deleted", ["hone.sqlite", "hone.sqlite-wal", "hone.sqlite*"])
def test_of_a_deleted_database_a_last_backup_has_every_answer(
    project: Project, answer: Answer, tmp_path: Path, deleted: str
) -> None:
    answer(7)
    for file in project.folder.glob(deleted):
        file.unlink()
    backups = begun(project)
    with project.store.engine.connect(), pytest.raises(LostError):
        answer(1)  # all other connections are in use, as on a busy server
    with pytest.raises(LostError):
        backups.look()
    told = backups.rescue()
    (file,) = automatic_backups(project.folder)
    assert f"restore {file} --project {project.folder}" in told
    read_backup(file, tmp_path / "again")
    with closing(open_project(project.source.location, tmp_path / "again")) as again:
        assert again.store.answers.count() == 7


def test_of_a_database_that_cannot_be_read_no_backup_is_made_and_the_newest_is_offered(
    project: Project, answer: Answer
) -> None:
    answer(ANSWERS)
    good = begun(project).look()
    assert good is not None and project.store.path is not None
    with closing(sqlite3.connect(project.store.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
    answer(1)
    project.store.path.write_bytes(b"")
    project.store.engine.dispose()  # with what its connections remember
    assert f"restore {good} " in begun(project).rescue()
    assert automatic_backups(project.folder) == [good]


def test_a_damaged_database_is_not_backed_up_over_a_good_one(
    project: Project, answer: Answer, tmp_path: Path
) -> None:
    answer(1)
    connection = sqlite3.connect(project.folder / "hone.sqlite")
    connection.execute("PRAGMA foreign_keys=OFF")
    with connection:
        connection.execute("DELETE FROM classes")
    connection.close()
    with pytest.raises(ProjectError, match="cannot be backed up"):
        write_backup(project, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_a_moved_project_offers_the_backups_that_moved_with_it(
    project: Project, answer: Answer, tmp_path: Path
) -> None:
    answer(ANSWERS)
    file = begun(project).look()
    assert file is not None
    project.close()
    moved = project.folder.rename(tmp_path / "moved")
    (moved / "hone.sqlite").unlink()
    with pytest.raises(LostError, match=f"restore {moved / 'backups' / file.name} "):
        open_project(project.source.location, moved)


def test_a_lost_project_is_restored_in_its_place_once_nothing_runs_with_it(
    open_session: OpenSession,
) -> None:
    session = open_session()
    keys, cat = session.store.samples.ids(), session.store.classes.create("cat").id
    session.answer("ann", [label(keys[0], cat)])
    file = begun(session.project).rescue() and automatic_backups(session.project.folder)[0]
    with pytest.raises(ProjectError, match="not empty"):
        read_backup(file, session.project.folder)  # it has lost nothing
    (session.project.folder / "hone.sqlite").unlink()
    with pytest.raises(ProjectError, match="still runs"):
        read_backup(file, session.project.folder)
    session.close()
    read_backup(file, session.project.folder)
    again = open_session()
    assert [one.sample_id for one in again.store.answers.all()] == [keys[0]]
    assert again.ingest.cache is not None and len(again.ingest.cache) == len(keys)
    (aside,) = session.project.folder.glob("lost-*")
    assert (aside / "hone.mark").exists()
    assert file_problems(session.project.folder / "hone.sqlite") == []
