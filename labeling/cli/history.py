"""The command line's part of history: going back to a moment, undoing, the audit trail."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from labeling.cli.options import open_chosen, operator
from labeling.cli.terminal import one_line
from labeling.errors import HistoryError
from labeling.loop.rewind import rewind_effect
from labeling.project.audit import as_csv, trail
from labeling.project.project import Project
from labeling.project.snapshots import as_of, read_time
from labeling.store import Moment


def rewind(given: argparse.Namespace) -> int:
    """Go back to a moment: what came after it does not count, until that is undone."""
    with closing(open_chosen(given, new=False)) as project:
        history = project.store.history
        if given.undo is not None:
            print(f"undone: {one_line(history.undo(given.undo, operator(project)).text)}")
            return 0
        moment, said = chosen_moment(project, given.to, given.answer)
        for sentence in rewind_effect(history.taken(moment)).sentences:
            print(one_line(sentence))
        if not given.yes and not _agreed():
            print("Nothing was changed; repeat it with --yes.")
            return 0
        history.rewind(moment, operator(project), said)
        change = project.store.log.version()
        print(f"Done. Undo it with “python -m labeling rewind --undo {change}”.")
    return 0


def log(given: argparse.Namespace) -> int:
    """Print who did what and when, as a list or as CSV."""
    since = read_time(given.since).timestamp() if given.since else 0.0
    with closing(open_chosen(given, new=False)) as project:
        deeds = trail(project, given.who, given.what, since)
    if given.csv:
        sys.stdout.write(as_csv(deeds))
        return 0
    for one in deeds:
        mark = " (does not count)" if one.counts is False else ""
        when = f"{datetime.fromtimestamp(one.at):%Y-%m-%d %H:%M:%S}"
        print(f"{when}  {one_line(one.who) or '–':16}{one.what:20}{one_line(one.detail)}{mark}")
    return 0


def chosen_moment(project: Project, to: str | None, answer: int | None) -> tuple[Moment, str]:
    """The moment that is asked for, and how to call it."""
    if (to is None) == (answer is None):
        raise HistoryError("Say where to: --to '2026-11-26 14:05', or --answer ID.")
    if answer is not None:
        return project.store.history.at_answer(answer), f"the moment after answer {answer}"
    found = read_time(to or "")
    return project.store.history.at(found.timestamp()), f"{found:%Y-%m-%d %H:%M:%S %Z}"


@contextmanager
def of_moment(given: argparse.Namespace, project: Project) -> Iterator[Project]:
    """The project as it was at the moment that an export asks for, or as it is."""
    if given.as_of is None:
        yield project
        return
    moment = project.store.history.at(read_time(given.as_of).timestamp())
    with as_of(project, moment) as then:
        yield then


def add_rewind(parser: argparse.ArgumentParser) -> None:
    """Where to go back to, and whether to ask."""
    parser.add_argument("--to", metavar="TIME", help="14:05 (today), or '2026-11-26 14:05'")
    parser.add_argument("--answer", metavar="ID", type=int, help="just after this answer")
    parser.add_argument("--undo", metavar="CHANGE", type=int, help="undo an earlier rewind")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def add_log(parser: argparse.ArgumentParser) -> None:
    """What of the audit trail to print."""
    parser.add_argument("--who", metavar="NAME", default="", help="only what this person did")
    parser.add_argument(
        "--what", metavar="KIND", default="", help="only answer, class, rewound, invited, export …"
    )
    parser.add_argument("--since", metavar="TIME", help="14:05 (today), or '2026-11-26 14:05'")
    parser.add_argument("--csv", action="store_true", help="as CSV")


def _agreed() -> bool:
    return sys.stdin.isatty() and input("Go back? [y/N] ").strip().lower() in ("y", "yes")
