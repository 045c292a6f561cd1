"""Screens with several views on one model: the chosen view, and the model's evidence."""

from collections.abc import Container, Sequence

import streamlit as st

from labeling.evidence.gathering import Evidence
from labeling.loop.session import Session
from labeling.screens.shell import free_keys
from labeling.screens.waiting import missing
from labeling.wording import plain

REFRESH_SECONDS = 1
# The same keys as on the board, but Streamlit keeps two letters for itself.
KEYS = [None if key in "rc" else key for key in "1234567890qwertyiopasdfghjklxcvbnm"]


def choose(session: Session, views: Sequence[str]) -> tuple[str, Evidence] | None:
    """The chosen view with its evidence; without evidence None, and a message on screen."""
    session.ingest.look()
    evidence = session.figures.evidence()
    if evidence is None:
        st.fragment(_wait, run_every=REFRESH_SECONDS)(session)
        return None
    free_keys()
    view = st.segmented_control(
        "View", views, default=views[0], required=True, label_visibility="collapsed"
    )
    return view, evidence


def _wait(session: Session) -> None:
    if session.figures.evidence() is not None:
        st.rerun()
    reason = missing(session)
    if reason.error:
        st.error(plain(reason.text), icon=":material/error:")
    else:
        icon = ":material/hourglass_top:" if reason.passes else ":material/label:"
        st.info(reason.text, icon=icon)


def class_buttons(
    session: Session, key: str, primary: Container[int | None], without: int | None = None
) -> int | None:
    """A button for each class, with the key of its place; returns the id of the pressed one.

    The classes in `primary` stand out; the class `without` gets no button.
    """
    chosen = None
    for place, one in enumerate(session.store.classes.all()):
        if one.id != without and st.button(
            plain(one.name),
            key=f"{key}-{one.id}",
            type="primary" if one.id in primary else "secondary",
            shortcut=KEYS[place] if place < len(KEYS) else None,
        ):
            chosen = one.id
    return chosen
