"""Bringing databases up to date."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

from labeling.store import Store
from labeling.store.migration import NEWEST, SCRIPTS


def test_each_migration_is_called_by_its_number_and_follows_the_one_before() -> None:
    names = sorted(file.stem for file in (SCRIPTS / "versions").glob("m[0-9]*.py"))
    before = None
    for name in names:
        module = import_module(f"labeling.store.migrations.versions.{name}")
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
