"""Options that several commands share, and the project that they name."""

import getpass
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from labeling.errors import HoneError
from labeling.paths import default_folder
from labeling.project.project import Project, open_project
from labeling.store import is_project
from labeling.workspace import configured
from models.encoders.catalogue import ENCODERS

P = ParamSpec("P")
Options = Callable[..., Any]
T = TypeVar("T", bound=Hashable)

POOL = "A folder, .zip or table of images or texts (default: $HONE_POOL, or the sample data)"
TIME = "14:05 (today), or '2026-11-26 14:05'"


@dataclass(frozen=True)
class Place:
    """The pool and project named by the options; None means the default."""

    pool: str | None
    folder: str | None

    def open(self, *, new: bool = True, text_column: str | None = None) -> Project:
        """Open the project; create it only if it may be `new`."""
        pool, folder = configured()
        if self.pool is not None:
            pool, folder = self.pool, None  # HONE_PROJECT belongs to HONE_POOL
        folder = self.folder or folder
        location = Path(pool).expanduser().resolve()
        place = Path(folder).expanduser() if folder else default_folder(location)
        if not new and location.exists() and not is_project(place):
            raise HoneError(
                f"There is no project of {pool} yet in {place}; "
                "create one with “python -m labeling embed”, or by labeling in the browser."
            )
        return open_project(pool, folder, text_column)


project_option = click.option(
    "--project",
    "folder",
    metavar="PATH",
    help="The project's folder (default: $HONE_PROJECT, or one for the pool in $HONE_HOME).",
)


def on_project(command: Callable[Concatenate[Place, P], None]) -> Options:
    """Add --pool and --project; the command gets them as a Place."""

    @click.option("--pool", metavar="PATH", help=f"{POOL}.")
    @project_option
    @wraps(command)
    def run(pool: str | None, folder: str | None, *args: P.args, **given: P.kwargs) -> None:
        command(Place(pool, folder), *args, **given)

    return run


def as_of_option(command: Options) -> Options:
    """Add --as-of: the project as it was at a moment."""
    text = f"The state at that time: {TIME}."
    return click.option("--as-of", metavar="TIME", help=text)(command)


def repeated(
    name: str, metavar: str, text: str, kind: Callable[[str], Any] = str
) -> Callable[[Options], Options]:
    """An option that may be given several times; the command gets a tuple."""
    text += "; may be repeated."
    return click.option(name, metavar=metavar, multiple=True, type=kind, help=text)


def backbone_names() -> str:
    """The backbones of the catalogue, for a help text."""
    return ", ".join(ENCODERS)


def once(values: Iterable[T]) -> list[T]:
    """Each value once, in the given order."""
    return list(dict.fromkeys(values))


def operator(project: Project) -> str:
    """The person at the command line: the name set for the project, or the login name."""
    name = project.store.setting("annotator")
    try:
        return str(name or getpass.getuser())
    except (OSError, KeyError):  # a container's user may have no name
        return "command line"
