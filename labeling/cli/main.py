"""The command line: what can be done without a browser."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from labeling.answers.consensus import current
from labeling.cli.backup import add_file, backup, restore, verify
from labeling.cli.history import add_log, add_rewind, log, of_moment, rewind
from labeling.cli.options import (
    add_backbones,
    add_embed,
    add_export,
    add_place,
    add_simulate,
    add_status,
    open_chosen,
    operator,
)
from labeling.cli.team import (
    add_invite,
    add_revoke,
    add_token,
    invite,
    member_or_name,
    people,
    revoke,
)
from labeling.cli.terminal import bring_in, console_on, one_line, progress_bar
from labeling.errors import HoneError
from labeling.exchange.exports import export as write_export
from labeling.exchange.formats import FORMATS
from labeling.people.tokens import for_script
from labeling.project.project import Project
from labeling.store.log import EXPORTED

if TYPE_CHECKING:
    from labeling.simulation.curves import Plan

T = TypeVar("T", bound=Hashable)
MISTAKE, INTERRUPTED = 2, 130
SHOWN_PROBLEMS = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 2 for what a person can mend, 130 for Ctrl-C."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.run is None:
        parser.print_help()
        return 0
    run: Callable[[argparse.Namespace], int] = given.run
    try:
        return run(given)
    except KeyboardInterrupt as stop:
        print(str(stop) or "Stopped.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if not _is_fit_to_show(error):
            raise
        print(f"error: {one_line(str(error))}", file=sys.stderr)
        return MISTAKE


def _is_fit_to_show(error: Exception) -> bool:
    """Whether the text names what is wrong; the numeric half's errors cost torch to import."""
    shown: tuple[type[Exception], ...] = (HoneError, OSError)
    for module, names in (
        ("models.encoders.errors", ("BackboneError",)),
        ("models.embeddings.cache", ("CacheMismatchError", "CacheLockedError")),
    ):
        if module in sys.modules:
            shown += tuple(getattr(sys.modules[module], name) for name in names)
    return isinstance(error, shown)


# -- commands --------------------------------------------------------------------------------


def embed(given: argparse.Namespace) -> int:
    """Scan the pool and embed every sample that has no embedding yet."""
    with closing(open_chosen(given)) as project:
        before = project.settings()
        if given.backbone is not None:
            project.change(backbone=given.backbone)
        if given.features is not None:
            project.change(features=given.features)
        try:
            state = bring_in(project)
        except HoneError:
            project.change(backbone=before.backbone, features=before.features)
            raise
        problems = project.store.samples.problems()
        print(f"{state.done:,} samples are embedded. {one_line(state.why)}.")
        if problems:
            print(f"{len(problems):,} files cannot be read and are left out:")
        for path, reason in problems[:SHOWN_PROBLEMS]:
            print(f"  {one_line(path)}: {one_line(reason)}")
        if len(problems) > SHOWN_PROBLEMS:
            print(f"  … and {len(problems) - SHOWN_PROBLEMS:,} more; `status --json` lists all.")
    return 0


def backbones(given: argparse.Namespace) -> int:
    """List the backbones with their speed here, or compare some on the labels so far."""
    from labeling.cli.backbones import print_comparison, print_list

    with closing(open_chosen(given, new=not given.compare)) as project:
        if given.compare:
            print_comparison(project, _once(given.compare))
        else:
            print_list(project)
    return 0


def status(given: argparse.Namespace) -> int:
    """Print where the project stands."""
    with closing(open_chosen(given, new=False)) as project, of_moment(given, project) as chosen:
        facts = _facts(chosen)
    if given.json:
        print(json.dumps(facts, indent=1, ensure_ascii=False))
        return 0
    for name in ("pool", "project", "samples", "unreadable", "labels", "skipped", "unsure"):
        value = len(facts[name]) if name == "unreadable" else facts[name]
        print(f"{name:12}{value if isinstance(value, str) else format(value, ',')}")
    print(f"{'rounds':12}{facts['rounds']:,}")
    print(f"{'on disk':12}{facts['bytes'] / 1e6:,.1f} MB")
    for title, counts in (("per class", facts["per_class"]), ("embedded", facts["embedded"])):
        print(title)
        width = max(map(len, counts), default=0) + 2
        for name, count in counts.items():
            print(f"  {one_line(name):{width}}{count:,}")
    return 0


def export(given: argparse.Namespace) -> int:
    """Write the labels in one of the formats."""
    name = given.format
    if given.history and f"{name}_history" in FORMATS:
        name += "_history"
    elif given.history and not name.endswith("_history"):
        kept = ", ".join(form.removesuffix("_history") for form in FORMATS if "_history" in form)
        raise HoneError(f"The format {name} holds no history; take one of {kept}.")
    with closing(open_chosen(given, new=False)) as project, of_moment(given, project) as chosen:
        written = write_export(chosen, name, given.to, link=given.link, pseudonyms=given.pseudonyms)
        project.store.log.add(operator(project), EXPORTED, f"{name} to {written.path}")
    print(f"{written.path}: {written.count:,} written.")
    for path in written.missing:
        print(f"left out, as the labeled file is gone: {one_line(path)}", file=sys.stderr)
    return 0


