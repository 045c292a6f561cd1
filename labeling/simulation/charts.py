"""Learning curves as a picture, and the files it can be written to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeling.errors import HoneError
from labeling.simulation.curves import BASELINE, Result
from models.evidence.metrics import MeanInterval
from models.queries import DEFAULT_QUERY

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

ENDINGS = (".svg", ".png", ".html")
GREY, BLUE = "#8a8a86", "#2458c5"
# Colors that people with any color vision can distinguish (Okabe and Ito), without grey and blue.
PALETTE = ("#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
SIZE = {"width": 360, "height": 240}


@dataclass(frozen=True)
class Curve:
    """Mean accuracy with its interval after each number of labels."""

    name: str
    labels: Sequence[int]
    points: Sequence[MeanInterval]


@dataclass(frozen=True)
class Panel:
    """Curves that share axes, under a title and a smaller note."""

    title: str
    curves: Sequence[Curve]
    note: str = ""


@dataclass(frozen=True)
class Style:
    """The style of one name's curves in every panel."""

    color: str
    width: float = 2.0
    band: bool = True


def check_target(file: Path) -> None:
    """Raise, with the remedy, if a picture cannot be written there; check this before long work."""
    if file.suffix.lower() not in ENDINGS:
        raise HoneError(f"A plot ends in {', '.join(ENDINGS)}; {file.name} does not.")
    check_folder(file)


def check_folder(file: Path) -> None:
    """Raise, with the remedy, if the folder for a file does not exist."""
    if not file.parent.is_dir():
        raise HoneError(f"There is no folder {file.parent} for {file.name}; create it first.")


def save(chart: "alt.ConcatChart", file: Path) -> None:
    """Write a chart by the file's ending; HTML contains all it needs and works offline."""
    check_target(file)
    if file.suffix.lower() == ".html":
        chart.save(file, inline=True)
    elif file.suffix.lower() == ".png":
        chart.save(file, scale_factor=2)
    else:
        chart.save(file)


def plot(results: Sequence[Result], names: Mapping[str, str] | None = None) -> "alt.ConcatChart":
    """A panel for each result; `names` gives the name of a query."""
    names = names or {}
    queries = dict.fromkeys(query for result in results for query in result.plan.queries)
    palette = iter(PALETTE * (len(queries) // len(PALETTE) + 1))
    styles = {BASELINE: Style(GREY, 2.5), DEFAULT_QUERY: Style(BLUE, 2.5)}
    panels = [
        Panel(
            f"{Path(result.pool).name}: {result.samples:,} samples, {result.classes} classes",
            [
                Curve(names.get(query, query), result.labels, result.curve(query))
                for query in result.plan.queries
            ],
            _note(result, results),
        )
        for result in results
    ]
    shown = {
        names.get(query, query): styles[query] if query in styles else Style(next(palette))
        for query in queries
    }
    return draw(panels, shown)


def draw(panels: Sequence[Panel], styles: Mapping[str, Style]) -> "alt.ConcatChart":
    """Panels two in a row with one legend; later names of `styles` are drawn above earlier ones."""
    import altair as alt

    color = alt.Color(
        "name:N",
        title=None,
        scale=alt.Scale(domain=list(styles), range=[style.color for style in styles.values()]),
        legend=alt.Legend(
            orient="bottom",
            columns=3,
            labelLimit=240,
            symbolType="stroke",
            symbolOpacity=1,
            symbolStrokeWidth=3,
        ),
    )
    charts = []
    for panel in panels:
        layers = []
        for name, style in styles.items():
            base = alt.Chart(_table(panel, name)).encode(
                x=alt.X("labels:Q", title="labels given"), detail="curve:N"
            )
            if style.band:
                band = base.mark_area(opacity=0.15)
                layers.append(band.encode(y="low:Q", y2="high:Q", color=color))
            accuracy = alt.Y(
                "accuracy:Q",
                title="accuracy on the unlabeled rest",
                axis=alt.Axis(format="%"),
                scale=alt.Scale(zero=False),
            )
            line = base.mark_line(strokeWidth=style.width)
            layers.append(line.encode(y=accuracy, color=color))
        title = alt.Title(panel.title, subtitle=panel.note or alt.Undefined)
        charts.append(alt.layer(*layers).properties(title=title, **SIZE))
    whole: alt.ConcatChart = alt.concat(*charts, columns=2).configure(
        background="white", font="sans-serif"
    )
    return whole


def _table(panel: Panel, name: str) -> "pd.DataFrame":
    """One row for each number of labels of the curves of that name."""
    import pandas as pd

    rows = [
        (curve.name, number, labels, *point)
        for number, curve in enumerate(panel.curves)
        if curve.name == name
        for labels, point in zip(curve.labels, curve.points, strict=True)
    ]
    return pd.DataFrame(rows, columns=["name", "curve", "labels", "accuracy", "low", "high"])


def _note(result: Result, results: Sequence[Result]) -> str:
    """Backbone and batch, each only if it differs between the results."""
    parts = []
    if len({one.fingerprint for one in results}) > 1:
        parts.append(result.backbone)
    if len({one.plan.batch for one in results}) > 1:
        parts.append(f"{result.plan.batch} asked at once")
    return ", ".join(parts)
