"""The history part of the Setup screen: changes to undo, going back, and the audit trail."""

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import streamlit as st

from labeling.loop.rewind import rewind, rewind_effect, undo
from labeling.loop.session import Session
from labeling.project.audit import Deed, as_csv, kinds, trail
from labeling.screens.shell import annotator, attempt, show_table
from labeling.store import Moment
from labeling.wording import amount, plain

SHOWN, MOST = 8, 300  # changes, and rows of the trail


def show(session: Session) -> None:
    """Changes that can be undone, a way back to any moment, and the audit trail."""
    st.subheader("History")
    changes(session)
    left, right = st.columns(2, gap="large")
    # Both read every answer, so they run only on request.
    with left:
        if st.toggle("Go back to a moment"):
            _go_back(session)
    with right:
        if st.toggle("Audit trail: who did what"):
            _trail(session)


def zone() -> ZoneInfo:
    """The time zone of the visitor's browser."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def chosen_moment(session: Session, key: str) -> tuple[Moment, str]:
    """The moment that a visitor picks, and its name in the log."""
    # Kept between reruns: a new default would take back something else.
    now = st.session_state.setdefault(f"{key}-begun", datetime.now(zone()))
    with st.container(horizontal=True):
        day = st.date_input("Day", now.date(), key=f"{key}-day", width=160)
        time = st.time_input("Time", now.time(), key=f"{key}-time", step=60, width=160)
    found = datetime.combine(day, time, zone())
    return session.store.history.at(found.timestamp()), f"{found:%Y-%m-%d %H:%M}"


def changes(session: Session, most: int = SHOWN) -> None:
    """The latest changes of the classes, newest first, each with its undo."""
    found = session.store.history.changes(most + 1)
    if not found:
        st.caption("Changes of the classes are listed here; each can be undone.")
        return
    for entry, why_not in found[:most]:
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "Undo",
                icon=":material/undo:",
                key=f"undo-{entry.id}",
                disabled=why_not is not None,
                help=why_not,
            ):
                attempt(partial(undo, session, entry.id, annotator(session)), again=True)
            when = datetime.fromtimestamp(entry.at, zone())
            text = f"{plain(entry.by or 'Hone')} {plain(entry.text)}"
            st.markdown(
                f"{text if entry.in_force else f'~~{text}~~'} :gray[{when:%Y-%m-%d %H\\:%M}]"
            )
    if most == SHOWN and len(found) > SHOWN:
        st.caption("Older ones are in the audit trail.")


def _go_back(session: Session) -> None:
    st.caption(
        "Answers, changes of classes and certificates after that moment will not count. "
        "Nothing is deleted, and you can undo this. To get only a copy of that moment, see "
        "**Export**."
    )
    moment, said = chosen_moment(session, "back")
    taken = session.store.history.taken(moment)
    st.info("  \n".join(map(plain, rewind_effect(taken).sentences)), icon=":material/visibility:")
    if st.button(
        f"Go back to {said}",
        type="primary",
        icon=":material/history:",
        key="go-back",
        disabled=not (taken.answers or taken.changes),
    ):
        attempt(lambda: rewind(session, moment, annotator(session), said), again=True)


def _trail(session: Session) -> None:
    deeds = trail(session.project)
    with st.container(horizontal=True):
        people = sorted({one.who for one in deeds if one.who})
        who = st.selectbox("Who", ["everybody", *people], width=200)
        what = st.selectbox("What", ["everything", *kinds(deeds)], width=200)
    wanted = [
        one for one in deeds if who in ("everybody", one.who) and what in ("everything", one.what)
    ]
    st.download_button(
        f"Download {amount(len(wanted), 'row')} as CSV",
        lambda: as_csv(wanted),
        file_name=f"{session.project.name}-audit.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    show_table(
        pd.DataFrame([_row(one) for one in reversed(wanted[-MOST:])]),
        column_config={"when": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss")},
    )
    if len(wanted) > MOST:
        st.caption(f"The newest {MOST}; the CSV has all of them.")


def _row(one: Deed) -> dict[str, object]:
    counts = {True: "yes", False: "no", None: ""}[one.counts]
    when = pd.Timestamp(one.at, unit="s", tz="UTC").tz_convert(str(zone()))
    return {"when": when, "who": one.who, "what": one.what, "detail": one.detail, "counts": counts}
