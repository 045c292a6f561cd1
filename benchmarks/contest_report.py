"""The results of a contest: standings with intervals, a table, a statement, a plot."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.contest import ON, SESSION, Run
from benchmarks.peers import PEERS
from labeling.simulation.charts import BLUE, GREY, PALETTE, Curve, Panel, Style, draw
from labeling.simulation.curves import BASELINE
from models.evidence.metrics import MeanInterval, learning_curve_area, mean_interval
from models.queries import DEFAULT_QUERY

if TYPE_CHECKING:
    import altair as alt

RESAMPLES = 10_000
GOAL_RATIO, GOAL_WORST = 1.5, -1.0
OTHER_FEATURES = "Hone on other features"
Areas = dict[str, dict[int, float]]


@dataclass(frozen=True)
class Standing:
    """One strategy on one set; accuracies are shares, areas are means along the curve.

    `needed` is the number of labels at which the mean curve, straight between its points, reaches
    that of random at the end, or None; `ratio` is how many times fewer these are
    than random's. Differences are paired by
    seed: the mean and its 95 % bootstrap interval. The best is compared with the next.
    """

    strategy: str
    seeds: int
    area: float
    held_out_area: float
    first: float
    needed: float | None
    ratio: float | None
    to_random: MeanInterval
    to_best: MeanInterval
    held_out_to_random: MeanInterval
    held_out_to_best: MeanInterval
    seconds: float


class Contest:
    """All runs on one set."""

    def __init__(self, images: str, runs: Sequence[Run]) -> None:
        self.images = images
        self.runs = [run for run in runs if run.images == images]
        self.samples, self.classes = self.runs[0].samples, self.runs[0].classes
        self.labels = self.runs[0].labels
        self.strategies = list(dict.fromkeys(run.strategy for run in self.runs))
        self.areas = {name: self._areas(name) for name in ("accuracy", "held_out")}

    def values(self, strategy: str, measure: str = "accuracy") -> npt.NDArray[np.float64]:
        """(seeds, checkpoints) of a strategy."""
        return np.array([getattr(run, measure) for run in self.of(strategy)])

    def of(self, strategy: str) -> list[Run]:
        """A strategy's runs in the order of their seeds."""
        mine = (run for run in self.runs if run.strategy == strategy)
        return sorted(mine, key=lambda run: run.seed)

    def curve(self, strategy: str, measure: str = "accuracy") -> list[MeanInterval]:
        """Mean over seeds with its interval at each number of labels."""
        return [mean_interval(column) for column in self.values(strategy, measure).T]

    def rivals(self, strategy: str, measure: str = "accuracy") -> list[str]:
        """The other strategies, best first, without others that ask by the same query."""
        areas = self.areas[measure]
        others = [
            name
            for name in self.strategies
            if name != strategy and not (is_own(name) and is_own(strategy))
        ]
        return sorted(others, key=lambda name: -_mean(areas[name]))

    def difference(self, one: str, other: str, measure: str = "accuracy") -> MeanInterval:
        """Area of one strategy minus that of another, over the seeds that both have."""
        a, b = self.areas[measure][one], self.areas[measure][other]
        return bootstrap(np.array([a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())]))

    def standings(self) -> list[Standing]:
        """Every strategy, the largest area first."""
        order = sorted(self.strategies, key=lambda name: -_mean(self.areas["accuracy"][name]))
        return [self.standing(name) for name in order]

    def standing(self, name: str) -> Standing:
        needed = self.needed(name)
        best = {measure: self.rivals(name, measure)[0] for measure in self.areas}
        return Standing(
            strategy=name,
            seeds=len(self.of(name)),
            area=_mean(self.areas["accuracy"][name]),
            held_out_area=_mean(self.areas["held_out"][name]),
            first=self.curve(name)[0].mean,
            needed=needed,
            ratio=self.labels[-1] / needed if needed else None,
            to_random=self.difference(name, BASELINE),
            to_best=self.difference(name, best["accuracy"]),
            held_out_to_random=self.difference(name, BASELINE, "held_out"),
            held_out_to_best=self.difference(name, best["held_out"], "held_out"),
            seconds=float(np.median([s for run in self.of(name) for s in run.seconds])),
        )

    def needed(self, name: str) -> float | None:
        """The labels at which a strategy's mean curve reaches random's end."""
        if name == BASELINE:
            return float(self.labels[-1])
        goal = self.curve(BASELINE)[-1].mean
        means = [point.mean for point in self.curve(name)]
        place = next((i for i, mean in enumerate(means) if mean >= goal), None)
        if not place:  # at the first point, or never
            return None if place is None else float(self.labels[0])
        share = (goal - means[place - 1]) / (means[place] - means[place - 1])
        before, after = self.labels[place - 1], self.labels[place]
        return float(before + share * (after - before))

    def _areas(self, measure: str) -> Areas:
        areas: Areas = {name: {} for name in self.strategies}
        for run in self.runs:
            area = learning_curve_area(np.array(run.labels), np.array(getattr(run, measure)))
            areas[run.strategy][run.seed] = area
        return areas


