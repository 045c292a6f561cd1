"""Simulations on the command line."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from labeling.cli.curves import print_result
from labeling.cli.options import (
    POOL,
    Options,
    Place,
    backbone_names,
    once,
    project_option,
    repeated,
)
from labeling.cli.terminal import bring_in, console_on, progress_bar
from labeling.errors import HoneError
from labeling.project.project import Project
from labeling.simulation.charts import check_folder, check_target, plot, save
from labeling.simulation.curves import Plan
from labeling.simulation.ground_truth import digits_pool, is_digits
from labeling.simulation.sweep import make_sweep, run, truth_of_each, write_results
from models.queries import DEFAULT_QUERY, QUERIES

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def number(name: str, default: int, text: str) -> Callable[[Options], Options]:
    """A whole number with a default."""
    return click.option(
        name, metavar="N", type=int, default=default, show_default=True, help=f"{text}."
    )


@click.command
@repeated("--pool", "PATH", f"{POOL}, or “digits”")
@project_option
@repeated(
    "--truth",
    "CSV",
    "True labels: a CSV with path,label, or “folders” for class folders (default: labels.csv "
    "in the pool, or the label column of a manifest); one for all pools, or one per pool",
)
@repeated(
    "--query",
    "NAME",
    f"Compare this query with random: one of {', '.join(QUERIES)} (default: {DEFAULT_QUERY})",
)
@repeated("--batch", "N", "Samples asked at once (default: 1)", int)
@repeated(
    "--backbone",
    "NAME",
    f"Embed with this one: {backbone_names()}, or any name that embed takes "
    "(default: the project's)",
)
@number("--labels", 100, "Labels in each run")
@number("--seeds", 5, "Runs of each query")
@number("--every", 5, "Labels between two measurements")
@number("--jobs", CORES, "Runs at the same time; the result does not depend on it")
@click.option(
    "--json",
    "figures",
    metavar="FILE",
    type=Path,
    help="Write all figures: an object, or a list of such objects where several pools, "
    "backbones or batches give several results.",
)
@click.option(
    "--plot",
    "picture",
    metavar="FILE",
    type=Path,
    help="Draw the learning curves into a .svg, .png or .html, a panel for each result.",
)
def simulate(
    pool: Sequence[str],
    folder: str | None,
    truth: Sequence[str],
    query: Sequence[str],
    batch: Sequence[int],
    backbone: Sequence[str],
    labels: int,
    seeds: int,
    every: int,
    jobs: int,
    figures: Path | None,
    picture: Path | None,
) -> None:
    """Replay true labels: learning curves of queries against random.

    “--pool digits” uses scikit-learn's handwritten digits.
    """
    queries = tuple(query) or (DEFAULT_QUERY,)
    plans = [Plan(queries, labels, seeds, every, size) for size in once(batch or [1])]
    pools: list[str | None] = once(pool or [None])
    truths = truth_of_each(pools, truth)
    if picture is not None:
        check_target(picture)
    if figures is not None:
        check_folder(figures)
    with ExitStack() as stack:
        projects = [stack.enter_context(closing(one)) for one in _projects(pools, folder)]
        sweep = make_sweep(projects, truths, once(backbone or [None]), plans, bring_in)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("runs"), TimeRemainingColumn())
        bar = stack.enter_context(progress_bar(*columns))
        task = bar.add_task("", total=sweep.runs)
        results = []
        for result in run(sweep, jobs, lambda done: bar.update(task, completed=done)):
            results.append(result)
            print_result(result, console_on(sys.stdout))
            if figures is not None:  # after each result, so Ctrl-C keeps the finished ones
                write_results(results, figures)
    if picture is not None:
        save(plot(results), picture)


def _projects(pools: Sequence[str | None], folder: str | None) -> Iterator[Project]:
    """The projects of pools to simulate on, opened one by one."""
    if folder and len(pools) > 1:
        raise HoneError("--project is the folder of one pool; leave it out for several pools.")
    for pool in pools:
        yield Place(str(digits_pool()) if is_digits(pool) else pool, folder).open()
