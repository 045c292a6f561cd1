"""Exports on the command line."""

import sys
from contextlib import closing

import click

from labeling.cli.history import of_moment
from labeling.cli.options import Place, as_of_option, on_project, operator
from labeling.cli.terminal import one_line
from labeling.errors import HoneError
from labeling.exchange.exports import export as write_export
from labeling.exchange.formats import FORMATS
from labeling.store.log import EXPORTED

HISTORY = "_history"
HELP = "Write the labels in one of the formats.\n\n\b\nFORMAT is one of\n" + "\n".join(
    f"  {name:15}{form.title}" for name, form in FORMATS.items()
)


@click.command(help=HELP)
@on_project
@click.argument("form", metavar="FORMAT")
@click.option("--to", metavar="PATH", required=True, help="A new folder or file.")
@click.option("--link", is_flag=True, help="Link to files instead of copying them.")
@click.option("--history", is_flag=True, help="All answers, also undone ones.")
@click.option("--pseudonyms", is_flag=True, help="Replace the names of people.")
@as_of_option
def export(
    place: Place,
    form: str,
    to: str,
    link: bool,
    history: bool,
    pseudonyms: bool,
    as_of: str | None,
) -> None:
    """Write the labels in one of the formats."""
    name = _with_history(form) if history else form
    with closing(place.open(new=False)) as project, of_moment(project, as_of) as chosen:
        written = write_export(chosen, name, to, link=link, pseudonyms=pseudonyms)
        project.store.log.add(operator(project), EXPORTED, f"{name} to {written.path}")
    print(f"{written.path}: {written.count:,} written.")
    for path in written.missing:
        print(f"left out, because the labeled file is gone: {one_line(path)}", file=sys.stderr)


def _with_history(form: str) -> str:
    """The format that holds the history, for a format that may lack it."""
    name = form.removesuffix(HISTORY) + HISTORY
    if name not in FORMATS and form != name:
        kept = ", ".join(one.removesuffix(HISTORY) for one in FORMATS if HISTORY in one)
        raise HoneError(f"The format {form} holds no history; use one of {kept}.")
    return name
