"""A project: its folder, its pool, its settings, and every way in which opening can go wrong."""

import shutil
import threading
from pathlib import Path

import pytest

from labeling.errors import HoneError, PoolError, ProjectError
from labeling.paths import default_folder
from labeling.pool.opening import open_source
from labeling.project.project import Project, open_project
from labeling.settings import Settings
from tests.conftest import OpenStore, fill


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return fill(tmp_path / "images", 2)


def classes_of(images: Path) -> list[str]:
    project = open_project(images)
    names = [one.name for one in project.store.classes.all()]
    project.close()
    return names


def test_a_new_project_has_the_default_settings_and_a_folder_of_its_own(images: Path) -> None:
    project = open_project(images)
    assert project.settings() == Settings()
    assert project.folder == default_folder(images)
    assert project.name == "images"
    assert (project.folder / "hone.sqlite").is_file()
    project.close()


def test_the_same_pool_opens_the_same_project_however_its_path_is_written(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images.parent)
    keys = []
    for name in (images, "images", "./images/../images/", str(images)):
        project = open_project(name)
        keys.append(project.key)
        project.close()
    assert len(set(keys)) == 1


def test_two_pools_of_one_name_have_two_projects(tmp_path: Path) -> None:
    first, second = fill(tmp_path / "a" / "images", 1), fill(tmp_path / "b" / "images", 1)
    assert default_folder(first) != default_folder(second)


def test_a_folder_with_a_dot_keeps_its_whole_name(tmp_path: Path) -> None:
    project = open_project(fill(tmp_path / "images.v2", 1))
    assert project.name == "images.v2"
    project.close()


def test_settings_are_kept_and_unknown_ones_of_another_version_are_passed_over(
    images: Path,
) -> None:
    project = open_project(images)
    changed = project.change(query="margin", seed=7)
    stored = project.store.setting("settings") | {"from_the_future": 1}
    project.store.set("settings", stored)
    project.close()
    project = open_project(images)
    assert project.settings() == changed == Settings(query="margin", seed=7)
    with pytest.raises(TypeError, match="colour"):
        project.change(colour="red")
    project.close()


def test_a_project_folder_below_a_file_is_refused_with_the_mend(
    images: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "deep" / "er"):
        with pytest.raises(ProjectError, match=r"file.* cannot be written to .*; choose another"):
            open_project(images, place)


def test_a_project_opened_with_another_pool_is_refused_and_left_as_it_was(
    images: Path, tmp_path: Path
) -> None:
    other = fill(tmp_path / "other", 1)
    open_project(images, tmp_path / "p").close()
    with pytest.raises(ProjectError, match=r"labels .*images, not .*other; choose another"):
        open_project(other, tmp_path / "p")
    project = open_project(images, tmp_path / "p")
    assert project.store.setting("pool") == str(images)
    project.close()


def test_the_pool_itself_cannot_be_the_project_folder(images: Path) -> None:
    with pytest.raises(ProjectError, match="is the pool itself; choose another folder"):
        open_project(images, images)
    assert sorted(file.name for file in images.iterdir()) == ["img0.png", "img1.png"]


def test_a_project_that_was_copied_opens_as_it_was(images: Path, tmp_path: Path) -> None:
    project = open_project(images, tmp_path / "p")
    project.store.classes.create("cat")
    project.close()
    shutil.copytree(tmp_path / "p", tmp_path / "copy")
    copy = open_project(images, tmp_path / "copy")
    assert [one.name for one in copy.store.classes.all()] == ["cat"]
    copy.close()


@pytest.mark.parametrize("name", ["nowhere", "zero\0byte", "~nobody-of-this-name/x", "x" * 5000])
def test_a_pool_that_is_not_there_makes_no_project(own_home: Path, name: str) -> None:
    with pytest.raises(PoolError):
        open_project(name)
    assert not own_home.exists()


def test_a_class_list_beside_the_images_makes_the_classes_in_its_order(images: Path) -> None:
    (images / "classes.txt").write_text("dog\n\n  cat \nDog\n", encoding="utf-8-sig")
    assert classes_of(images) == ["dog", "cat"]


def test_a_class_list_is_read_once_so_that_archived_classes_stay_away(images: Path) -> None:
    (images / "classes.txt").write_text("dog\ncat\n")
    project = open_project(images)
    project.store.classes.archive(project.store.classes.all()[0].id)
    project.close()
    assert classes_of(images) == ["cat"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("Käse".encode("latin-1"), "cannot be read as UTF-8"),
        (b"cat\n" + b"x" * 81, "has 81 characters"),
        (b"c\0t", "control characters"),
    ],
)
def test_a_class_list_that_cannot_be_used_is_named_and_can_be_mended(
    images: Path, content: bytes, reason: str
) -> None:
    (images / "classes.txt").write_bytes(content)
    with pytest.raises(HoneError, match=rf"classes\.txt.*{reason}"):
        open_project(images)
    (images / "classes.txt").write_text("cat\ndog")
    assert classes_of(images) == ["cat", "dog"]


def test_two_processes_that_change_settings_at_once_undo_nothing_of_each_other(
    open_store: OpenStore, images: Path, tmp_path: Path
) -> None:
    """Each changes another setting again and again; none may bring back the other's old value."""
    source = open_source(images)
    ours, theirs = (Project(tmp_path / "p", source, open_store()) for _ in range(2))

    def count(project: Project, name: str) -> None:
        for number in range(1, 26):
            project.change(**{name: number})

    threads = [
        threading.Thread(target=count, args=pair)
        for pair in ((ours, "goal_person"), (theirs, "goal_team"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ours.store.look_again()
    assert (ours.settings().goal_person, ours.settings().goal_team) == (25, 25)
