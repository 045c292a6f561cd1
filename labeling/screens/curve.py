"""The part of the Accuracy screen with the learning curve, and how many labels it will take."""

import streamlit as st

from labeling.evidence.curve import Curve
from labeling.evidence.gathering import CHECKS, Evidence
from labeling.evidence.planning import Effort, effort
from labeling.loop.session import Session
from labeling.report.plots import curve_lines, curve_table
from labeling.screens.charts import draw
from labeling.screens.waiting import until_checked
from labeling.wording import ahead, points


def show(session: Session, evidence: Evidence) -> None:
    """Show the curve beside random picking's, and a forecast."""
    with st.spinner("Fitting models along your labels …"):
        curve = session.figures.curve(evidence)
    checks = int(evidence.uniform.sum())
    if len(curve.points) < 2:
        st.info(
            "The learning curve is shown " + until_checked(session, checks, CHECKS)
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
    """What the curve shows, and how far its points can be trusted to part."""
    last = curve.points[-1].accuracy
    judged = f"{last.measured} labels, each weighted by its chance to be asked"
    if last.method == "audits":
        judged = (
            f"{last.measured} blind checks: one more of them right or wrong moves a point by about "
            f"{100 / last.measured:.0f} points, whatever the model has learned"
        )
    return (
        "Each point is a model fitted on the first labels, as right as it would be on the images "
        "that have no label now; what it had seen is left out. All points are judged on the same "
        f"{judged}. Bands are 95% intervals; that of random picking is of its distance to your "
        "labels."
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
            "checks; before, it would be a guess."
        )
        return
    told = found.forecast
    ceiling = (
        f"With ever more labels, this pretrained model would end between {told.ceiling[0]:.0%} and "
        f"{told.ceiling[1]:.0%} on the images that have no label now."
    )
    if told.reached:
        st.markdown(f"**Probably reached.** {ceiling} A certificate can prove it.")
    elif told.low is None:
        st.warning(
            f"**{target:.0%} is not reachable with this pretrained model**, at least not within "
            f"{told.limit:,} more labels. {ceiling} Take a larger pretrained model under Setup.",
            icon=":material/block:",
        )
    else:
        st.markdown(_range(found))
        st.caption(
            "Accuracy is that of the images that will have no label then: labels teach the model, "
            f"and take hard images away. {ceiling} In four of five cases the truth lies inside "
            "the range."
        )


def _range(found: Effort) -> str:
    """The labels that it will take, in a sentence; its upper end may be open."""
    told = found.forecast
    if told.high is not None:
        return f"**Between {told.low:,} and {told.high:,} more labels**{_minutes(found)}."
    middle = "" if told.middle is None else f", at even odds no more than {told.middle:,}"
    return (
        f"**{told.low:,} more labels at the least**{middle}; perhaps over {told.limit:,}, or never."
    )


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
        "refitted from the blind checks alone, so that it reaches only as far as there are such."
    )
    if curve.loses:
        st.warning(
            text + " Random picking would have been better: choose under Setup what comes next in "
            "another way.",
            icon=":material/trending_down:",
        )
    else:
        st.markdown(text)
