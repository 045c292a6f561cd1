"""Backups on the command line."""

import argparse
from contextlib import closing
from pathlib import Path

from labeling.cli.options import open_chosen
from labeling.cli.terminal import one_line
from labeling.errors import HoneError
from labeling.project.backup import read_backup, write_backup
from labeling.project.damage import problems
from labeling.project.project import open_project
from labeling.store import move_in, open_store


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
