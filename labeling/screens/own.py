"""Own share: what one annotator has done. Figures of others would influence the next answer."""

import streamlit as st

from labeling.evidence import progress
from labeling.loop.session import Session
from labeling.screens import goals
from labeling.screens.rounds import agreement, seconds
from labeling.screens.shell import annotator


def show(session: Session) -> None:
    """What one annotator has done, and how fast."""
    answers = session.store.answers.all(annotator(session))
    counts = progress.labels_per_class(answers, session.store.classes.all(archived=True))
    status, speed = session.status(), progress.pace(answers)
    yours, team, pace = st.columns(3)
    yours.metric("Your labels", f"{sum(counts.values()):,}")
    team.metric("The whole team", f"{status.labels:,} of {status.total:,}")
    pace.metric(
        f"Your labels a minute, latest {progress.WINDOW}",
        f"{speed.recent:.0f}" if speed.recent else "–",
    )
    goals.own(session, sum(counts.values()))
    left, right = st.columns(2, gap="large")
    with left:
        agreement(answers)
    with right:
        seconds(answers)
