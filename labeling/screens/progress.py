"""The Progress screen: the number of labels, the quality of the guesses, and the speed.

An annotator sees only their own share: others' answers would influence their next answer.
"""

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from labeling.errors import HoneError
from labeling.evidence import progress
from labeling.loop.session import Session
from labeling.screens import goals
from labeling.screens.accuracy import how_good
from labeling.screens.charts import draw
from labeling.screens.shell import annotator, refreshed, visitor
from labeling.store import Answer, Role
from labeling.wording import plain

REFRESH_SECONDS = 3


def show(session: Session) -> None:
    """Show the figures, kept up to date while others label."""
    found = visitor(session)
    if found is None or found.role < Role.REVIEWER:
        refreshed(session, _own, REFRESH_SECONDS, Role.ANNOTATOR)
        return
    refreshed(session, _figures, REFRESH_SECONDS, Role.REVIEWER)
    _rounds(session, may_restore=found.role >= Role.OWNER)


def _own(session: Session) -> None:
    """What one annotator has done, and how fast."""
    answers = session.store.answers.all(annotator(session))
    counts = progress.labels_per_class(answers, session.store.classes.all(archived=True))
    status, speed = session.status(), progress.pace(answers)
    yours, team, pace = st.columns(3)
    yours.metric("Your labels", f"{sum(counts.values()):,}")
    team.metric("The whole team", f"{status.labels:,} of {status.total:,}")
    pace.metric("Your labels a minute", f"{speed.recent:.0f}" if speed.recent else "–")
    goals.own(session, sum(counts.values()))
    left, right = st.columns(2, gap="large")
    with left:
        _agreement(answers)
    with right:
        _seconds(answers)


def _figures(session: Session) -> None:
    answers = session.store.answers.all()
    if not any(answer.kind == "label" for answer in answers):
        st.info(
            "There is no label yet. Label a few images of each class under **Label**; "
            "the model starts to guess once two classes have one.",
            icon=":material/label:",
        )
        return
    _headline(session, answers)
    goals.team(session)
    left, right = st.columns(2, gap="large")
    with left:
        _agreement(answers)
    with right:
        _classes(session)
    with left:
        _seconds(answers)
    with right:
        _round_times(session)


def _headline(session: Session, answers: list[Answer]) -> None:
    status = session.status()
    accuracy, audit = st.columns([3, 4], vertical_alignment="center")
    with accuracy:
        labeled, agreeing, pace = st.columns(3)
        labeled.metric("Labeled", f"{status.labels:,} of {status.total:,}")
        rolling = progress.prelabel_agreement(answers).rolling
        lately = min(len(rolling), progress.WINDOW) or progress.WINDOW
        share = f"{rolling[-1]:.0%}" if len(rolling) else "–"
        agreeing.metric(f"Guesses right, last {lately}", share)
        speed = progress.pace(answers).recent
        pace.metric("Labels a minute", f"{speed:.0f}" if speed else "–")
    with audit:
        evidence = session.figures.evidence()
        if evidence is not None:
            how_good(session, evidence)


def _agreement(answers: list[Answer]) -> None:
    st.subheader("Guesses that turned out right")
    agreement = progress.prelabel_agreement(answers)
    if not len(agreement.matches):
        st.caption("No image with a guess has been labeled yet.")
        return
    st.caption(
        "The share of the last 20 guesses that were the same as the answer. The images are chosen "
        "because they are hard, so this is lower than the accuracy on all images."
    )
    table = pd.DataFrame(
        {"guess": np.arange(1, len(agreement.rolling) + 1), "share": agreement.rolling}
    )
    draw(
        alt.Chart(table)
        .mark_line(interpolate="monotone", strokeWidth=2.5)
        .encode(
            x=alt.X("guess", title="guesses, in order", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("share", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")),
            tooltip=["guess", alt.Tooltip("share", format=".0%")],
        ),
        "guesses right",
        table,
    )


def _classes(session: Session) -> None:
    st.subheader("Labels per class")
    st.caption("The model is weakest at classes with few labels.")
    counts = progress.labels_per_class(session.labels().values(), session.store.classes.all())
    names = session.store.classes.names()
    table = pd.DataFrame({"class": [names[key] for key in counts], "labels": list(counts.values())})
    bars = alt.Chart(table).encode(
        y=alt.Y("class", sort=None, title=None, axis=alt.Axis(labelLimit=160)),
        x=alt.X("labels", title="labels", axis=alt.Axis(tickMinStep=1)),
        tooltip=["class", "labels"],
    )
    text = bars.mark_text(align="left", dx=4, color="#888").encode(text="labels")
    draw(bars.mark_bar(cornerRadiusEnd=3) + text, "labels per class", table)


def _seconds(answers: list[Answer]) -> None:
    st.subheader("Time per label")
    seconds = progress.seconds_per_label(answers)
    if seconds.median is None:
        st.caption("No image has been labeled one by one yet.")
        return
    st.caption(f"Seconds on screen, median of the last 20; {seconds.median:.1f} s over all.")
    table = pd.DataFrame(
        {"label": np.arange(1, len(seconds.rolling) + 1), "seconds": seconds.rolling}
    )
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
    st.caption("From an answer to a new ranking of all images, by stage.")
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
    st.dataframe(
        table.round({"mean confidence": 2}),
        hide_index=True,
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
