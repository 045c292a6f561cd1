"""The Model screen: how good it is, whether that is enough, and what to do next."""

import altair as alt
import pandas as pd
import streamlit as st

from labeling.evidence.gathering import CHECKS, Evidence, pool_accuracy
from labeling.evidence.weakest import ClassFacts, class_facts, to_teach
from labeling.loop.session import Session
from labeling.screens import certificates, curve, goals, own, transfer, views
from labeling.screens.charts import draw
from labeling.screens.index import screen
from labeling.screens.pictures import strip
from labeling.screens.shell import refreshed, show_table, visitor
from labeling.screens.waiting import until_checked
from labeling.store import Role
from labeling.wording import amount, plain

OVERVIEW, DETAILS = "Overview", "Details"
VIEWS = (OVERVIEW, "Certify", "Accept", "Pretrained model", DETAILS)
PARTS = ("Confusion", "Calibration", "Habits", "Agreement", "Rounds")
REFRESH_SECONDS = 3
WEAKEST = 3  # classes to teach next
TO_TEACH = 8  # images of each


def show(session: Session) -> None:
    """Show one of the views; an annotator sees only the own share."""
    found = visitor(session)
    if found is None or found.role < Role.REVIEWER:
        refreshed(session, own.show, REFRESH_SECONDS, Role.ANNOTATOR)
        return
    view = st.segmented_control(
        "View", VIEWS, default=OVERVIEW, required=True, label_visibility="collapsed"
    )
    if view == OVERVIEW:
        _overview(session)
    elif view == DETAILS:
        _details(session)
    elif (evidence := views.evidence(session)) is None:
        return
    elif view == "Certify":
        certificates.certify(session, evidence)
    elif view == "Accept":
        certificates.accept_many(session, evidence)
    else:
        transfer.show(session, evidence)


def _overview(session: Session) -> None:
    st.subheader("How good is it?")
    refreshed(session, _how_good, REFRESH_SECONDS, Role.REVIEWER)
    evidence = views.evidence(session)
    if evidence is not None:
        st.subheader("Is it enough?")
        curve.show(session, evidence)
        _next(session, evidence)
    goals.team(session)


def _details(session: Session) -> None:
    consensus = session.current.consensus
    is_team = consensus.overlap.share > 0 or bool(consensus.all())
    part = st.segmented_control(
        "Part",
        [name for name in PARTS if is_team or name != "Agreement"],
        default=PARTS[0],
        required=True,
        label_visibility="collapsed",
    )
    screen(part.lower()).show(session)


# -- how good ----------------------------------------------------------------------------------


def _how_good(session: Session) -> None:
    """The one trustworthy figure as a number, a bar and a sentence, or why it is missing."""
    status, medium = session.status(), session.project.medium
    st.caption(f"{status.labels:,} of {medium.amount(status.total)} labeled.")
    evidence = views.checked(session)
    if evidence is None:
        return
    if len(evidence.open_rows) == 0:
        st.info(
            f"Every {medium.one} has an answer: nothing is left to guess.",
            icon=":material/task_alt:",
        )
        return
    measured = pool_accuracy(evidence)
    if measured is None:
        st.info(
            f"How good the model is on your {medium.many} is shown "
            + until_checked(session, int(evidence.uniform.sum()), CHECKS),
            icon=":material/visibility_off:",
        )
        return
    what = (
        amount(measured.measured, "blind check")
        if measured.method == "audits"
        else f"{measured.measured} labels, each weighted by its chance of being asked"
    )
    number, facts = st.columns([1, 4], vertical_alignment="center")
    number.metric(f"right, of the {medium.many} without a label", f"{measured.value:.0%}")
    with facts:
        st.altair_chart(_bar(measured.value, measured.low, measured.high), width="stretch")
        st.markdown(
            f"Of {medium.amount(len(evidence.open_rows))} without a label, the present model "
            f"gets about **{measured.value:.0%}** right: between **{measured.low:.0%} and "
            f"{measured.high:.0%}** with 95% confidence. Measured on {what}, each predicted by a "
            "model that had not seen it, and corrected for the model’s confidence in the rest and "
            "for later labels."
        )


def _bar(value: float, low: float, high: float) -> alt.LayerChart:
    """The share as a bar from 0 to 100 %, with its interval."""
    table = pd.DataFrame({"zero": [0.0], "value": [value], "low": [low], "high": [high]})
    percent = alt.Axis(format="%", tickCount=5, title=None, grid=False)
    base = alt.Chart(table, height=34).encode(
        tooltip=[alt.Tooltip(name, format=".0%") for name in ("value", "low", "high")]
    )
    share = alt.Scale(domain=[0, 1])
    done = base.mark_bar(size=14, cornerRadiusEnd=3).encode(
        x=alt.X("zero:Q", scale=share, axis=percent), x2="value:Q"
    )
    interval = base.mark_rule(strokeWidth=3, color="#d0743c").encode(
        x=alt.X("low:Q", scale=share), x2="high:Q"
    )
    chart: alt.LayerChart = done + interval
    return chart


# -- what next ---------------------------------------------------------------------------------


def _next(session: Session, evidence: Evidence) -> None:
    classes, names = session.store.classes.all(), session.store.classes.names()
    facts = class_facts(evidence, session.queue.predicted_counts(), [one.id for one in classes])
    st.subheader("What next?")
    st.caption(
        "The weakest classes come first. Label what is shown, or look at a class in the Grid."
    )
    round_ = session.round
    assert round_ is not None  # there is evidence
    for one in [one for one in facts if one.guessed][:WEAKEST]:
        st.markdown(f"**{plain(names[one.class_id])}**: {_sentence(one, names)}")
        ids = to_teach(round_, evidence, one.class_id, TO_TEACH)
        strip(session, ids, [""] * len(ids), 72)
    st.subheader("Each class")
    table = _table(facts, names)
    _class_table(table)


def _sentence(one: ClassFacts, names: dict[int, str]) -> str:
    """What is known of a class."""
    found = (
        f"found in {one.right} of {amount(one.checks, 'blind check')}"
        if one.checks
        else f"no blind check yet; {one.labels - one.mistaken} of {amount(one.labels, 'label')} "
        "were predicted"
    )
    mixed = "" if one.mostly is None else f", mostly mistaken for {plain(names[one.mostly])}"
    return f"{found}{mixed}. The model calls {one.guessed:,} more so."


def _table(facts: list[ClassFacts], names: dict[int, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "class": names[one.class_id],
            "found": one.right / one.checks if one.checks else None,
            "blind checks": f"{one.right} of {one.checks}" if one.checks else "none yet",
            "95% interval": ""
            if one.low is None or one.high is None
            else f"{one.low:.0%} to {one.high:.0%}",
            "mostly mistaken for": "" if one.mostly is None else names[one.mostly],
            "labels": one.labels,
            "guesses": one.guessed,
        }
        for one in facts
    )


def _class_table(table: pd.DataFrame) -> None:
    show_table(
        table,
        column_config={
            "found": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
        },
    )
    bars = alt.Chart(table).encode(
        y=alt.Y("class:N", sort=None, title=None, axis=alt.Axis(labelLimit=220)),
        x=alt.X("labels:Q", title="labels", axis=alt.Axis(tickMinStep=1)),
        tooltip=["class", "labels"],
    )
    text = bars.mark_text(align="left", dx=4, color="#888").encode(text="labels:Q")
    with st.expander("Labels per class"):
        chart: alt.LayerChart = bars.mark_bar(cornerRadiusEnd=3) + text
        draw(chart, "labels per class", table[["class", "labels"]], height=40 + 24 * len(table))
