"""The time from an answer's commit to the next ranking.

    python -m benchmarks.round_latency [--sizes 5000 50000 500000 1000000] [--classes 10 100]
                                       [--labels 50 500 5000] [--runs 20] [--device cpu]

Answers go through a real session over a synthetic pool, one after another; each waits until its
round is published, and then until all of a large pool is scored. The same process also times
scikit-learn's LogisticRegression, predict_proba and a sort by margin, and the least time in which
this machine could read and multiply the same data.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.big_pool import BigPool, make_pool
from benchmarks.machine import Machine, peak_mb, resident_mb
from benchmarks.peer_round import SCALE, Peer, time_peer
from labeling.learning.learner import EAGER, UNCERTAIN, WINDOW
from labeling.loop.session import Session
from models.space.space import Space

NOTES = (
    "commit: until the answer is on disk. round: from then until the new ranking is published; "
    f"above {EAGER:,} samples it scores {WINDOW + UNCERTAIN:,} again, and the sweep scores "
    "the others after it, but on a GPU with all in its memory all are scored at once. rest: the "
    "round without its stages. bound: to read the data that the round scores "
    "and multiply it. next: until the next sample is leased and ready to be sent. ratio: of the "
    "medians, scikit-learn's by Hone's. peak MB: resident so far; over: in addition to "
    "what Python and torch alone take."
)
STAGES = ("fit", "score", "rank", "keep")
PATIENCE = 300.0  # seconds; a round that takes longer is an error
AT_ONCE = 500  # answers committed together to reach a number of labels


@dataclass(frozen=True)
class Case:
    """The settings of one line of the table."""

    rows: int
    classes: int
    labels: int


@dataclass(frozen=True)
class Plan:
    """The settings of all cases."""

    classes: Sequence[int]
    labels: Sequence[int]
    runs: int
    width: int
    device: str
    threads: int
    peer_seconds: float


@dataclass(frozen=True)
class Timing:
    """Seconds of one answer: until it is on disk, from then until its round is published, the
    stages of that round, the sweep after it, and the time for the next sample.
    """

    commit: float
    round: float
    stages: dict[str, float]
    sweep: float
    next: float


@dataclass(frozen=True)
class Line:
    """The measurements of a case; `peer` is None if it was left out.

    `peak_mb` is the most memory so far, `imports_mb` that of Python and torch alone.
    """

    case: Case
    timings: list[Timing]
    peak_mb: float
    imports_mb: float
    peer: Peer | None = None


def measure_size(rows: int, plan: Plan) -> list[Line]:
    """All lines of one size of pool."""
    if all(why_not(Case(rows, k, n)) for k in plan.classes for n in plan.labels):
        return []
    # Each step has a process of its own: memory left by another is not the engine's.
    spawn = get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as scratch,
        ProcessPoolExecutor(1, spawn, max_tasks_per_child=1) as process,
    ):
        folder = Path(scratch) / "big"
        process.submit(make_pool, folder, rows, plan.width, rows).result()
        lines: list[Line] = []
        for k in plan.classes:
            lines += process.submit(_measure, folder, rows, k, plan).result()
        return process.submit(_beside, folder, lines, plan).result()


def _measure(folder: Path, rows: int, k: int, plan: Plan) -> list[Line]:
    """The lines of one session."""
    import labeling.learning.round  # noqa: F401 - later imports count as memory of rounds

    torch.set_num_threads(plan.threads)
    before = resident_mb()
    with threadpool_limits(plan.threads):
        pool = BigPool(folder, plan.width)
        with pool.session(k, plan.device) as session:
            return list(_lines(pool, session, Case(rows, k, 0), plan, before))


def _lines(
    pool: BigPool, session: Session, case: Case, plan: Plan, before: float
) -> Iterator[Line]:
    """From few labels to many."""
    order = np.random.default_rng(case.classes).permutation(case.rows)
    for labels in plan.labels:
        case = replace(case, labels=labels)
        if why_not(case) is None:
            ids = session.current.sample_index
            _label(pool, session, [ids[place] for place in order[: 2 * labels].tolist()], labels)
            timings = [_answer(pool, session) for _ in range(plan.runs + 1)]
            yield Line(case, timings[1:], peak_mb(), before)  # the first one is a warm-up


def why_not(case: Case) -> str | None:
    """Why a case is impossible, or None."""
    return "at least half of the pool is labeled" if 2 * case.labels >= case.rows else None


def _label(pool: BigPool, session: Session, ids: list[str], labels: int) -> None:
    """Answer some of `ids` until that many samples are labeled."""
    open_ids = [key for key in ids if session.current.is_open(key)]
    missing = labels - session.current.counts().labels
    for begin in range(0, missing, AT_ONCE):
        part = open_ids[begin : min(begin + AT_ONCE, missing)]
        session.answer("benchmark", [pool.truth(session, key) for key in part])
    session.worker.wait()


def _answer(pool: BigPool, session: Session) -> Timing:
    """Answer the next sample and wait for all that follows."""
    begin = time.perf_counter()
    card = session.queue.next("benchmark", 1)[0]
    answer = pool.truth(session, card.sample_id)
    shown = time.perf_counter()
    refused = session.answer("benchmark", [answer])
    committed = time.perf_counter()
    last = session.current.last_answer
    while (round_ := session.round) is None or round_.snapshot.through < last:
        if refused or session.worker.error or time.perf_counter() > committed + PATIENCE:
            raise RuntimeError(f"no round came: {refused or session.worker.error or 'too late'}")
        time.sleep(0.0002)
    published = time.perf_counter()
    session.worker.wait()
    whole = session.round
    assert whole is not None
    stages = {name: round_.seconds.get(name, 0.0) for name in STAGES}
    sweep = whole.seconds.get("sweep", 0.0)
    return Timing(committed - shown, published - committed, stages, sweep, shown - begin)


def _beside(folder: Path, lines: list[Line], plan: Plan) -> list[Line]:
    """The lines with their peer's times."""
    if plan.peer_seconds <= 0 or not lines:
        return lines
    torch.set_num_threads(plan.threads)
    pool = BigPool(folder, plan.width)
    embeddings = pool.cache.matrix()
    features = Space.fit(embeddings).transform(embeddings)
    features *= SCALE
    told = []
    with threadpool_limits(plan.threads):
        for line in lines:
            labeled = np.random.default_rng(0).choice(len(features), line.case.labels, False)
            labels = pool.clusters[labeled] % line.case.classes
            peer = time_peer(features, labels, labeled, plan.runs, plan.peer_seconds)
            told.append(replace(line, peer=peer))
    return told


