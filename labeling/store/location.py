"""The place of a project's database: its folder, or what HONE_DATABASE_URL names."""

import hashlib
import os
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from labeling.environment import DATABASE_URL
from labeling.errors import HoneError, LostError, ProjectError
from labeling.paths import DATABASE, HEADS, LEAD, MARK, SCHEMA_FILE
from labeling.store.backups import offered_backup
from labeling.store.copies import copy_rows
from labeling.store.mark import Mark
from labeling.store.sql.leader_lock import FileLead
from labeling.store.store import Store

LONGEST_PART = 40  # characters of the folder's name in the schema's name


def open_store(folder: Path) -> Store:
    """The store of a project's folder; raises LostError if it had one that is not there any more.

    With HONE_DATABASE_URL it is a schema of that PostgreSQL database, which a file in the folder
    names. So a moved folder keeps its labels, and no folder can be opened without its labels.
    """
    mark = Mark.of(folder)
    store = _store_of(folder, has_labels=mark is not None or _has_heads(folder))
    try:
        _check(store.answers.marker.mark, folder, mark)
        store.answers.marker.keep_in(folder)
    except HoneError:
        store.close()
        raise
    return store


def _store_of(folder: Path, *, has_labels: bool = False) -> Store:
    url, marker = DATABASE_URL.value(), folder / SCHEMA_FILE
    if not url:
        if marker.exists():
            raise ProjectError(
                f"The labels of the project in {folder} are in PostgreSQL; set HONE_DATABASE_URL "
                "to the address of that database, or choose another project folder."
            )
        if has_labels and not _size(folder / DATABASE):
            raise _lost(folder, f"its file {DATABASE} was deleted or emptied", MARK, HEADS)
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
    with closing(Store(file)) as restored, closing(_store_of(folder)) as store:
        if store.samples.count() or store.answers.last_id():
            raise ProjectError(
                f"The PostgreSQL database has labels of a project in {folder} already; restore "
                "into a folder of another name."
            )
        copy_rows(restored, store)
    for left in folder.glob(f"{file.name}*"):
        left.unlink()


def set_aside(folder: Path) -> None:
    """Move what is left of a lost database into a folder beside it."""
    lead = FileLead(folder / LEAD)
    if not lead.win():
        raise ProjectError(f"Hone still runs with the project in {folder}; stop it first.")
    place = folder / f"lost-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    place.mkdir(mode=0o700)
    for file in (*folder.glob(f"{DATABASE}*"), *folder.glob(MARK)):
        file.replace(place / file.name)
    lead.give_back()


def is_project(folder: Path) -> bool:
    """Whether a folder is a project's folder."""
    return any((folder / name).is_file() for name in (DATABASE, SCHEMA_FILE, MARK))


def lost_reason(folder: Path) -> str:
    """How a project's folder has lost its database file; empty if it has not."""
    if (folder / SCHEMA_FILE).exists() or not (is_project(folder) or _has_heads(folder)):
        return ""
    try:
        open_store(folder).close()
    except LostError as error:
        return str(error)
    return ""


def _check(now: Mark, folder: Path, mark: Mark | None) -> None:
    """Raise LostError if a database is not the one, or older than the one, that had the mark."""
    if mark is None and not now.answer and _has_heads(folder):
        text = "its database has no answers, but models have learned from some"
        raise _lost(folder, text, HEADS)
    if mark is not None and mark.identity != now.identity:
        raise _lost(folder, "another database is in its place", MARK)
    if mark is not None and mark.answer > now.answer:
        text = f"its database has {now.answer:,} of {mark.answer:,} answers"
        raise _lost(folder, text, MARK)


def _lost(folder: Path, reason: str, *signs: str) -> LostError:
    offered = offered_backup(folder, "NEW" if (folder / SCHEMA_FILE).exists() else str(folder))
    return LostError(
        f"Labels of the project in {folder} are lost: {reason}. Stop Hone, and {offered}. To go on "
        f"without them, delete {' and '.join(signs)} there."
    )


def _has_heads(folder: Path) -> bool:
    return any((folder / HEADS).glob("*.npz"))


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _named(folder: Path) -> str:
    """The schema of a new folder: its name, and a part that makes it unique."""
    part = re.sub(r"[^a-z0-9]+", "_", folder.name.lower()).strip("_")[:LONGEST_PART]
    return f"hone_{part or 'project'}_{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"


def _read(marker: Path) -> str:
    schema = marker.read_text(encoding="utf-8", errors="replace").strip()
    if not re.fullmatch(r"[a-z0-9_]{1,63}", schema):
        raise ProjectError(f"{marker} is damaged: it should hold the name of a schema alone.")
    return schema
