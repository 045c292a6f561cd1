"""The report on the command line."""

from pathlib import Path

import click

from labeling.cli.options import Place, on_project
from labeling.errors import HoneError
from labeling.loop.session import Session
from labeling.report.html import report as written


@click.command
@on_project
@click.option(
    "--to",
    metavar="FILE",
    type=Path,
    default=Path("report.html"),
    show_default=True,
    help="Where to write it.",
)
def report(place: Place, to: Path) -> None:
    """Write a report as one HTML file.

    It contains data, accuracy, curve, classes, certificates and versions, and needs no network.
    """
    if not to.parent.is_dir():
        raise HoneError(f"There is no folder {to.parent} for {to.name}; create it first.")
    session = Session(place.open(new=False))
    try:
        session.prepare()
        to.write_text(written(session), encoding="utf-8")
    finally:
        session.close()
