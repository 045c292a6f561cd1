"""Goals: the progress of each person and of the team."""

import pandas as pd
import streamlit as st

from labeling.loop.session import Session
from labeling.screens.shell import show_table


def team(session: Session) -> None:
    """The team's goal if there is one, and everybody's if there are several people."""
    settings, shares = session.project.settings(), session.store.answers.shares()
    status = session.status()
    if settings.goal_team:
        _bar("The team", status.labels, settings.goal_team)
    if len(shares) < 2 and not settings.goal_person:
        return
    st.subheader("People")
    rows = [
        {
            "who": name,
            "labels": share.labels,
            "of the goal": share.labels / settings.goal_person if settings.goal_person else None,
            "last answer": pd.Timestamp(share.last, unit="s", tz="UTC"),
        }
        for name, share in sorted(shares.items(), key=lambda item: -item[1].labels)
    ]
    table = pd.DataFrame(rows)
    if not settings.goal_person:
        del table["of the goal"]
    show_table(
        table,
        column_config={
            "of the goal": st.column_config.ProgressColumn(format="percent"),
            "last answer": st.column_config.DatetimeColumn(format="distance"),
        },
    )


def own(session: Session, labels: int) -> None:
    """The goals of one person and of the team."""
    settings = session.project.settings()
    if settings.goal_person:
        _bar("You", labels, settings.goal_person)
    if settings.goal_team:
        _bar("The team", session.status().labels, settings.goal_team)


def _bar(who: str, labels: int, goal: int) -> None:
    st.progress(min(1.0, labels / goal), f"{who}: {labels:,} of {goal:,} labels")
