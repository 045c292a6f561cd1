"""The place of a project's database: its folder, or what HONE_DATABASE_URL names."""

import hashlib
import os
import re
from contextlib import closing
from pathlib import Path

from labeling.environment import DATABASE_URL
from labeling.errors import ProjectError
from labeling.paths import DATABASE, SCHEMA_FILE
from labeling.store.copies import copy_rows
from labeling.store.store import Store

LONGEST_PART = 40  # characters of the folder's name in the schema's name


def open_store(folder: Path) -> Store:
    """The store of a project's folder.

    With HONE_DATABASE_URL it is a schema of that PostgreSQL database, which a file in the folder
    names. So a moved folder keeps its labels, and no folder can be opened without its labels.
    """
    url, marker = DATABASE_URL.value(), folder / SCHEMA_FILE
    if not url:
        if marker.exists():
            raise ProjectError(
                f"The labels of the project in {folder} are in PostgreSQL; set HONE_DATABASE_URL "
                "to the address of that database, or choose another project folder."
            )
        return Store(folder / DATABASE)
    if (folder / DATABASE).exists():
        raise ProjectError(
            f"The labels of the project in {folder} are in SQLite. To bring them into PostgreSQL, "
            "write a backup without HONE_DATABASE_URL, and restore it with it into a new folder; "
            "or choose another project folder."
        )
    schema = _read(marker) if marker.exists() else _named(folder)
    store = Store(folder / DATABASE, url, schema)
    if not marker.exists():
        draft = marker.with_name(f"{marker.name}-{os.getpid()}")
        draft.write_text(schema + "\n", encoding="ascii")
        draft.replace(marker)
    return store


def move_in(folder: Path) -> None:
    """Move the database of a folder that was just restored to what HONE_DATABASE_URL names."""
    if not DATABASE_URL.value():
        return
    file = (folder / DATABASE).replace(folder / "restored.sqlite")
    with closing(Store(file)) as restored, closing(open_store(folder)) as store:
        if store.samples.count() or store.answers.last_id():
            raise ProjectError(
                f"The PostgreSQL database has labels of a project in {folder} already; restore "
                "into a folder of another name."
            )
        copy_rows(restored, store)
    for left in folder.glob(f"{file.name}*"):
        left.unlink()


def is_project(folder: Path) -> bool:
    """Whether a folder is a project's folder."""
    return any((folder / name).is_file() for name in (DATABASE, SCHEMA_FILE))


def _named(folder: Path) -> str:
    """The schema of a new folder: its name, and a part that makes it unique."""
    part = re.sub(r"[^a-z0-9]+", "_", folder.name.lower()).strip("_")[:LONGEST_PART]
    return f"hone_{part or 'project'}_{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"


def _read(marker: Path) -> str:
    schema = marker.read_text(encoding="utf-8", errors="replace").strip()
    if not re.fullmatch(r"[a-z0-9_]{1,63}", schema):
        raise ProjectError(f"{marker} is damaged: it should hold the name of a schema alone.")
    return schema
