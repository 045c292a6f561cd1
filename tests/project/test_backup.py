"""Backups are whole, come back whole, and damage is named."""

import json
import os
import sqlite3
import stat
import threading
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from labeling.cli.main import main
from labeling.errors import ProjectError
from labeling.project.backup import MANIFEST, STAGING, read_backup, write_backup
from labeling.project.damage import problems
from labeling.project.project import open_project
from labeling.store.copies import file_problems
from tests.conftest import OpenSession, fill, label
from tests.hostile import overlapping_zip


def test_a_backup_taken_while_others_label_comes_back_with_every_answer_before_it(
    open_session: OpenSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = open_session()
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    keys = session.store.samples.ids()
    session.answer("ann", [label(keys[0], cat), label(keys[1], dog)])
    session.worker.wait()
    stop = threading.Event()

    def go_on() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            session.store.answers.append("bob", [label(keys[2], cat, f"c{number}")])

    writer = threading.Thread(target=go_on)
    writer.start()
    target = tmp_path / "backup.zip"
    before = len(session.store.answers.all())
    try:
        assert write_backup(session.project, target) >= 2  # the database and a head
    finally:
        stop.set()
        writer.join()
    again = tmp_path / "again"
    assert main(["restore", str(target), "--project", str(again)]) == 0
    assert "restored" in capsys.readouterr().out
    project = open_project(session.project.source.location, again)
    answers = project.store.answers.all()
    assert len(answers) >= before
    assert answers == session.store.answers.all()[: len(answers)]
    assert problems(project) == []
    project.close()


def test_a_backup_follows_its_images_to_another_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images, target = fill(tmp_path / "images", 2), tmp_path / "b.zip"
    open_project(images).close()
    assert main(["backup", "--pool", str(images), "--to", str(target)]) == 0
    assert main(["backup", "--pool", str(images), "--to", str(target)]) == 2  # never replaced
    moved = images.rename(tmp_path / "moved")
    folder = str(tmp_path / "p")
    assert main(["restore", str(target), "--project", folder, "--pool", str(moved)]) == 0
    assert main(["verify", "--project", folder, "--pool", str(moved)]) == 0
    assert "No damage" in capsys.readouterr().out
    assert main(["restore", str(target), "--project", folder]) == 2
    assert "not empty" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../evil", "heads/../../evil.npz", "/etc/evil", "heads/x.py"])
def test_a_backup_with_a_foreign_name_writes_nothing(tmp_path: Path, name: str) -> None:
    source = tmp_path / "b.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(name, b"x")
        archive.writestr(MANIFEST, json.dumps({"sha256": {name: "0"}}))
    with pytest.raises(ProjectError, match="not part of a backup"):
        read_backup(source, tmp_path / "p")
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no zip at all"])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(ProjectError, match="not a whole backup"):
        read_backup(tmp_path / "b.zip", tmp_path / "p")


def test_a_changed_file_in_a_backup_is_noticed(tmp_path: Path) -> None:
    source = tmp_path / "b.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("hone.sqlite", b"other bytes")
        archive.writestr(MANIFEST, json.dumps({"sha256": {"hone.sqlite": "0" * 64}}))
    with pytest.raises(ProjectError, match=r"hone\.sqlite .* is damaged"):
        read_backup(source, tmp_path / "p")


def test_damage_is_named_by_verify(open_session: OpenSession) -> None:
    session = open_session()
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    keys = session.store.samples.ids()
    session.answer("ann", [label(keys[0], cat), label(keys[1], dog)])
    session.worker.wait()
    project = session.project
    assert problems(project) == []
    (head,) = project.heads.glob("*.npz")
    head.write_bytes(head.read_bytes()[:100])
    (matrix,) = project.embeddings.glob("*/matrix.f16")
    matrix.write_bytes(matrix.read_bytes()[:1000])
    first, second = problems(project)
    assert "round 1 cannot be restored" in first
    assert "is short" in second
    connection = sqlite3.connect(project.store.path)
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("DELETE FROM classes WHERE id = ?", (dog,))
    connection.commit()
    connection.close()
    found = problems(project)
    assert any("of answers points to a row of classes that does not exist" in one for one in found)


def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    project = open_project(fill(tmp_path / "images", 1))
    for number in range(300):
        project.store.classes.create(f"class {number}")
    file = project.store.path
    project.close()
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = b"\xff" * 3000
    file.write_bytes(bytes(content))
    assert file_problems(file)


def test_a_backup_is_its_owners_alone_as_it_holds_what_links_are_checked_against(
    tmp_path: Path,
) -> None:
    with closing(open_project(fill(tmp_path / "pool", 1), tmp_path / "p")) as project:
        write_backup(project, tmp_path / "backup.zip")
    assert stat.S_IMODE((tmp_path / "backup.zip").stat().st_mode) == 0o600


def test_a_backup_that_would_grow_without_end_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"a\.zip is not read: its entries overlap"):
        read_backup(overlapping_zip(tmp_path / "a.zip", 200), tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_what_a_killed_backup_has_left_is_removed_by_the_next_one(
    tmp_path: Path, pool: Path
) -> None:
    """It is a copy of names and answers; what another backup is at just now stays."""
    dead, alive = tmp_path / f"{STAGING}dead", tmp_path / f"{STAGING}alive"
    for place in (dead, alive):
        place.mkdir()
        (place / "hone.sqlite").write_bytes(b"answers")
    os.utime(dead, (0, 0))
    with closing(open_project(pool, tmp_path / "project")) as project:
        write_backup(project, tmp_path / "backup.zip")
    assert alive.is_dir() and not dead.exists()
    assert [one.name for one in tmp_path.glob(".hone*")] == [alive.name]
