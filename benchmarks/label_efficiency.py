"""How few labels Hone needs, compared with random picking and other active-learning libraries.

    python -m benchmarks.label_efficiency [--sets emoji digits] [--seeds 10] [--resume runs.jsonl]

Every query of Hone, the app's whole policy (a tenth of the labels are blind checks, drawn at
random), and the queries of scikit-activeml, small-text and modAL (pip install -r
benchmarks/requirements.txt) label the same pools from zero, with the same embeddings of the
bundled backbone (texts: of --text-encoder) and the same head. With --features, the default query
also runs on other features, the head too: on the pool map, guarded or not, and on each ingredient
of the map alone. On texts, margin also runs on TF-IDF of the words and on a linear SVM, as Label
Sleuth does. Accuracy is measured on every sample without a label, and also on 15 % held out of the
pool. Prints standings and a statement for each set, and writes label-efficiency.json and .svg to
benchmarks/pictures/. Each finished run is kept in a file; use it with --resume after an
interruption.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.contest import ON, SESSION, Job, Run, engine, play
from benchmarks.contest_report import Contest, plot, print_contest, statement, to_json
from benchmarks.peers import SLOW, installed
from benchmarks.sets import SETS, EmbeddedSet, embed, find
from benchmarks.views import ARMS
from labeling.errors import HoneError
from labeling.simulation.charts import check_target, save
from labeling.simulation.curves import BASELINE
from labeling.simulation.replay import start_worker
from models.queries import DEFAULT_QUERY, QUERIES

ROOT = Path(__file__).parents[1]
OF_TEXTS = (f"margin{ON}words", f"margin{ON}svm")
PICTURES, PICTURE = Path(__file__).parent / "pictures", "label-efficiency.svg"
LARGE = 5000  # images; in larger sets, slow peers run on fewer seeds
WIDTH = 144  # of the tables, also without a terminal
TOLD_SECONDS = 60.0  # between two lines of progress


class Journal:
    """Finished runs, one JSON line each; an incomplete last line is dropped."""

    def __init__(self, file: Path, conditions: dict[str, Any]) -> None:
        self._file, self._conditions = file, conditions
        file.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        whole = text[: text.rfind("\n") + 1]
        self.runs = [self._run(json.loads(line)) for line in whole.splitlines()]
        if whole != text:
            file.write_text(whole, encoding="utf-8")

    def add(self, run: Run) -> None:
        """Write a run to the file."""
        self.runs.append(run)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self._conditions | asdict(run)) + "\n")

    def _run(self, fields: dict[str, Any]) -> Run:
        found = {name: fields.pop(name, None) for name in self._conditions}
        if found != self._conditions:
            raise HoneError(
                f"{self._file} holds runs of {found}, not of {self._conditions}; "
                "use another file, or the same code and options as before."
            )
        return Run.from_json(fields)


def prepare(given: argparse.Namespace) -> dict[Path, EmbeddedSet]:
    """Embed the available sets, and keep their arrays in files."""
    given.cache.mkdir(parents=True, exist_ok=True)
    sets = {}
    for name, pool in find(given.sets, given.shared, given.cache):
        if pool is None:
            print(f"{name} is left out: it is not in {given.shared / 'data'}.")
            continue
        images = embed(name, pool, given.cache, given.text_encoder)
        file = given.cache / f"{name}.npz"
        images.write(file)
        sets[file] = images
    if not sets:
        raise HoneError("None of the sets exists; name others with --sets, or a --shared folder.")
    return sets


def strategies(given: argparse.Namespace) -> list[str]:
    """The participants: random, Hone's queries, the app's policy, and the installed peers."""
    names = [BASELINE, *given.queries, *(f"{DEFAULT_QUERY}{ON}{arm}" for arm in given.features)]
    if given.peers:
        peers, missing = installed()
        names += peers
        for library in missing:
            print(f"{library} is left out: it is not installed.")
    return list(dict.fromkeys(names))


def plan(
    given: argparse.Namespace, sets: dict[Path, EmbeddedSet], names: Sequence[str]
) -> list[Job]:
    """Every run, ordered by seed, so that all sets and strategies advance together."""
    return [
        Job(file, name, seed, given.labels, given.batch)
        for seed in range(given.seeds)
        for file, images in sets.items()
        for name in [*names, *(OF_TEXTS if images.words.size and given.peers else ())]
        if seed < given.slow_seeds or len(images.labels) <= LARGE or name not in SLOW
    ]


def play_all(planned: Sequence[Job], journal: Journal, processes: int) -> None:
    """Run what is missing in the journal."""
    done = {run.key for run in journal.runs}
    left = [job for job in planned if job.key not in done]
    begin = told = time.monotonic()
    with ProcessPoolExecutor(processes, get_context("spawn"), start_worker) as pool:
        try:
            futures = [pool.submit(play, job) for job in left]
            for count, future in enumerate(as_completed(futures), start=1):
                journal.add(future.result())
                if (now := time.monotonic()) > told + TOLD_SECONDS:
                    told = now
                    minutes = (now - begin) / 60
                    rest = minutes / count * (len(left) - count)
                    print(
                        f"{count} of {len(left)} runs in {minutes:.0f} min, about {rest:.0f} left",
                        file=sys.stderr,
                    )
        finally:
            pool.shutdown(cancel_futures=True)


def report(runs: Sequence[Run], given: argparse.Namespace, conditions: dict[str, Any]) -> None:
    """Print the standings and the statement, and write the figures and the picture."""
    contests = [Contest(name, runs) for name in dict.fromkeys(run.images for run in runs)]
    console = Console(width=max(WIDTH, Console().width))
    for contest in contests:
        print_contest(contest, console)
        if contest.samples > LARGE and given.slow_seeds < given.seeds:
            print(f"Over a second per query, so only {given.slow_seeds} seeds: {', '.join(SLOW)}.")
    claims = statement(contests)
    print("\n".join(claims))
    figures = {"conditions": conditions, "sets": to_json(contests), "statement": claims}
    file = given.out / PICTURE
    file.with_suffix(".json").write_text(json.dumps(figures) + "\n", encoding="utf-8")
    save(plot(contests), file)


def options() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kept = Path(tempfile.gettempdir()) / "hone-label-efficiency"
    ours = [*QUERIES, SESSION]
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--queries", nargs="+", choices=ours, default=ours, metavar="QUERY")
    parser.add_argument("--features", nargs="+", choices=ARMS, default=[], metavar="FEATURES")
    parser.add_argument("--text-encoder", default="bundled", metavar="NAME")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--seeds", type=int, default=10, help="runs of each strategy on each set")
    parser.add_argument(
        "--slow-seeds",
        type=int,
        default=5,
        help=f"runs of peers that take over a second per query on more than {LARGE:,} images",
    )
    parser.add_argument("--labels", type=int, default=200)
    parser.add_argument("--batch", type=int, default=10, help="labels asked at once")
    parser.add_argument("--jobs", type=int, default=2, help="runs at once, on one thread each")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="continue with these runs")
    parser.add_argument("--cache", type=Path, default=kept, help="folder for the embeddings")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--out", type=Path, default=PICTURES, help="folder of figures and picture")
    return parser


def main() -> None:
    """Run what is missing and report all."""
    given = options().parse_args()
    try:
        check_target(given.out / PICTURE)
        sets = prepare(given)
        planned = plan(given, sets, strategies(given))
        conditions = {
            "engine": engine(),
            "backbone": next(iter(sets.values())).fingerprint,
            "budget": given.labels,
            "batch": given.batch,
        }
        file = given.resume or given.cache / time.strftime("runs-%Y%m%d-%H%M%S.jsonl")
        journal = Journal(file, conditions)
    except HoneError as error:
        sys.exit(f"error: {error}")
    print(f"{len(planned)} runs; after an interruption, continue with --resume {file}", flush=True)
    try:
        play_all(planned, journal, given.jobs)
    except (KeyboardInterrupt, BrokenProcessPool):
        sys.exit(f"Stopped with {len(journal.runs)} runs; continue with --resume {file}")
    wanted = {job.key for job in planned}
    report([run for run in journal.runs if run.key in wanted], given, conditions)


if __name__ == "__main__":
    main()
