"""The open projects of one process."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from labeling.errors import PoolError, ProjectError
from labeling.paths import home
from labeling.workspace import SAMPLE_POOL, Workspace, configured
from tests.conftest import fill


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    opened = Workspace()
    yield opened
    opened.close()


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return fill(tmp_path / "images", 3)


def test_a_pool_is_opened_once_also_by_eight_threads(workspace: Workspace, images: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        sessions = set(pool.map(workspace.open, [images] * 8))
    (session,) = sessions
    assert workspace.get(session.project.key) is session
    assert workspace.open(f"{images}/../images") is session


def test_an_open_project_is_refused_to_another_pool(
    workspace: Workspace, images: Path, tmp_path: Path
) -> None:
    session = workspace.open(images, tmp_path / "p")
    with pytest.raises(ProjectError, match="choose another project folder"):
        workspace.open(fill(tmp_path / "other", 1), tmp_path / "p")
    assert workspace.open(images, tmp_path / "p") is session


def test_two_projects_run_side_by_side(workspace: Workspace, images: Path, tmp_path: Path) -> None:
    first, second = workspace.open(images), workspace.open(images, tmp_path / "p")
    assert first.project.key != second.project.key
    assert workspace.get(second.project.key) is second


def test_a_wrong_pool_leaves_the_workspace_as_it_was(workspace: Workspace, images: Path) -> None:
    session = workspace.open(images)
    with pytest.raises(PoolError):
        workspace.open(images.parent / "nowhere")
    assert workspace.open(images) is session


def test_an_unknown_key_has_no_session(workspace: Workspace) -> None:
    assert workspace.get("0123456789ab") is None


def test_a_reopened_session_keeps_its_key_and_its_classes(
    workspace: Workspace, images: Path
) -> None:
    session = workspace.open(images)
    session.store.classes.create("cat")
    again = workspace.reopen(session)
    assert again is not session
    assert workspace.get(session.project.key) is again
    assert [one.name for one in again.store.classes.all()] == ["cat"]


def test_after_close_nothing_is_open(images: Path) -> None:
    workspace = Workspace()
    key = workspace.open(images).project.key
    workspace.close()
    assert workspace.get(key) is None


def test_the_secret_lies_in_the_home_and_stays_the_same(workspace: Workspace) -> None:
    assert workspace.secret == workspace.secret == (home() / "secret").read_text()


def test_the_pool_comes_from_the_environment_or_is_the_sample_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert configured() == (str(SAMPLE_POOL), None)
    assert SAMPLE_POOL.is_dir()
    monkeypatch.setenv("HONE_POOL", "images")
    monkeypatch.setenv("HONE_PROJECT", "work")
    assert configured() == ("images", "work")
