"""Backups: write a project's answers and heads into one file, restore and check it.

Embeddings are left out: they are large, and are computed again from the images.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
import zipfile
from contextlib import ExitStack, suppress
from pathlib import Path

from labeling.errors import ProjectError
from labeling.paths import DATABASE, HEADS
from labeling.pool.zips import Bounded, bomb, content, steps
from labeling.project.project import Project
from labeling.store import lost_reason, set_aside
from labeling.store.backups import backup_written
from labeling.store.copies import copy_database, copy_problems

MANIFEST = "backup.json"
VERSION = 1
STAGING = ".hone-backup-"
LARGEST_MANIFEST = 100_000_000  # bytes; each of its lines names a file
LONGEST = 86_400.0  # seconds; no backup takes that long
NAMES = re.compile(rf"{re.escape(DATABASE)}|heads/[A-Za-z0-9_-]+\.npz")  # nothing else is restored


def write_backup(project: Project, target: Path, *, every_head: bool = True) -> int:
    """Write a backup in one step and return its number of files; never replaces a file.

    Without `every_head` it has only the newest one, which makes it small.
    """
    if target.exists():
        raise ProjectError(f"{target} exists already; choose another name.")
    if not target.parent.is_dir():
        raise ProjectError(f"There is no folder {target.parent}; create it first.")
    _clear(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=STAGING) as place:
        database, staged = Path(place) / DATABASE, Path(place) / "backup.zip"
        mark = project.store.answers.marker.mark
        copy_database(project.store, database)  # first: each of its rounds has a head already
        if found := copy_problems(database, mark):
            raise ProjectError(f"The database cannot be backed up as it is damaged: {found[0]}.")
        heads = sorted(project.heads.glob("*.npz"))[0 if every_head else -1 :]
        files = {DATABASE: database} | {f"{HEADS}/{file.name}": file for file in heads}
        sums = {}
        staged.touch(0o600)  # it holds people's names, and the hashes of their links
        with zipfile.ZipFile(staged, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, file in files.items():
                content = file.read_bytes()
                sums[name] = hashlib.sha256(content).hexdigest()
                archive.writestr(name, content)
            manifest = {"hone": "backup", "version": VERSION, "sha256": sums}
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
        os.replace(staged, target)
    backup_written(project.folder, target)
    return len(files)


def _clear(folder: Path) -> None:
    """Remove the copies of a database that killed backups have left."""
    for left in folder.glob(f"{STAGING}*"):
        with suppress(OSError):  # another backup may remove it too
            if time.time() - left.stat().st_mtime > LONGEST:
                shutil.rmtree(left)


def read_backup(source: Path, folder: Path) -> None:
    """Bring the files of a backup into a folder, each checked first.

    The folder is new or empty, or that of a project that has lost its database. What is left of
    that is set aside.
    """
    is_lost = folder.exists() and bool(lost_reason(folder))
    if folder.exists() and any(folder.iterdir()) and not is_lost:
        raise ProjectError(f"{folder} is not empty; restore into a new folder.")
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(stack.enter_context(Bounded(source))))
            names = _checked(source, archive)
        except ProjectError:
            raise
        except Exception as error:  # a damaged zip raises nearly anything
            raise ProjectError(f"{source} is not a whole backup of Hone: {error}.") from error
        if is_lost:
            set_aside(folder)
        for name in names:
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as file:
                file.writelines(steps(archive, name))


def _checked(source: Path, archive: zipfile.ZipFile) -> list[str]:
    """The names of a backup's files, each whole; the database last, which makes the project."""
    if reason := bomb(archive):
        raise ProjectError(f"{source} is not read: {reason}, as zip bombs do.")
    sums: dict[str, str] = json.loads(content(archive, MANIFEST, LARGEST_MANIFEST))["sha256"]
    for name, known in sums.items():
        if not NAMES.fullmatch(name):
            raise ProjectError(f"{source} holds {name!r}, which is not part of a backup.")
        found = hashlib.sha256()
        for part in steps(archive, name):
            found.update(part)
        if found.hexdigest() != known:
            raise ProjectError(f"{name} in {source} is damaged; take another backup.")
    return sorted(sums, key=lambda name: name == DATABASE)
