"""Calibration: whether one can trust how sure the model says it is."""

import altair as alt
import pandas as pd
import streamlit as st

from labeling.evidence.gathering import CHECKS, Evidence
from labeling.loop.session import Session
from labeling.screens import views
from labeling.screens.charts import draw
from labeling.screens.waiting import until_checked


def show(session: Session) -> None:
    """Show hits against confidence on blind checks, once there are enough of them."""
    evidence = views.evidence(session)
    if evidence is not None:
        _calibration(session, evidence)


def _calibration(session: Session, evidence: Evidence) -> None:
    from models.evidence.reliability import reliability

    rows = evidence.uniform
    if rows.sum() < CHECKS:
        st.info(
            "Whether you can trust the model’s confidence is shown "
            + until_checked(session, int(rows.sum()), CHECKS),
            icon=":material/visibility_off:",
        )
        return
    found = reliability(evidence.left_out.confidence[rows], evidence.hits[rows])
    st.markdown(
        f"On {int(rows.sum())} blind checks the model’s confidence and its hits differ by "
        f"**{100 * found.error:.0f} points** on average (expected calibration error). With so "
        f"few checks, {100 * found.chance:.0f} points are expected by chance alone, even if the "
        "confidence is right."
    )
    st.caption(
        "On the line, guesses with 80% confidence are right in 80 of 100 cases; below it the model "
        "is overconfident. Bars are 95% intervals."
    )
    wide, _ = st.columns([3, 2])
    table = pd.DataFrame(
        (one.confidence, one.rate, one.interval.low, one.interval.high, one.count)
        for one in found.bins
    )
    table.columns = pd.Index(["confidence", "right", "low", "high", "checks"])
    with wide:
        draw(_diagonal(table), "calibration", table, height=340)


def _diagonal(table: pd.DataFrame) -> alt.LayerChart:
    """Hits against confidence, with the line where both are equal."""
    share = alt.Scale(domain=[0, 1])
    percent = alt.Axis(format="%", tickCount=5)
    base = alt.Chart(table).encode(
        x=alt.X("confidence:Q", scale=share, axis=percent, title="how sure the model was"),
        tooltip=[
            alt.Tooltip("confidence:Q", format=".0%"),
            alt.Tooltip("right:Q", format=".0%"),
            "checks:Q",
        ],
    )
    line = alt.Chart(pd.DataFrame({"x": [0, 1], "y": [0, 1]})).mark_line(
        color="#8a8a86", strokeDash=[4, 4]
    )
    chart: alt.LayerChart = (
        line.encode(x="x:Q", y="y:Q")
        + base.mark_rule(strokeWidth=2, color="#8a8a86").encode(
            y=alt.Y("low:Q", scale=share, axis=percent, title="how often it was right"), y2="high:Q"
        )
        + base.mark_circle(size=90, opacity=1).encode(y=alt.Y("right:Q", scale=share))
    )
    return chart
