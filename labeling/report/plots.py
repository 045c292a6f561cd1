"""Charts that a screen and the report both show, and their way into a page as SVG."""

import io
import re

import altair as alt
import pandas as pd

from labeling.evidence.curve import Curve
from labeling.evidence.gathering import Evidence
from models.evidence.accuracy import class_recall

WIDTH = 520
# The page's own colors, so that a chart follows the page into its dark theme and onto paper.
INK, FAINT, LINE = "var(--ink)", "var(--faint)", "var(--line)"
OURS, OTHER = "var(--ours)", "var(--other)"
# A stand-alone SVG needs it; within a page it is only a link to another host.
NAMESPACES = re.compile(r' xmlns(?::\w+)?="[^"]*"')


def class_table(evidence: Evidence, names: dict[int, str]) -> pd.DataFrame:
    """For each class, the share of its blind checks that the model got right, with an interval."""
    rows = evidence.uniform
    return pd.DataFrame(
        {
            "class": names[key],
            "found": right / total,
            "low": interval.low,
            "high": interval.high,
            "checks": total,
            "right": f"{right} of {total}",
        }
        for key, (right, total, interval) in class_recall(
            evidence.hits[rows], evidence.labels[rows]
        ).items()
    )


def class_ranges(table: pd.DataFrame) -> alt.LayerChart:
    """A dot with its interval for each class of a `class_table`."""
    base = alt.Chart(table).encode(
        y=alt.Y(
            "class:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelLimit=160, labelFlush=False, labelOverlap=False),
        ),
        tooltip=["class", alt.Tooltip("found", format=".0%"), "checks"],
    )
    percent = alt.Axis(format="%", tickCount=10)
    bars = base.mark_rule(strokeWidth=3, opacity=0.6, color="#888").encode(
        x=alt.X("low:Q", scale=alt.Scale(domain=[0, 1]), axis=percent, title="share it got right"),
        x2="high:Q",
    )
    dots = base.mark_circle(size=100, opacity=1).encode(x="found:Q")
    text = base.mark_text(align="left", dx=8, color="#888").encode(x="high:Q", text="right:N")
    chart: alt.LayerChart = bars + dots + text
    return chart


def curve_table(curve: Curve, ours: str) -> pd.DataFrame:
    """The points of a session's learning curve, named `ours`, and of random picking."""
    rows = [
        (ours, point.labels, point.accuracy.value, point.accuracy.low, point.accuracy.high)
        for point in curve.points
    ]
    rows += [
        ("random picking", one.labels, one.random.mean, one.random.low, one.random.high)
        for one in curve.beside
    ]
    return pd.DataFrame(rows, columns=["picked by", "labels", "accuracy", "low", "high"])


def curve_lines(table: pd.DataFrame) -> alt.LayerChart:
    """A line with its band for each way of picking in a `curve_table`."""
    color = alt.Color(
        "picked by:N",
        title=None,
        sort=list(table["picked by"].unique()),
        legend=alt.Legend(
            orient="bottom", symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3
        ),
    )
    base = alt.Chart(table).encode(
        x=alt.X("labels:Q", title="labels given", scale=alt.Scale(zero=False)),
        color=color,
        tooltip=[  # for the band too, which would show every digit
            "picked by",
            "labels",
            *(alt.Tooltip(f"{name}:Q", format=".0%") for name in ("accuracy", "low", "high")),
        ],
    )
    band = base.mark_area(opacity=0.15).encode(
        y=alt.Y(
            "low:Q",
            axis=alt.Axis(format="%", tickCount=6, labelFlush=False),
            title="accuracy on what has no label",
            scale=alt.Scale(zero=False),
        ),
        y2="high:Q",
    )
    line = base.mark_line(point=True, strokeWidth=2.5).encode(y="accuracy:Q")
    chart: alt.LayerChart = band + line
    return chart


def svg(chart: alt.LayerChart, height: int) -> str:
    """A chart as an SVG element; the page defines its colors."""
    dressed = chart.properties(width=WIDTH, height=height).configure(
        background="transparent",
        font="sans-serif",
        view={"stroke": None},
        range={"category": [OURS, OTHER]},
        mark={"color": OURS},
        axis={"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
        | {"labelColor": FAINT, "titleColor": FAINT, "domainColor": LINE}
        | {"gridColor": LINE, "tickColor": LINE, "labelFlush": False},
        legend={"labelFontSize": 12, "labelColor": INK, "symbolSize": 300},
        text={"fontSize": 12},
    )
    written = io.StringIO()
    dressed.save(written, format="svg")
    return NAMESPACES.sub("", written.getvalue(), count=2)
