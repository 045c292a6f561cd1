"""The Review screen: labels that need a second look, and classes that the model mixes up."""

from functools import partial

import altair as alt
import pandas as pd
import streamlit as st

from labeling.errors import HoneError
from labeling.evidence import progress, suspects
from labeling.evidence.gathering import CHECKS, Evidence
from labeling.evidence.heat_map import evidence_picture
from labeling.loop.decisions import decide
from labeling.loop.session import Session
from labeling.screens import adjudicate, confusion
from labeling.screens.charts import draw
from labeling.screens.pictures import picture, strip
from labeling.screens.shell import annotator, attempt
from labeling.screens.views import choose, class_buttons
from labeling.screens.waiting import until_checked
from labeling.wording import chance, plain, points
from models.evidence.anchoring import Anchoring

VIEWS = ("Suspected errors", "Confusion", "Calibration", "Habits")
WHY = "why_is_shown"
NEXT = 12  # of the suspects that come after the first
ALIKE = 72  # pixels; four in a row on a phone


def show(session: Session) -> None:
    """Show one of the views once there is a model, but the team's open decisions first."""
    if adjudicate.show(session):
        return
    chosen = choose(session, VIEWS)
    if chosen is None:
        return
    view, evidence = chosen
    names = session.store.classes.names()
    if view == "Confusion":
        confusion.show(session, evidence, names)
    elif view == "Calibration":
        _calibration(session, evidence)
    elif view == "Habits":
        _habits(session)
    else:
        _suspects(session, evidence, names)


def _suspects(session: Session, evidence: Evidence, names: dict[int, str]) -> None:
    found = session.figures.suspects(evidence)
    if not found:
        _no_suspects(session, len(evidence.rows))
        return
    first = found[0]
    st.caption(
        f"{len(found)} labels are contradicted by all others, the least likely first. "
        "Nothing changes until you decide."
    )
    image, facts = st.columns([2, 3], gap="large")
    with image:
        _look(session, first, names)
    with facts:
        given, predicted = plain(names[first.given]), plain(names[first.predicted])
        st.markdown(
            f"Labeled **{given}**; the other labels suggest **{predicted}** and give this label a "
            f"chance of {chance(first.likelihood)}."
        )
        _decide(session, first, names)
        _alike(session, evidence, first, names)
    if found[1:]:
        st.caption("Next")
        rest = found[1 : 1 + NEXT]
        captions = [f"{names[one.given]}, or {names[one.predicted]}?" for one in rest]
        strip(session, [one.sample_id for one in rest], captions, 88)


def _alike(
    session: Session, evidence: Evidence, suspect: suspects.Suspect, names: dict[int, str]
) -> None:
    """A row for each likely class: its labeled images that look most similar."""
    st.caption("The most similar labeled images of each likely class, with their similarity")
    assert session.round is not None  # there is evidence
    for one in suspects.alike(session.round, evidence, suspect):
        given = ", as labeled" if one.class_id == suspect.given else ""
        with st.container(gap="xxsmall"):
            st.markdown(f"**{plain(names[one.class_id])}**{given}: chance {chance(one.chance)}")
            if not one.samples:
                st.caption("No other image has this label.")
            strip(
                session,
                [key for key, _ in one.samples],
                [f"{max(0.0, value):.0%}" for _, value in one.samples],
                ALIKE,
            )


def _no_suspects(session: Session, seen: int) -> None:
    """Why no label is suspected: too few labels, too few of them read, or no contradiction."""
    labels = session.status().labels
    if seen >= suspects.FEWEST:
        st.success("No label is contradicted by the others.", icon=":material/task_alt:")
    elif labels >= suspects.FEWEST:
        st.info(
            f"The model has seen {seen} of {labels:,} labels so far; the other images "
            "are still being read.",
            icon=":material/hourglass_top:",
        )
    else:
        st.info(
            f"Labels that the others contradict are shown after {suspects.FEWEST} labels; "
            f"{seen} so far.",
            icon=":material/label:",
        )


