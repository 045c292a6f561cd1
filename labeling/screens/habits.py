"""Habits: whether shown guesses influence the answers, and how fast people label."""

import streamlit as st

from labeling.evidence import progress
from labeling.loop.session import Session
from labeling.wording import points
from models.evidence.anchoring import Anchoring


def show(session: Session) -> None:
    """Show how guesses influence the answers, and the pace of labeling."""
    answers = session.store.answers.all()
    anchor, pace = st.columns(2, gap="large")
    with anchor:
        st.subheader("Do shown guesses influence the answers?")
        _anchoring(progress.sway(answers), progress.unchanged(answers))
    with pace:
        st.subheader("Pace")
        speed, seconds = progress.pace(answers), progress.seconds_per_label(answers)
        now, overall, median = st.columns(3)
        now.metric(
            f"Labels a minute, latest {progress.WINDOW}",
            f"{speed.recent:.0f}" if speed.recent else "–",
        )
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
