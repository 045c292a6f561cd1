"""History on the command line: go back to a moment, undo, print the audit trail."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

import click

from labeling.cli.options import TIME, Place, on_project, operator
from labeling.cli.terminal import one_line
from labeling.errors import HistoryError
from labeling.loop.rewind import rewind_effect
from labeling.project.audit import as_csv, trail
from labeling.project.project import Project
from labeling.project.snapshots import as_of, read_time
from labeling.store import Moment


@click.command
@on_project
@click.option("--to", metavar="TIME", help=f"{TIME}.")
@click.option("--answer", metavar="ID", type=int, help="Just after this answer.")
@click.option("--undo", metavar="CHANGE", type=int, help="Undo an earlier rewind.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rewind(place: Place, to: str | None, answer: int | None, undo: int | None, yes: bool) -> None:
    """Go back to a moment, or undo an earlier rewind.

    Later answers and changes do not count until the rewind is undone.
    """
    with closing(place.open(new=False)) as project:
        history = project.store.history
        if undo is not None:
            print(f"undone: {one_line(history.undo(undo, operator(project)).text)}")
            return
        moment, said = _chosen_moment(project, to, answer)
        for sentence in rewind_effect(history.taken(moment)).sentences:
            print(one_line(sentence))
        if not yes and not _agreed():
            print("Nothing was changed; repeat the command with --yes.")
            return
        history.rewind(moment, operator(project), said)
        change = project.store.log.version()
        print(f"Done. Undo it with “python -m labeling rewind --undo {change}”.")


@click.command
@on_project
@click.option("--who", metavar="NAME", default="", help="Only this person's actions.")
@click.option(
    "--what", metavar="KIND", default="", help="Only answer, class, rewound, invited, export …"
)
@click.option("--since", metavar="TIME", help=f"{TIME}.")
@click.option("--csv", is_flag=True, help="As CSV.")
def log(place: Place, who: str, what: str, since: str | None, csv: bool) -> None:
    """Print who did what and when, as a list or as CSV."""
    begin = read_time(since).timestamp() if since else 0.0
    with closing(place.open(new=False)) as project:
        deeds = trail(project, who, what, begin)
    if csv:
        sys.stdout.write(as_csv(deeds))
        return
    for one in deeds:
        mark = " (does not count)" if one.counts is False else ""
        when = f"{datetime.fromtimestamp(one.at):%Y-%m-%d %H:%M:%S}"
        print(f"{when}  {one_line(one.who) or '–':16}{one.what:20}{one_line(one.detail)}{mark}")


@contextmanager
def of_moment(project: Project, time: str | None) -> Iterator[Project]:
    """The project as it was at that time, or as it is now if no time is given."""
    if time is None:
        yield project
        return
    moment = project.store.history.at(read_time(time).timestamp())
    with as_of(project, moment) as then:
        yield then


def _chosen_moment(project: Project, to: str | None, answer: int | None) -> tuple[Moment, str]:
    """The moment to go back to, and its name in the log."""
    if (to is None) == (answer is None):
        raise HistoryError("Give a moment: --to '2026-11-26 14:05', or --answer ID.")
    if answer is not None:
        return project.store.history.at_answer(answer), f"the moment after answer {answer}"
    found = read_time(to or "")
    return project.store.history.at(found.timestamp()), f"{found:%Y-%m-%d %H:%M:%S %Z}"


def _agreed() -> bool:
    return sys.stdin.isatty() and input("Go back? [y/N] ").strip().lower() in ("y", "yes")