def _look(session: Session, suspect: suspects.Suspect, names: dict[int, str]) -> None:
    """The image, and below it the evidence for each of the two classes, on request."""
    picture(session, suspect.sample_id, 300, "view")
    st.button(
        "Hide why" if st.session_state.get(WHY) else "Why",
        key="why",
        shortcut="Space",
        icon=":material/lightbulb:",
        on_click=lambda: st.session_state.update({WHY: not st.session_state.get(WHY)}),
        help="Where in the image the model sees evidence for each of the two classes",
    )
    if st.session_state.get(WHY):
        _why(session, suspect, names)


def _why(session: Session, suspect: suspects.Suspect, names: dict[int, str]) -> None:
    """Where the model sees evidence for each of the two classes."""
    with st.container(horizontal=True, gap="small"):
        for class_id in (suspect.predicted, suspect.given):
            try:
                content = evidence_picture(
                    session.project,
                    session.round,
                    session.ingest.device,
                    suspect.sample_id,
                    class_id,
                )
            except HoneError as error:
                st.caption(plain(error))
                return
            name = plain(names[class_id])
            alt = f"heat map of the evidence for {name}"
            st.image(content, caption=f"evidence for {name}", width=145, alt=alt)


def _decide(session: Session, suspect: suspects.Suspect, names: dict[int, str]) -> None:
    """A key for each class: the given one confirms the label, any other corrects it."""
    with st.container(horizontal=True, gap="small"):
        keep = st.button(
            f"Keep {plain(names[suspect.given])}",
            shortcut="Enter",
            icon=":material/check:",
            key="keep",
        )
        other = class_buttons(session, "fix", {suspect.predicted}, without=suspect.given)
    chosen = suspect.given if keep else other
    if chosen is not None:
        attempt(partial(_mend, session, suspect.sample_id, chosen), again=True)


def _mend(session: Session, sample_id: str, class_id: int) -> None:
    decide(session, annotator(session), sample_id, class_id)
    session.worker.wait(2.0)  # the next round decides which label is doubted next


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


def _habits(session: Session) -> None:
    answers = session.store.answers.all()
    anchor, pace = st.columns(2, gap="large")
    with anchor:
        st.subheader("Do shown guesses influence the answers?")
        _anchoring(progress.sway(answers), progress.unchanged(answers))
    with pace:
        st.subheader("Pace")
        speed, seconds = progress.pace(answers), progress.seconds_per_label(answers)
        now, overall, median = st.columns(3)
        now.metric("Labels a minute, latest", f"{speed.recent:.0f}" if speed.recent else "–")
        overall.metric("Labels a minute, all", f"{speed.overall:.0f}" if speed.overall else "–")
        median.metric("Seconds a label", f"{seconds.median:.1f}" if seconds.median else "–")
        st.caption(f"{speed.active_seconds / 60:.0f} minutes of labeling in all.")


def _anchoring(found: Anchoring | None, kept: progress.Tally) -> None:
    if kept.total:
        st.markdown(
            f"Of {kept.total} shown guesses, **{kept.agreed / kept.total:.0%}** were accepted "
            "unchanged."
        )
    if found is None:
        st.caption("Their influence on the answers is shown after 30 shown and 10 hidden guesses.")
        return
    difference = round(100 * abs(found.effect))
    often = f"{difference} points {'more' if found.effect > 0 else 'less'} often than with"
    text = (
        f"At equal confidence, people agree with shown guesses "
        f"**{often if difference else 'as often as with'}** hidden ones (95% interval of the "
        f"difference {points(found.low)} to {points(found.high)}). Regardless of confidence, they "
        f"agreed with {found.shown:.0%} of {found.shown_count} shown and {found.hidden:.0%} of "
        f"{found.hidden_count} hidden guesses."
    )
    if found.detected:
        st.warning(
            text
            + " That is more than chance: the guesses influence the answers. Look twice before you "
            "accept one, or take more blind checks under Setup.",
            icon=":material/anchor:",
        )
    else:
        st.info(text + " No influence is visible.", icon=":material/balance:")
