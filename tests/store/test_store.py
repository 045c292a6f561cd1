"""The store: settings, odd folders, damaged files, many at once."""

import sqlite3
from pathlib import Path

import pytest

from labeling.errors import ProjectError
from labeling.store import Store
from tests.conftest import OpenStore, add_samples, label
from tests.store.conftest import THREADS, together


def test_settings_hold_any_json_and_none_counts_as_never_set(store: Store) -> None:
    store.set("a", {"b": [1, None, "ü"]})
    store.set("a", {"b": [1, None, "ü"], "c": 0})
    assert store.setting("a") == {"b": [1, None, "ü"], "c": 0}
    store.set("a", None)
    assert store.setting("a", "default") == "default"


def test_everything_is_there_after_a_restart(open_store: OpenStore) -> None:
    first = open_store()
    key = add_samples(first, 1)[0]
    first.answers.append("ann", [label(key, first.classes.create("cat").id)])
    history = first.answers.all()
    first.close()
    assert open_store().answers.all() == history


@pytest.mark.parametrize("folder", ["a?mode=ro", "50% done", "a#b", "a b", "ü'\"", "%20"])
def test_a_project_folder_may_have_an_odd_name(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    store = Store(place / "hone.sqlite")
    add_samples(store, 1)
    store.close()
    assert (place / "hone.sqlite").stat().st_size > 0
    assert [entry.name for entry in tmp_path.iterdir()] == [folder]


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "hone.sqlite"
    file.write_bytes(b"these bytes are no database" * 100)
    with pytest.raises(ProjectError, match=r"hone\.sqlite cannot be opened.*restore a backup"):
        Store(file)
    assert file.read_bytes() == b"these bytes are no database" * 100


def test_a_database_with_a_damaged_schema_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "hone.sqlite"
    Store(file).close()
    data = bytearray(file.read_bytes())
    data[100:2000] = b"\xff" * 1900
    file.write_bytes(data)
    with pytest.raises(ProjectError, match=r"hone\.sqlite cannot be opened.*malformed"):
        Store(file)


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "hone.sqlite"
    Store(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(ProjectError, match=r"made by a newer Hone.*update Hone to open it"):
        Store(file)
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


def test_eight_threads_can_open_new_projects_at_once(tmp_path: Path) -> None:
    def work(number: int) -> list[str]:
        store = Store(tmp_path / f"{number}.sqlite")
        try:
            return add_samples(store, 2)
        finally:
            store.close()

    assert len(together(work)) == THREADS


def test_eight_threads_can_open_the_same_new_project_at_once(open_store: OpenStore) -> None:
    def work(number: int) -> int:
        return open_store().classes.ensure("cat").id

    assert set(together(work)) == {1}
