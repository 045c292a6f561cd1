"""Bringing databases up to date."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib import import_module
from pathlib import Path

from labeling.store import Store
from labeling.store.sql.migration import NEWEST, SCRIPTS
from tests.conftest import add_samples, label, standing


def test_each_migration_is_called_by_its_number_and_follows_the_one_before() -> None:
    names = sorted(file.stem for file in (SCRIPTS / "versions").glob("m[0-9]*.py"))
    before = None
    for name in names:
        module = import_module(f"labeling.store.sql.migrations.versions.{name}")
        assert (module.revision, module.down_revision) == (name[1:5], before)
        before = module.revision
    assert before == NEWEST


def test_an_up_to_date_database_is_opened_without_alembic(tmp_path: Path) -> None:
    file = tmp_path / "hone.sqlite"
    store = Store(file)
    store.classes.create("cat")
    store.close()
    code = (
        "import sys; from pathlib import Path; from labeling.store import Store; "
        f"store = Store(Path({str(file)!r})); "
        "print(store.classes.all()[0].name, 'alembic' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["cat", "False"]


def test_a_project_of_before_the_log_keeps_its_labels_and_can_be_changed(tmp_path: Path) -> None:
    file = tmp_path / "hone.sqlite"
    store = Store(file)
    (key,) = add_samples(store, 1)
    cat, dog = (store.classes.create(name).id for name in ("cat", "dog"))
    store.answers.append("ann", [label(key, cat)])
    store.close()
    with closing(sqlite3.connect(file)) as connection:  # back to what 0004 has made
        connection.executescript(
            "DROP TABLE identity; DROP TABLE revisions; "
            "DROP TABLE withdrawals; DROP TABLE log; ALTER TABLE certificates DROP COLUMN voided;"
            + "".join(
                f"ALTER TABLE classes DROP COLUMN {name};"
                for name in ("merged_into", "counts_as", "hotkey", "description", "examples")
            )
            + "UPDATE alembic_version SET version_num = '0004';"
        )
    store = Store(file)
    assert [(one.name, one.active, one.examples) for one in store.classes.all()] == [
        ("cat", True, ()),
        ("dog", True, ()),
    ]
    assert standing(store)[key].class_id == cat
    store.reshaping.merge(cat, dog)
    assert standing(store)[key].class_id == dog
    store.close()
