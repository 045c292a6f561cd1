"""The Accuracy screen: how good the model is, the gain of more labels, and proofs."""

import streamlit as st

from labeling.evidence.gathering import CHECKS, Evidence, pool_accuracy
from labeling.loop.session import Session
from labeling.report.plots import class_ranges, class_table
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
    """The one trustworthy figure, in a sentence, or the reason why it is missing."""
    if len(evidence.open_rows) == 0:
        st.info("Every image has an answer: nothing is left to guess.", icon=":material/task_alt:")
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
        else f"{measured.measured} labels, each weighted by its chance of being asked"
    )
    st.success(
        f"Of the {len(evidence.open_rows):,} images without a label, the present model gets about "
        f"**{measured.value:.0%}** right: between **{measured.low:.0%} and {measured.high:.0%}** "
        f"with 95% confidence. Measured on {what}, each predicted by a model that had not seen "
        "it, and corrected for the model's confidence in the rest and for later labels.",
        icon=":material/verified:",
    )


def _classes(session: Session, evidence: Evidence) -> None:
    """The model's hits for each class, on blind checks."""
    from models.evidence.accuracy import macro_recall

    rows = evidence.uniform
    if rows.sum() < CHECKS:
        return
    names = session.store.classes.names()
    st.subheader("Each class")
    macro = macro_recall(evidence.hits[rows], evidence.labels[rows])
    text = (
        "The share of each class’s blind checks that the model got right, with its 95% interval: "
        "wide if there are few checks."
    )
    if macro is not None:
        text += (
            f" With equal weight for each class: **{macro.mean:.0%}**, between {macro.low:.0%} and "
            f"{macro.high:.0%}."
        )
    st.markdown(text)
    table = class_table(evidence, names)
    wide, _ = st.columns([3, 1])
    with wide:
        draw(class_ranges(table), "accuracy per class", table, height=60 + 28 * len(table))
