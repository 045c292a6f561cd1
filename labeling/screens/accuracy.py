"""The Accuracy screen: how good the model is, what more labels bring, and what can be proven."""

import altair as alt
import pandas as pd
import streamlit as st

from labeling.figures import CHECKS, Evidence, pool_accuracy, until_checked
from labeling.screens import certificates, transfer
from labeling.screens.charts import draw
from labeling.screens.views import choose
from labeling.session import Session
from labeling.trust import CURVES, Curve, Effort, effort
from labeling.wording import ahead, points

VIEWS = ("How good", "Curve", "Certify", "Accept", "Backbone")


def show(session: Session) -> None:
    """Show one of the views, once there is a head."""
    chosen = choose(session, VIEWS)
    if chosen is None:
        return
    view, evidence = chosen
    if view == "Curve":
        _curve(session, evidence)
    elif view == "Certify":
        certificates.certify(session, evidence)
    elif view == "Accept":
        certificates.accept_many(session, evidence)
    elif view == "Backbone":
        transfer.show(session, evidence)
    else:
        how_good(session, evidence)
        _classes(session, evidence)


def how_good(session: Session, evidence: Evidence) -> None:
    """The one figure that can be believed, in a sentence, or why there is none yet."""
    if len(evidence.open_rows) == 0:
        st.info("Every image has an answer: none is left to guess.", icon=":material/task_alt:")
        return
    measured = pool_accuracy(evidence)
    if measured is None:
        st.info(
            "How good the model is on the pool is told "
            + until_checked(session, int(evidence.uniform.sum()), CHECKS),
            icon=":material/visibility_off:",
        )
        return
    what = (
        f"{measured.measured} blind checks"
        if measured.method == "audits"
        else f"{measured.measured} labels, each weighted by its chance to be asked"
    )
    st.success(
        f"Of the {len(evidence.open_rows):,} images without a label, today’s model gets about "
        f"**{measured.value:.0%}** right: between **{measured.low:.0%} and {measured.high:.0%}** "
        f"with 95% confidence. Measured on {what}, each foreseen by a model that had not seen "
        "it, and corrected for how sure the model is of the rest and for what was labeled since.",
        icon=":material/verified:",
    )


def _classes(session: Session, evidence: Evidence) -> None:
    """How often each class is found, on blind checks."""
    from models.accuracy import class_recall, macro_recall

    rows = evidence.uniform
    if rows.sum() < CHECKS:
        return
    hits, labels = evidence.hits[rows], evidence.labels[rows]
    names = {one.id: one.name for one in session.store.classes.all(archived=True)}
    st.subheader("Each class")
    macro = macro_recall(hits, labels)
    text = (
        "How many of each class’s blind checks the model foresaw, with the 95% interval of that "
        "share: wide where there are few."
    )
    if macro is not None:
        text += (
            f" All classes weighted alike: **{macro.mean:.0%}**, between {macro.low:.0%} and "
            f"{macro.high:.0%}."
        )
    st.markdown(text)
    found = class_recall(hits, labels)
    wide, _ = st.columns([3, 1])
    table = pd.DataFrame(
        {
            "class": names[key],
            "found": right / total,
            "low": interval.low,
            "high": interval.high,
            "checks": total,
            "foreseen": f"{right} of {total}",
        }
        for key, (right, total, interval) in found.items()
    )
    with wide:
        draw(_ranges(table), "accuracy per class", table, height=60 + 28 * len(table))


def _ranges(table: pd.DataFrame) -> alt.LayerChart:
    """A dot with its interval for each class."""
    base = alt.Chart(table).encode(
        y=alt.Y("class:N", sort=None, title=None, axis=alt.Axis(labelLimit=160, labelFlush=False)),
        tooltip=["class", alt.Tooltip("found", format=".0%"), "checks"],
    )
    percent = alt.Axis(format="%", tickCount=10)
    bars = base.mark_rule(strokeWidth=3, opacity=0.6, color="#888").encode(
        x=alt.X("low:Q", scale=alt.Scale(domain=[0, 1]), axis=percent, title="share foreseen"),
        x2="high:Q",
    )
    dots = base.mark_circle(size=100, opacity=1).encode(x="found:Q")
    text_marks = base.mark_text(align="left", dx=8, color="#888").encode(
        x="high:Q", text="foreseen:N"
    )
    chart: alt.LayerChart = bars + dots + text_marks
    return chart


