"""Backups: a project's answers and heads in one file, brought back, and looked through.

Embeddings are left out: they are large, and are computed again from the images.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
import zipfile
from contextlib import closing, suppress
from pathlib import Path

from labeling.cli.options import open_chosen
from labeling.cli.terminal import one_line
from labeling.errors import HoneError, ProjectError
from labeling.pool.folder import DATABASE
from labeling.pool.zips import Bounded, bomb
from labeling.project.project import Project, open_project
from labeling.store import move_in, open_store
from labeling.store.copies import (
    backup_written,
    copy_database,
    database_problems,
    offered_backup,
)

MANIFEST = "backup.json"
VERSION = 1
STAGING = ".hone-backup-"
LONGEST = 86_400.0  # seconds; no backup takes that long
NAMES = re.compile(rf"{re.escape(DATABASE)}|heads/[A-Za-z0-9_-]+\.npz")  # nothing else is restored


def backup(given: argparse.Namespace) -> int:
    """Write the project's answers and heads into one .zip, while others go on labeling."""
    with closing(open_chosen(given, new=False)) as project:
        count = write_backup(project, given.to)
    print(f"{given.to}: {count:,} files, checked by verify before you need them.")
    return 0


def restore(given: argparse.Namespace) -> int:
    """Bring a backup back into a new project folder; --pool says where the images are now."""
    if not given.project:
        raise HoneError("Name a new folder for the restored project: --project PATH.")
    folder = Path(given.project).expanduser().resolve()
    read_backup(given.file, folder)
    move_in(folder)
    with closing(open_store(folder)) as store:
        if given.pool:
            store.set("pool", str(Path(given.pool).expanduser().resolve()))
        pool = store.setting("pool")
    with closing(open_project(pool, folder)) as project:
        print(f"{folder}: restored, {len(project.store.answers.all()):,} answers.")
    return 0


def verify(given: argparse.Namespace) -> int:
    """Look through a project's database, heads and embeddings for damage."""
    with closing(open_chosen(given, new=False)) as project:
        found = problems(project)
    if found:
        raise HoneError(f"{len(found)} problems: " + "; ".join(map(one_line, found)))
    print("No damage found.")
    return 0


def add_file(parser: argparse.ArgumentParser) -> None:
    """Which backup to restore."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a .zip that backup has written")


def write_backup(project: Project, target: Path) -> int:
    """Write a backup in one step; the number of files in it. Never replaces a file."""
    if target.exists():
        raise ProjectError(f"{target} exists already; choose another name.")
    if not target.parent.is_dir():
        raise ProjectError(f"There is no folder {target.parent}; make it first.")
    _clear(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=STAGING) as place:
        database, staged = Path(place) / DATABASE, Path(place) / "backup.zip"
        copy_database(project.store, database)  # first: each round of it has its head already
        files = {DATABASE: database} | {
            f"heads/{file.name}": file for file in sorted(project.heads.glob("*.npz"))
        }
        sums = {}
        staged.touch(0o600)  # it holds names of people, and what their links are checked against
        with zipfile.ZipFile(staged, "w", zipfile.ZIP_DEFLATED) as archive:
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
    """Remove what backups that were killed have left: copies of a database that nobody misses."""
    for left in folder.glob(f"{STAGING}*"):
        with suppress(OSError):  # another backup may be at it too
            if time.time() - left.stat().st_mtime > LONGEST:
                shutil.rmtree(left)


def read_backup(source: Path, folder: Path) -> None:
    """Bring the files of a backup into a folder that is new or empty, each checked first."""
    if folder.exists() and any(folder.iterdir()):
        raise ProjectError(f"{folder} is not empty; restore into a new folder.")
    try:
        with Bounded(source) as file, zipfile.ZipFile(file) as archive:
            if reason := bomb(archive):
                raise ProjectError(f"{source} is not read: {reason}, as zip bombs do.")
            sums: dict[str, str] = json.loads(archive.read(MANIFEST))["sha256"]
            if wrong := [name for name in sums if not NAMES.fullmatch(name)]:
                raise ProjectError(f"{source} holds {wrong[0]!r}, which is no part of a backup.")
            contents = {name: archive.read(name) for name in sums}
    except ProjectError:
        raise
    except Exception as error:  # a damaged zip raises nearly anything
        raise ProjectError(f"{source} is not a whole backup of Hone: {error}.") from error
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != sums[name]:
            raise ProjectError(f"{name} in {source} is damaged; take another backup.")
    # The database last: a folder with one is a project.
    for name in sorted(contents, key=lambda name: name == DATABASE):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(contents[name])


def problems(project: Project) -> list[str]:
    """What is damaged in a project, in words with the mend where there is one."""
    found = database_problems(project.store)
    if found:
        offered = offered_backup(project.folder)
        return [*found, f"{offered}, or copy what can be read by “export --history”"]
    return _head_problems(project) + _embedding_problems(project)


def _head_problems(project: Project) -> list[str]:
    from models.head.head_file import DamagedHeadError, load_head

    found = []
    for record in project.store.rounds.all():
        try:
            load_head(project.heads / record.head)
        except (OSError, DamagedHeadError) as error:
            found.append(f"round {record.id} cannot be brought back: {error}")
    return found


def _embedding_problems(project: Project) -> list[str]:
    """Where the embeddings are not what their manifest says."""
    import numpy as np

    from models.embeddings.cache import CacheMismatchError, EmbeddingCache

    found = []
    for manifest in sorted(project.embeddings.glob("*/manifest.json")):
        name = manifest.parent.name
        try:
            dim = int(json.loads(manifest.read_text(encoding="utf-8"))["dim"])
            cache = EmbeddingCache(project.embeddings, name, dim)
        except (OSError, ValueError, KeyError, TypeError, CacheMismatchError) as error:
            found.append(f"the embeddings of {name} cannot be read ({error}); delete their folder")
            continue
        if cache.warning:
            found.append(cache.warning)
        if len(cache) and not np.isfinite(cache.matrix()).all():
            found.append(f"the embeddings of {name} hold no numbers in places; delete their folder")
    return found
