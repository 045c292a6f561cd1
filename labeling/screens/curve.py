"""The part of the Model screen with the learning curve, and a forecast of the labels needed."""

import streamlit as st

from labeling.evidence.curve import Curve
from labeling.evidence.gathering import CHECKS, Evidence
from labeling.evidence.planning import Effort, effort
from labeling.loop.session import Session
from labeling.report.plots import curve_lines, curve_table
from labeling.screens.charts import draw
from labeling.wording import ahead, points


def show(session: Session, evidence: Evidence) -> None:
    """Show the curve beside that of random picking, and a forecast."""
    with st.spinner("Fitting models along your labels …"):
        curve = session.figures.curve(evidence)
    checks = int(evidence.uniform.sum())
    if len(curve.points) < 2:
        st.info(
            "A learning curve and a forecast are shown once the accuracy is measured."
            if checks < CHECKS
            else f"The learning curve is shown after 20 labels; {len(evidence.rows)} so far.",
            icon=":material/show_chart:",
        )
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        _plot(curve)
        st.caption(_meaning(curve))
    with right:
        _forecast(session, evidence, curve)
        _beside(curve, checks)


def _meaning(curve: Curve) -> str:
    """What the curve shows, and how reliable its differences are."""
    last = curve.points[-1].accuracy
    judged = f"{last.measured} labels, each weighted by its chance of being asked"
    if last.method == "audits":
        judged = (
            f"{last.measured} blind checks: one more right or wrong answer moves a point by about "
            f"{100 / last.measured:.0f} points, whatever the model has learned"
        )
    return (
        "Each point is a model fitted on the first labels. Its accuracy is an estimate for what "
        "has no label now; labels that it had seen are left out. All points are judged "
        f"on the same {judged}. Bands are 95% intervals; the band of random picking is that of its "
        "difference from your labels."
    )


def _plot(curve: Curve) -> None:
    st.subheader("Accuracy over labels")
    table = curve_table(curve, "your labels")
    draw(curve_lines(table), "learning curve", table, height=340)


def _forecast(session: Session, evidence: Evidence, curve: Curve) -> None:
    st.subheader("How many more?")
    target = st.slider("Accuracy to reach", 50, 99, 90, format="%d%%", key="target") / 100
    found = effort(session.store.answers.all(), evidence, curve, target)
    if found is None:
        st.caption(
            "A forecast is shown once there are five points, five labels a class and 15 blind "
            "checks; before that, it would be a guess."
        )
        return
    told = found.forecast
    ceiling = (
        f"With ever more labels, this pretrained model would reach between {told.ceiling[0]:.0%} "
        f"and {told.ceiling[1]:.0%} on what has no label now."
    )
    if told.reached:
        st.markdown(f"**Probably reached.** {ceiling} A certificate can prove it.")
    elif told.low is None:
        st.warning(
            f"**{target:.0%} is not reachable with this pretrained model**, at least not within "
            f"{told.limit:,} more labels. {ceiling} Choose a larger pretrained model under Setup.",
            icon=":material/block:",
        )
    else:
        st.markdown(_range(found))
        st.caption(
            "This is the accuracy on what has no label at that time: labels teach the model and "
            f"take the hard ones away. {ceiling} In four of five cases the true number is "
            "inside the range."
        )


def _range(found: Effort) -> str:
    """The labels that it will take, in a sentence; the upper end may be open."""
    told = found.forecast
    if told.high is not None:
        return f"**Between {told.low:,} and {told.high:,} more labels**{_minutes(found)}."
    middle = "" if told.middle is None else f", with even odds at most {told.middle:,}"
    return f"**At least {told.low:,} more labels**{middle}; perhaps over {told.limit:,}, or never."


def _minutes(found: Effort) -> str:
    if found.minutes is None or found.minutes[1] is None:
        return ""
    return f", {found.minutes[0]:.0f} to {max(1, found.minutes[1]):.0f} minutes at your pace"


def _beside(curve: Curve, checks: int) -> None:
    st.subheader("Against random picking")
    if not curve.beside:
        st.caption(f"Compared once there are 20 blind checks; {checks} so far.")
        return
    last = curve.beside[-1]
    text = (
        f"After {last.labels} labels you were **{ahead(last.gain.mean)}** random picking (95% "
        f"interval {points(last.gain.low)} to {points(last.gain.high)} points). Random picking is "
        "refitted from the blind checks alone, so its curve ends at the number of blind checks."
    )
    if curve.loses:
        st.warning(
            text
            + " Random picking would have been better: under Setup, choose another way to pick "
            "what comes next.",
            icon=":material/trending_down:",
        )
    else:
        st.markdown(text)