def _curve(session: Session, evidence: Evidence) -> None:
    with st.spinner("Fitting models along your labels …"):
        curve = CURVES.of(session, evidence)
    checks = int(evidence.uniform.sum())
    if len(curve.points) < 2:
        st.info(
            "The learning curve is shown " + until_checked(session, checks, CHECKS)
            if checks < CHECKS
            else f"The learning curve is shown from 20 labels on; {len(evidence.rows)} so far.",
            icon=":material/show_chart:",
        )
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        _plot(curve)
        st.caption(
            "Each point is a model fitted on the first labels and judged on all blind checks, left "
            "out where it had seen them. Bands are 95% intervals; all points share the same "
            "checks, so the shape is known better than the height."
        )
    with right:
        _forecast(session, evidence, curve)
        _beside(curve, checks)


def _plot(curve: Curve) -> None:
    st.subheader("Accuracy over labels")
    rows = [
        ("your labels", point.labels, point.accuracy.value, point.accuracy.low, point.accuracy.high)
        for point in curve.points
    ]
    rows += [
        ("random picking", one.labels, one.random.mean, one.random.low, one.random.high)
        for one in curve.beside
    ]
    table = pd.DataFrame(rows, columns=["picked by", "labels", "accuracy", "low", "high"])
    color = alt.Color(
        "picked by:N",
        title=None,
        sort=["your labels", "random picking"],
        legend=alt.Legend(
            orient="bottom", symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3
        ),
    )
    base = alt.Chart(table).encode(
        x=alt.X("labels:Q", title="labels given", scale=alt.Scale(zero=False)), color=color
    )
    percent = alt.Axis(format="%", tickCount=6, labelFlush=False)
    band = base.mark_area(opacity=0.15).encode(
        y=alt.Y("low:Q", axis=percent, title="accuracy on the pool", scale=alt.Scale(zero=False)),
        y2="high:Q",
    )
    line = base.mark_line(point=True, strokeWidth=2.5).encode(
        y="accuracy:Q",
        tooltip=[
            "picked by",
            "labels",
            alt.Tooltip("accuracy:Q", format=".0%"),
            alt.Tooltip("low:Q", format=".0%"),
            alt.Tooltip("high:Q", format=".0%"),
        ],
    )
    draw(band + line, "learning curve", table, height=340)


def _forecast(session: Session, evidence: Evidence, curve: Curve) -> None:
    st.subheader("How many more?")
    target = st.slider("Accuracy to reach", 50, 99, 90, format="%d%%", key="target") / 100
    found = effort(session, evidence, curve, target)
    if found is None:
        st.caption(
            "A forecast is shown once there are five points, five labels a class and 15 blind "
            "checks; before, it would be a guess."
        )
        return
    told = found.forecast
    ceiling = (
        f"With ever more labels, this backbone would end between {told.ceiling[0]:.0%} and "
        f"{told.ceiling[1]:.0%}."
    )
    left = len(evidence.open_rows)
    if told.reached:
        st.markdown(f"**Probably reached.** {ceiling} A certificate can prove it.")
    elif told.low is None:
        st.warning(
            f"**{target:.0%} is not reachable with this backbone.** {ceiling} Take a larger "
            "backbone under Setup.",
            icon=":material/block:",
        )
    elif told.low > left:
        st.warning(
            f"**Not with this pool alone:** it would take at least {told.low:,} more labels, and "
            f"{left:,} images are left. {ceiling}",
            icon=":material/block:",
        )
    elif told.high is None:
        st.markdown(f"**{told.low:,} more labels at the least**, perhaps never. {ceiling}")
    else:
        st.markdown(f"**Between {told.low:,} and {told.high:,} more labels**{_minutes(found)}.")
        st.caption(f"{ceiling} In four of five cases the truth lies inside the range.")


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
            text + " Random picking would have been better: choose another query under Setup.",
            icon=":material/trending_down:",
        )
    else:
        st.markdown(text)
