"""Options of the command line that several commands share, or that one has many of; the project."""

import argparse
import getpass
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labeling.errors import HoneError
from labeling.paths import default_folder
from labeling.project.project import Project, open_project
from labeling.registries import names
from labeling.store import is_project
from labeling.workspace import configured


def add_place(parser: argparse.ArgumentParser, *, several: bool) -> None:
    """Which pool and project; a command that takes `several` pools keeps them in a list."""
    text = "a folder, .zip or .csv with images (default: $HONE_POOL, or the sample data)"
    if several:
        repeated = f"{text}, or “digits”; may be repeated"
        parser.add_argument("--pool", dest="pools", metavar="PATH", action="append", help=repeated)
    else:
        parser.add_argument("--pool", metavar="PATH", help=text)
    parser.add_argument(
        "--project",
        metavar="PATH",
        help="the project's folder (default: $HONE_PROJECT, or one for the pool in $HONE_HOME)",
    )


def add_embed(parser: argparse.ArgumentParser) -> None:
    """With what to embed."""
    parser.add_argument(
        "--backbone",
        metavar="NAME",
        help=f"a catalogue name ({names('encoders')}), a timm name, a folder of weights, or "
        "a checkpoint: FILE.safetensors or ARCHITECTURE=FILE.safetensors",
    )
    parser.add_argument(
        "--features", metavar="PARTS", help="pooled, cls, mean, attention or block-N, joined by +"
    )


def add_export(parser: argparse.ArgumentParser) -> None:
    """In which format, where to, of what moment."""
    parser.add_argument("format", metavar="FORMAT", help=f"one of {names('formats')}")
    parser.add_argument("--to", metavar="PATH", required=True, help="a new folder or file")
    parser.add_argument("--link", action="store_true", help="link to images, do not copy")
    parser.add_argument("--history", action="store_true", help="all answers, undone ones too")
    parser.add_argument("--pseudonyms", action="store_true", help="leave people unnamed")
    _add_as_of(parser)


def add_status(parser: argparse.ArgumentParser) -> None:
    """In which form, and of what moment."""
    parser.add_argument("--json", action="store_true", help="print plain JSON")
    _add_as_of(parser)


def _add_as_of(parser: argparse.ArgumentParser) -> None:
    text = "as it was at 14:05 (today), or '2026-11-26 14:05'"
    parser.add_argument("--as-of", metavar="TIME", help=text)


def add_backbones(parser: argparse.ArgumentParser) -> None:
    """Which backbones to compare."""
    parser.add_argument(
        "--compare",
        metavar="NAME[:FEATURES]",
        action="append",
        help="embed a sample with this one and compare it on the labels; may be repeated",
    )


def add_simulate(parser: argparse.ArgumentParser) -> None:
    """What to simulate, and where to write it."""

    def several(name: str, metavar: str, text: str, kind: Callable[[str], Any] = str) -> None:
        text += "; may be repeated"
        parser.add_argument(name, metavar=metavar, action="append", type=kind, help=text)

    def number(name: str, default: int, text: str) -> None:
        text += f" (default: {default})"
        parser.add_argument(name, type=int, default=default, metavar="N", help=text)

    several(
        "--truth",
        "CSV",
        "true labels: a CSV with path,label, or “folders” for class folders (default: labels.csv "
        "in the pool, or the label column of a manifest); one for all pools, or one for each",
    )
    text = "compare this query with random (default: Hone's own)"
    several("--query", "NAME", f"{text}: {names('queries')}")
    several("--batch", "N", "samples asked at once (default: 1)", int)
    several("--backbone", "NAME", "embed with this one (default: the project's)")
    number("--labels", 100, "labels in each run")
    number("--seeds", 5, "runs of each query")
    number("--every", 5, "labels between two measurements")
    number("--jobs", _cores(), "runs at the same time; the result does not depend on it")
    parser.add_argument(
        "--json",
        metavar="FILE",
        type=Path,
        help="write all figures: an object, or a list of such objects where several pools, "
        "backbones or batches give several results",
    )
    parser.add_argument(
        "--plot",
        metavar="FILE",
        type=Path,
        help="draw the learning curves into a .svg, .png or .html, a panel for each result",
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def operator(project: Project) -> str:
    """Who works at the command line: the name set for the project, else that of the login."""
    name = project.store.setting("annotator")
    try:
        return str(name or getpass.getuser())
    except (OSError, KeyError):  # a container's user may have no name
        return "command line"


def open_chosen(given: argparse.Namespace, *, new: bool = True) -> Project:
    """The chosen project; one that does not exist yet is made only if it may be `new`."""
    pool, folder = configured()
    if given.pool is not None:
        pool, folder = given.pool, None  # HONE_PROJECT belongs to HONE_POOL
    folder = given.project or folder
    location = Path(pool).expanduser().resolve()
    place = Path(folder).expanduser() if folder else default_folder(location)
    if not new and location.exists() and not is_project(place):
        raise HoneError(
            f"There is no project of {pool} yet in {place}; "
            "begin one with “python -m labeling embed”, or by labeling in the browser."
        )
    return open_project(pool, folder)
