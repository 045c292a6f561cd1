"""Backups on the command line."""

from contextlib import closing
from pathlib import Path

import click

from labeling.cli.options import Place, on_project
from labeling.cli.terminal import one_line
from labeling.errors import HoneError
from labeling.project.backup import read_backup, write_backup
from labeling.project.damage import problems
from labeling.project.project import open_project
from labeling.store import move_in, open_store


@click.command
@on_project
@click.option("--to", metavar="FILE", type=Path, required=True, help="A new .zip.")
def backup(place: Place, to: Path) -> None:
    """Write the project's answers and heads into one .zip.

    People can go on labeling meanwhile.
    """
    with closing(place.open(new=False)) as project:
        count = write_backup(project, to)
    print(f"{to}: {count:,} files; check them with verify before you need them.")


@click.command
@on_project
@click.argument("file", metavar="FILE", type=Path)
def restore(place: Place, file: Path) -> None:
    """Bring a backup back into a project folder.

    FILE is a .zip written by backup, or by Hone itself. --project names a new folder, or that of a
    project that has lost its database. --pool says where the images are now, if they have moved.
    """
    if not place.folder:
        raise HoneError("Name the folder for the restored project: --project PATH.")
    folder = Path(place.folder).expanduser().resolve()
    read_backup(file, folder)
    move_in(folder)
    with closing(open_store(folder)) as store:
        if place.pool:
            store.set("pool", str(Path(place.pool).expanduser().resolve()))
        pool = store.setting("pool")
    with closing(open_project(pool, folder)) as project:
        print(f"{folder}: restored, {len(project.store.answers.all()):,} answers.")


@click.command
@on_project
def verify(place: Place) -> None:
    """Look for damage in a project's database, heads and embeddings."""
    with closing(place.open(new=False)) as project:
        found = problems(project)
    if found:
        raise HoneError(f"{len(found)} problems: " + "; ".join(map(one_line, found)))
    print("No damage found.")
