"""The Review screen: the board in review mode, and what is known about the labels."""

import streamlit as st

from labeling.loop.session import Session
from labeling.screens.index import screen
from labeling.screens.shell import board

DECIDE, AGREEMENT = "Decide", "Agreement"
PARTS = (DECIDE, "Confusion", "Calibration", "Habits", AGREEMENT)


def show(session: Session) -> None:
    """Show the board, or one of the other parts; agreement only where several people answer."""
    consensus = session.current.consensus
    is_team = consensus.overlap.share > 0 or bool(consensus.all())
    part = st.segmented_control(
        "Part",
        [name for name in PARTS if is_team or name != AGREEMENT],
        default=DECIDE,
        required=True,
        label_visibility="collapsed",
        key="review-part",
    )
    if part == DECIDE:
        board(session, "review")
    else:  # imported only now: the board must not wait for tables and plots
        screen(part.lower()).show(session)
