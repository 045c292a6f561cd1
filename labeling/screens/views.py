"""The evidence that the views on a model share, and the wait for it."""

from contextlib import nullcontext

import streamlit as st

from labeling.evidence.gathering import Evidence
from labeling.loop.session import Session
from labeling.screens.waiting import missing
from labeling.wording import plain

REFRESH_SECONDS = 1


def evidence(session: Session) -> Evidence | None:
    """The model's evidence; without it None, and a message that waits for it on screen."""
    session.ingest.look()
    found = checked(session)
    if found is None:
        st.fragment(_wait, run_every=REFRESH_SECONDS)(session)
    return found


def checked(session: Session) -> Evidence | None:
    """The evidence; a visitor's first look at it, seconds with many classes, shows a spinner."""
    first = not st.session_state.get("has_seen_evidence")  # later ones would move what is read
    with st.spinner("Hone is checking the model on your labels …") if first else nullcontext():
        found = session.figures.evidence()
    st.session_state["has_seen_evidence"] = found is not None
    return found


def _wait(session: Session) -> None:
    if session.figures.evidence() is not None:
        st.rerun()
    reason = missing(session)
    if reason.error:
        st.error(plain(reason.text), icon=":material/error:")
    else:
        icon = ":material/hourglass_top:" if reason.passes else ":material/label:"
        st.info(reason.text, icon=icon)
