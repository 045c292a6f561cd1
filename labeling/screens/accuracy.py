"""The Accuracy screen: how good the model is, what more labels bring, and what can be proven."""

import altair as alt
import pandas as pd
import streamlit as st

from labeling.evidence.gathering import CHECKS, Evidence, pool_accuracy
from labeling.loop.session import Session
from labeling.screens import certificates, curve, transfer
from labeling.screens.charts import draw
from labeling.screens.views import choose
from labeling.screens.waiting import until_checked

VIEWS = ("How good", "Curve", "Certify", "Accept", "Pretrained model")


def show(session: Session) -> None:
    """Show one of the views, once there is a model."""
    chosen = choose(session, VIEWS)
    if chosen is None:
        return
    view, evidence = chosen
    if view == "Curve":
        curve.show(session, evidence)
    elif view == "Certify":
        certificates.certify(session, evidence)
    elif view == "Accept":
        certificates.accept_many(session, evidence)
    elif view == "Pretrained model":
        transfer.show(session, evidence)
    else:
        how_good(session, evidence)
        _classes(session, evidence)


def how_good(session: Session, evidence: Evidence) -> None:
    """The one figure that can be believed, in a sentence, or why it is not there yet."""
    if len(evidence.open_rows) == 0:
        st.info("Every image has an answer: none is left to guess.", icon=":material/task_alt:")
        return
    measured = pool_accuracy(evidence)
    if measured is None:
        st.info(
            "How good the model is on your images is shown "
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
        f"with 95% confidence. Measured on {what}, each predicted by a model that had not seen "
        "it, and corrected for how sure the model is of the rest and for what was labeled since.",
        icon=":material/verified:",
    )


def _classes(session: Session, evidence: Evidence) -> None:
    """How often each class is found, on blind checks."""
    from models.evidence.accuracy import class_recall, macro_recall

    rows = evidence.uniform
    if rows.sum() < CHECKS:
        return
    hits, labels = evidence.hits[rows], evidence.labels[rows]
    names = {one.id: one.name for one in session.store.classes.all(archived=True)}
    st.subheader("Each class")
    macro = macro_recall(hits, labels)
    text = (
        "How many of each class’s blind checks the model got right, with the 95% interval of that "
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
            "right": f"{right} of {total}",
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
        x=alt.X("low:Q", scale=alt.Scale(domain=[0, 1]), axis=percent, title="share it got right"),
        x2="high:Q",
    )
    dots = base.mark_circle(size=100, opacity=1).encode(x="found:Q")
    text_marks = base.mark_text(align="left", dx=8, color="#888").encode(x="high:Q", text="right:N")
    chart: alt.LayerChart = bars + dots + text_marks
    return chart
