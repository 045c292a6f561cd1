"""Rounds: how often guesses were right, how long a label and a round take, and earlier models."""

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from labeling.errors import HoneError
from labeling.evidence import progress
from labeling.loop.session import Session
from labeling.screens.charts import draw
from labeling.screens.shell import refreshed, show_table, visitor
from labeling.store import Answer, Role
from labeling.wording import plain

REFRESH_SECONDS = 3


def show(session: Session) -> None:
    """Show the figures, kept up to date while people label, and all rounds."""
    found = visitor(session)
    refreshed(session, _figures, REFRESH_SECONDS, Role.REVIEWER)
    _rounds(session, may_restore=found is not None and found.role >= Role.OWNER)


def _figures(session: Session) -> None:
    answers = session.store.answers.all()
    left, right = st.columns(2, gap="large")
    with left:
        agreement(answers)
        seconds(answers)
    with right:
        _round_times(session)


def agreement(answers: list[Answer]) -> None:
    """How often a guess and the answer to it were the same, lately."""
    st.subheader("Guesses that turned out right")
    found = progress.prelabel_agreement(answers)
    if not len(found.matches):
        st.caption("Nothing with a guess has been labeled yet.")
        return
    st.caption(
        "The share of the last 20 guesses that were the same as the answer. They are chosen "
        "because they are hard, so this is lower than the accuracy on all."
    )
    table = pd.DataFrame({"guess": np.arange(1, len(found.rolling) + 1), "share": found.rolling})
    draw(
        alt.Chart(table)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("guess", title="guesses, in order", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("share", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            tooltip=["guess", alt.Tooltip("share", format=".0%")],
        ),
        "guesses right",
        table,
    )


def seconds(answers: list[Answer]) -> None:
    """How long a person looks at a sample, lately."""
    st.subheader("Time per label")
    found = progress.seconds_per_label(answers)
    if found.median is None:
        st.caption("Nothing has been labeled one by one yet.")
        return
    st.caption(f"Seconds on screen, median of the last 20; {found.median:.1f} s over all.")
    table = pd.DataFrame({"label": np.arange(1, len(found.rolling) + 1), "seconds": found.rolling})
    draw(
        alt.Chart(table)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("label", title="labels, in order", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("seconds", title=None, scale=alt.Scale(zero=True)),
            tooltip=["label", alt.Tooltip("seconds", format=".1f")],
        ),
        "time per label",
        table,
    )


def _round_times(session: Session) -> None:
    st.subheader("Time per round")
    rows = progress.rounds_table(session.store.rounds.all())
    if not rows:
        st.caption("No round is finished yet; the first needs labels of two classes.")
        return
    st.caption("From an answer to a new ranking of all, by stage.")
    table = pd.DataFrame(
        {"round": row.id, "stage": stage, "ms": value}
        for row in rows
        for stage, value in (("fit", row.fit_ms), ("score", row.score_ms), ("rank", row.rank_ms))
        if value is not None
    )
    draw(
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=alt.X("round:O", title="round", axis=alt.Axis(labelOverlap=True, labelAngle=0)),
            y=alt.Y("ms", title="milliseconds"),
            color=alt.Color(
                "stage", sort=["fit", "score", "rank"], legend=alt.Legend(orient="top")
            ),
            tooltip=["round", "stage", alt.Tooltip("ms", format=".0f")],
        ),
        "time per round",
        table,
    )


def _rounds(session: Session, *, may_restore: bool) -> None:
    """Every round, and the way back to an earlier one."""
    rows = progress.rounds_table(session.store.rounds.all())
    if not rows:
        return
    st.subheader("Rounds")
    agreement = progress.prelabel_agreement(session.store.answers.all()).rounds
    tallies = {key: f"{tally.agreed} of {tally.total}" for key, tally in agreement.items()}
    table = pd.DataFrame(
        {
            "round": row.id,
            "finished": pd.Timestamp(row.at, unit="s", tz="UTC"),
            "labels": row.labels,
            "classes": row.classes,
            "guesses right": tallies.get(row.id, ""),
            "mean confidence": row.mean_confidence,
            "milliseconds": row.total_ms,
        }
        for row in reversed(rows)
    )
    show_table(
        table.round({"mean confidence": 2}),
        height=260,
        column_config={
            "finished": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss"),
            "mean confidence": st.column_config.NumberColumn(format="percent"),
            "milliseconds": st.column_config.NumberColumn(format="%.0f"),
        },
    )
    if may_restore:
        _restore(session, [row.id for row in reversed(rows)])


def _restore(session: Session, round_ids: list[int]) -> None:
    pinned = session.project.settings().pinned_round
    if pinned is not None:
        st.warning(
            f"Round {pinned} is restored: its guesses are shown, and new answers do not train the "
            "model.",
            icon=":material/push_pin:",
        )
        if st.button("Train again with all answers", icon=":material/play_arrow:"):
            session.resume()
            st.rerun()
        return
    choice, action = st.columns([1, 3], vertical_alignment="bottom")
    chosen = choice.selectbox("Bring back the model of round", round_ids)
    if action.button("Restore", icon=":material/history:"):
        try:
            session.restore(chosen)
        except HoneError as error:
            st.error(plain(error))
        else:
            st.rerun()