def token(given: argparse.Namespace) -> int:
    """Print a token with which a script may label a project that is open in the app."""
    with closing(open_chosen(given, new=False)) as project:
        print(for_script(project.folder, member_or_name(project, given.name), given.days))
    return 0


def report(given: argparse.Namespace) -> int:
    """Write one HTML file with data, accuracy, curve, classes, certificates and versions."""
    from labeling.loop.session import Session
    from labeling.report.html import report as written

    if not given.to.parent.is_dir():
        raise HoneError(f"There is no folder {given.to.parent} for {given.to.name}; make it first.")
    session = Session(open_chosen(given, new=False))
    try:
        session.prepare()
        given.to.write_text(written(session), encoding="utf-8")
    finally:
        session.close()
    return 0


def simulate(given: argparse.Namespace) -> int:
    """Replay true labels: learning curves of queries against random; --pool digits works too."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    from labeling.cli.curves import print_result
    from labeling.simulation.charts import check_folder, check_target, plot, save
    from labeling.simulation.sweep import make_sweep, run, truth_of_each, write_results

    plans, pools = _plans(given), _once(given.pools or [None])
    truths = truth_of_each(pools, given.truth or [])
    if given.plot is not None:
        check_target(given.plot)
    if given.json is not None:
        check_folder(given.json)
    with ExitStack() as stack:
        projects = [stack.enter_context(closing(one)) for one in _projects(given, pools)]
        sweep = make_sweep(projects, truths, _once(given.backbone or [None]), plans)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("runs"), TimeRemainingColumn())
        bar = stack.enter_context(progress_bar(*columns))
        task = bar.add_task("", total=sweep.runs)
        results = []
        for result in run(sweep, given.jobs, lambda done: bar.update(task, completed=done)):
            results.append(result)
            print_result(result, console_on(sys.stdout))
            if given.json is not None:  # each time: Ctrl-C keeps what is finished
                write_results(results, given.json)
    if given.plot is not None:
        save(plot(results), given.plot)
    return 0


# -- parts -----------------------------------------------------------------------------------


def _facts(project: Project) -> dict[str, Any]:
    """All of `status` as plain values."""
    from models.embeddings.cache import EmbeddingCache

    store, ids = project.store, project.store.samples.ids()
    known = store.classes.all(archived=True)
    names = {found.id: found.name for found in known if found.merged_into is None}
    counting = current(store.answers.standing()).values()
    kinds = Counter(answer.kind for answer in counting)
    labels = Counter(answer.class_id for answer in counting if answer.class_id is not None)
    embedded = {}
    for manifest in sorted(project.embeddings.glob("*/manifest.json")):
        dim = json.loads(manifest.read_text(encoding="utf-8"))["dim"]
        cache = EmbeddingCache(project.embeddings, manifest.parent.name, dim)
        embedded[manifest.parent.name] = len(ids) - len(cache.missing(ids))
    return {
        "pool": str(project.source.location),
        "project": str(project.folder),
        "bytes": sum(file.stat().st_size for file in project.folder.rglob("*") if file.is_file()),
        "samples": len(ids),
        "unreadable": dict(store.samples.problems()),
        "labels": kinds["label"],
        "skipped": kinds["skip"],
        "unsure": kinds["unsure"],
        "per_class": {name: labels[class_id] for class_id, name in names.items()},
        "rounds": len(store.rounds.all()),
        "embedded": embedded,
    }


def _plans(given: argparse.Namespace) -> list["Plan"]:
    """A plan of simulation for each size of batch."""
    from labeling.simulation.curves import Plan

    queries = {"queries": tuple(given.query)} if given.query else {}
    return [
        Plan(labels=given.labels, seeds=given.seeds, every=given.every, batch=batch, **queries)
        for batch in _once(given.batch or [1])
    ]


def _projects(given: argparse.Namespace, pools: Sequence[str | None]) -> Iterator[Project]:
    """The projects of pools to simulate on, opened one by one."""
    from labeling.simulation.ground_truth import digits_pool, is_digits

    if given.project and len(pools) > 1:
        raise HoneError("--project is the folder of one pool; leave it out to take several pools.")
    for pool in pools:
        given.pool = str(digits_pool()) if is_digits(pool) else pool
        yield open_chosen(given)


def _once(values: Sequence[T]) -> list[T]:
    """Each value once, in order."""
    return list(dict.fromkeys(values))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m labeling", description="Hone without a browser. Each command has --help."
    )
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        text = run.__doc__ or ""
        added = commands.add_parser(run.__name__, help=text, description=text)
        add_place(added, several=run is simulate)
        added.set_defaults(run=run)
        return added

    add_embed(command(embed))
    add_backbones(command(backbones))
    add_status(command(status))
    add_export(command(export))
    command(report).add_argument(
        "--to", metavar="FILE", type=Path, default=Path("report.html"), help="default: report.html"
    )
    add_token(command(token))
    add_invite(command(invite))
    command(people)
    add_revoke(command(revoke))
    add_rewind(command(rewind))
    add_log(command(log))
    command(backup).add_argument(
        "--to", metavar="FILE", type=Path, required=True, help="a new .zip"
    )
    add_file(command(restore))
    command(verify)
    add_simulate(command(simulate))
    return parser