def is_own(strategy: str) -> bool:
    """Whether it is the default query, also with audits or on other features."""
    return strategy == SESSION or strategy.partition(ON)[0] == DEFAULT_QUERY


def bootstrap(differences: npt.NDArray[np.float64]) -> MeanInterval:
    """The mean of paired differences with its 95 % percentile interval over resampled seeds."""
    if len(differences) < 2:
        return MeanInterval(float(differences.mean()), np.nan, np.nan)
    drawn = np.random.default_rng(0).integers(len(differences), size=(RESAMPLES, len(differences)))
    low, high = np.quantile(differences[drawn].mean(axis=1), (0.025, 0.975))
    return MeanInterval(float(differences.mean()), float(low), float(high))


def print_contest(contest: Contest, console: Console) -> None:
    """One set's standings."""
    labels = contest.labels
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"{contest.images}: {contest.samples:,} samples, {contest.classes} classes; "
        f"{labels[-1]} labels, {labels[0]} at once; accuracy in %",
    )
    table.add_column("strategy", no_wrap=True)
    for name in ("area", "held out", "first batch", "labels", "ratio"):
        table.add_column(name, justify="right")
    for name in ("− random", "− best", "s/query", "seeds"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in contest.standings():
        table.add_row(
            one.strategy,
            *(f"{100 * value:.1f}" for value in (one.area, one.held_out_area, one.first)),
            "–" if one.needed is None else f"{one.needed:.0f}",
            "–" if one.ratio is None else f"{one.ratio:.1f}",
            _points(one.to_random),
            _points(one.to_best),
            f"{one.seconds:.3f}",
            str(one.seeds),
            style="bold" if one.strategy == DEFAULT_QUERY else None,
        )
    console.print(table)


def statement(contests: Sequence[Contest]) -> list[str]:
    """The claims about the default query, one per line."""
    if any(DEFAULT_QUERY not in contest.strategies for contest in contests):
        return [f"No statement: {DEFAULT_QUERY} did not run."]
    lines, good = [], 0
    for contest in contests:
        mine = contest.standing(DEFAULT_QUERY)
        good += _place(mine.to_best) != "behind"
        rivals = {measure: contest.rivals(DEFAULT_QUERY, measure)[0] for measure in contest.areas}
        lines.append(
            f"{contest.images}: {_place(mine.to_best)} {rivals['accuracy']} by "
            f"{_points(mine.to_best)} points; on held out samples {_place(mine.held_out_to_best)} "
            f"{rivals['held_out']} by {_points(mine.held_out_to_best)}"
        )
    lines.append(f"First or tied for first on {good} of {len(contests)} sets.")
    standings = {contest.images: contest.standing(DEFAULT_QUERY) for contest in contests}
    missed = [name for name, one in standings.items() if one.ratio is None]
    ratios = [one.ratio for one in standings.values() if one.ratio is not None]
    if ratios:
        lines.append(
            f"Labels to random's accuracy at the end: {np.mean(ratios):.2f} times fewer on average"
            + (f", never on {', '.join(missed)}" if missed else "")
            + f" (goal ≥ {GOAL_RATIO}: {_met(not missed and np.mean(ratios) >= GOAL_RATIO)})."
        )
    for what, field in (("", "to_random"), (" on held out samples", "held_out_to_random")):
        where = min(standings, key=lambda name: getattr(standings[name], field).mean)
        worst = getattr(standings[where], field)
        met = _met(100 * worst.mean > GOAL_WORST)
        lines.append(
            f"Worst difference to random{what}: {_points(worst)} points, on {where} "
            f"(goal > {GOAL_WORST:.0f}: {met})."
        )
    return lines


def to_json(contests: Sequence[Contest]) -> dict[str, Any]:
    """Standings and mean curves of every set as plain values."""
    return {
        contest.images: {
            "samples": contest.samples,
            "classes": contest.classes,
            "labels": contest.labels,
            "strategies": [
                _plain(asdict(one)) | {"curves": _curves(contest, one.strategy)}
                for one in contest.standings()
            ],
        }
        for contest in contests
    }


def _curves(contest: Contest, strategy: str) -> dict[str, list[dict[str, Any]]]:
    """Mean accuracy with its interval at each number of labels, on either kind of samples."""
    return {
        measure: [_plain(point._asdict()) for point in contest.curve(strategy, measure)]
        for measure in contest.areas
    }


def plot(contests: Sequence[Contest]) -> "alt.ConcatChart":
    """A panel for each set: the default, random and the best other library with their bands."""
    best = "best of the other libraries"
    styles = {
        "other libraries": Style("#e3c9b0", 1.0, band=False),
        "other queries of Hone": Style("#b9c8ea", 1.0, band=False),
        "random": Style(GREY, 2.5),
        best: Style(PALETTE[0], 2.0),
        OTHER_FEATURES: Style(PALETTE[4], 1.0, band=False),
        f"Hone: {SESSION}": Style(PALETTE[4], 2.0, band=False),
        f"Hone: {DEFAULT_QUERY}": Style(BLUE, 3.0),
    }
    panels = []
    for contest in contests:
        title = f"{contest.images}: {contest.samples:,} samples, {contest.classes} classes"
        leader = next((one.strategy for one in contest.standings() if one.strategy in PEERS), None)
        names, note = {name: _family(name) for name in contest.strategies}, ""
        if leader is not None:
            names[leader] = best
            note = f"best of the other libraries: {leader}"
        curves = [Curve(names[n], contest.labels, contest.curve(n)) for n in contest.strategies]
        panels.append(Panel(title, curves, note))
    shown = {curve.name for panel in panels for curve in panel.curves}
    return draw(panels, {name: style for name, style in styles.items() if name in shown})


def _family(strategy: str) -> str:
    """The name of a strategy in the plot."""
    if strategy == BASELINE:
        return "random"
    if strategy in PEERS:
        return "other libraries"
    if ON in strategy:
        return OTHER_FEATURES
    return f"Hone: {strategy}" if strategy in (DEFAULT_QUERY, SESSION) else "other queries of Hone"


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Rounded; null where one seed gives no value."""

    def value(one: Any) -> Any:
        if isinstance(one, tuple):
            return [value(part) for part in one]
        if isinstance(one, float):
            return None if np.isnan(one) else round(one, 4)
        return one

    return {name: value(one) for name, one in fields.items()}


def _mean(areas: dict[int, float]) -> float:
    return float(np.mean(list(areas.values())))


def _place(difference: MeanInterval) -> str:
    """The position of the default against its best rival."""
    if difference.mean >= 0:
        return "first, before"
    return "tied with" if difference.high >= 0 else "behind"  # one seed has no interval


def _met(is_met: bool | np.bool_) -> str:
    return "met" if is_met else "MISSED"


def _points(difference: MeanInterval) -> str:
    mean, low, high = (100 * value for value in difference)
    return f"{mean:+.1f}" if np.isnan(low) else f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]"