def report(lines: Sequence[Line], machine: Machine, plan: Plan) -> Table:
    """The table: medians in milliseconds, and p95 of a person's waits."""
    table = Table(show_edge=False, pad_edge=False)
    for name in ("samples", "K", "labels", "commit", "round", "p95", *STAGES, "rest", "sweep"):
        table.add_column(name, justify="right")
    for name in (
        "bound",
        "next",
        "p95",
        "sklearn",
        "of which fit",
        "runs",
        "ratio",
        "peak MB",
        "over",
    ):
        table.add_column(name, justify="right")
    for line in lines:
        table.add_row(*_row(line, machine, plan))
    return table


def _row(line: Line, machine: Machine, plan: Plan) -> list[str]:
    case, timings, peer = line.case, line.timings, line.peer
    rounds = [one.round for one in timings]
    stages = {name: [one.stages[name] for one in timings] for name in STAGES}
    rest = [one.round - sum(one.stages.values()) for one in timings]
    eager = case.rows <= EAGER or plan.device != "cpu"
    scored = case.rows if eager else WINDOW + UNCERTAIN
    sweeps = [one.sweep for one in timings]
    nexts = [one.next for one in timings]
    beside = ["–"] * 4
    if peer is not None:
        ratio = float(np.median(peer.seconds) / np.median(rounds))
        beside = [_ms(peer.seconds), _ms(peer.fit), str(len(peer.seconds)), f"{ratio:.1f}×"]
    return [
        *(f"{number:,}" for number in (case.rows, case.classes, case.labels)),
        _ms([one.commit for one in timings]),
        _ms(rounds),
        _ms(rounds, 95),
        *(_ms(stages[name]) for name in STAGES),
        _ms(rest),
        _ms(sweeps) if any(sweeps) else "–",
        _ms([machine.least_seconds(scored, plan.width, case.classes)]),
        _ms(nexts),
        _ms(nexts, 95),
        *beside,
        f"{line.peak_mb:,.0f}",
        f"{line.peak_mb - line.imports_mb:,.0f}",
    ]


def _ms(seconds: Sequence[float], percentile: float = 50) -> str:
    value = 1000 * float(np.percentile(seconds, percentile))
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def main() -> None:
    """Measure and print, size after size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", type=int, nargs="+", default=[5_000, 50_000, 500_000, 1_000_000])
    parser.add_argument("--classes", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--labels", type=int, nargs="+", default=[50, 500, 5_000])
    parser.add_argument("--runs", type=int, default=20, help="timed answers per line")
    parser.add_argument("--width", type=int, default=384, help="of an embedding")
    parser.add_argument("--device", default="cpu", help="device that fits heads and scores rows")
    parser.add_argument(
        "--threads",
        type=int,
        default=max(1, (os.cpu_count() or 1) // 2),
        help="for all computations, also the peer's; by default half of the cores, as in the app",
    )
    parser.add_argument(
        "--peer-seconds", type=float, default=6.0, help="per line; 0 leaves the peer out"
    )
    given = vars(parser.parse_args())
    sizes = given.pop("sizes")
    plan = Plan(**given | {"labels": sorted(given["labels"])})
    torch.set_num_threads(plan.threads)
    console = Console(width=200)
    machine = Machine.measure(plan.device)
    console.print(
        f"{machine.cores} cores, {machine.memory_gb:.0f} GB, {plan.threads} threads, on "
        f"{plan.device}: {machine.bandwidth / 1e9:.1f} GB/s copied, "
        f"{machine.arithmetic / 1e9:.0f} GFLOP/s multiplied. Width {plan.width}, medians of "
        f"{plan.runs} answers in ms."
    )
    for case in (Case(*one) for one in product(sizes, plan.classes, plan.labels)):
        if why_not(case) is not None:
            console.print(
                f"Left out: {case.labels:,} labels of {case.rows:,} samples: {why_not(case)}."
            )
    lines: list[Line] = []
    for rows in sizes:
        lines += measure_size(rows, plan)
        console.print(f"{rows:,} samples are done.", style="dim")
    console.print(report(lines, machine, plan))
    console.print(NOTES)


if __name__ == "__main__":
    main()
