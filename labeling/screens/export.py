"""The Export screen: take the labels with you."""

import shlex
from contextlib import nullcontext

import pandas as pd
import streamlit as st

from labeling.errors import HoneError
from labeling.exchange.exports import as_download
from labeling.exchange.formats import FORMATS
from labeling.loop.session import Session
from labeling.project.snapshots import as_of
from labeling.report.html import report
from labeling.screens.history import chosen_moment
from labeling.screens.shell import annotator, show_table
from labeling.store import Moment
from labeling.store.log import EXPORTED
from labeling.wording import plain

PREVIEW_ROWS = 8


def show(session: Session) -> None:
    """Show what can be exported, and a download for each format."""
    st.subheader("Export")
    labels = [answer for answer in session.labels().values() if answer.kind == "label"]
    if not labels:
        st.info(
            f"There is no label to export yet. Label a few {session.project.medium.many} first.",
            icon=":material/label:",
        )
    offered = format_options()
    chosen = st.radio(
        "Format",
        list(offered),
        format_func=lambda name: FORMATS[name].title,
        captions=list(offered.values()),
    )
    moment = _moment(session)
    hidden = st.toggle(
        "Replace the names of people",
        help="They become annotator-1, annotator-2, …, in the order of their first answers: the "
        "same in every export of this project.",
    )
    # The file is written on request, so that it holds the newest answers.
    if st.button("Prepare", type="primary", icon=":material/inventory_2:"):
        _offer(session, chosen, moment, pseudonyms=hidden)
    _report(session)
    _preview(session)
    pool = shlex.quote(str(session.project.source.location))
    command = f"python -m labeling export folders --pool {pool} --to PATH --link"
    st.caption("For large pools, or links instead of copies:")
    st.code(command, language=None, wrap_lines=True)


def format_options() -> dict[str, str]:
    """Each format that can be downloaded, with what it holds."""
    return {name: one.words for name, one in FORMATS.items() if not one.on_disk}


def _moment(session: Session) -> Moment | None:
    """The moment to export; None for now."""
    if not st.toggle("As it was at an earlier moment"):
        return None
    return chosen_moment(session, "export")[0]


def _offer(session: Session, chosen: str, moment: Moment | None, *, pseudonyms: bool) -> None:
    project = session.project
    with st.spinner("Writing …"):
        try:
            with nullcontext(project) if moment is None else as_of(project, moment) as then:
                file = as_download(then, chosen, pseudonyms=pseudonyms)
            project.store.log.add(annotator(session), EXPORTED, file.name)
        except HoneError as error:
            st.error(plain(error), icon=":material/error:")
            return
    st.download_button(
        f"Download {plain(file.name)} ({file.stat().st_size / 1e6:.1f} MB)",
        file.open("rb"),
        file_name=file.name,
        mime=FORMATS[chosen].media_type,
        icon=":material/download:",
        on_click="ignore",
    )


def _report(session: Session) -> None:
    st.subheader("Report")
    st.caption(
        "One HTML file that opens without Hone: data, pretrained model, accuracy with its "
        "interval, learning curve, classes, certificates, versions."
    )
    if st.button("Write the report", icon=":material/summarize:"):
        with st.spinner("Measuring …"):
            text = report(session)
        st.download_button(
            f"Download report.html ({len(text) / 1e3:.0f} kB)",
            text,
            file_name="report.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
        )


def _preview(session: Session) -> None:
    answers = session.store.answers.standing()[-PREVIEW_ROWS:][::-1]
    if not answers:
        return
    names = session.store.classes.names()
    samples = session.store.samples.many([answer.sample_id for answer in answers])
    st.subheader("The newest answers")
    show_table(
        pd.DataFrame(
            {
                "path": ", ".join(samples[answer.sample_id].paths),
                "answer": names.get(answer.class_id or -1, answer.kind),
                "annotator": answer.annotator,
                "source": answer.source,
                "guess": names.get(answer.predicted_class or -1, ""),
                "confidence": answer.predicted_confidence,
                "seconds": answer.seconds,
                "round": answer.round_id,
            }
            for answer in answers
        ).round({"confidence": 2}),
        column_config={
            "confidence": st.column_config.NumberColumn(format="percent"),
            "seconds": st.column_config.NumberColumn(format="%.1f"),
        },
    )
