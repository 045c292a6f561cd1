"""The evidence that the views on a model share, and the wait for it."""

import streamlit as st

from labeling.evidence.gathering import Evidence
from labeling.loop.session import Session
from labeling.screens.waiting import missing
from labeling.wording import plain

REFRESH_SECONDS = 1


def evidence(session: Session) -> Evidence | None:
    """The model's evidence; without it None, and a message that waits for it on screen."""
    session.ingest.look()
    found = session.figures.evidence()
    if found is None:
        st.fragment(_wait, run_every=REFRESH_SECONDS)(session)
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
