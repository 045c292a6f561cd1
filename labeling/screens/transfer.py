"""The part of the Model screen on whether the pretrained model helps and still fits."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from labeling.evidence.gathering import Evidence
from labeling.evidence.transfer import Transfer, added_shift, transfer
from labeling.loop.session import Session
from labeling.screens.shell import show_table
from labeling.wording import points
from models.encoders.families import FAMILIES

if TYPE_CHECKING:  # torch, which is slow to import
    from models.evidence.transfer import Gain


def show(session: Session, evidence: Evidence) -> None:
    """Compare on request, as it takes some seconds; the last comparison stays on screen."""
    plain = FAMILIES[session.project.source.medium].plain_words
    st.subheader("Does the pretrained model help?")
    st.markdown(
        f"The same labels with the pretrained model’s features, with {plain}, and with the same "
        "architecture with random weights. This shows the value of the pretrained weights on "
        f"these {session.project.medium.many}."
    )
    key = f"transfer-{session.project.key}"
    if st.button("Compare", icon=":material/balance:"):
        with st.spinner("Preparing what is labeled with random weights …"):
            assert session.round is not None  # there is evidence
            device = session.ingest.device
            found = transfer(session.project, session.round, evidence, device)
        if found is None:
            from models.evidence.transfer import FEWEST_LABELS

            st.info(f"Compared once there are {FEWEST_LABELS} labels of two classes.")
        st.session_state[key] = found
    if isinstance(found := st.session_state.get(key), Transfer):
        _gain(plain, found.plain)
        _gain("random weights", found.random)
        _table(found, plain)
    _shift(session, evidence)


def _gain(what: str, gain: "Gain") -> None:
    half = 100 * (gain.gain.high - gain.gain.low) / 2
    text = f"Transfer gain over {what}: **{points(gain.gain.mean)} ± {half:.0f} points**."
    if gain.negative:
        st.warning(
            f"{text} Negative transfer: {what} are better. Choose another pretrained model, or "
            "features of an earlier block, under Setup.",
            icon=":material/trending_down:",
        )
    elif gain.none:
        st.info(
            f"{text} The gain of the pretrained model is not more than chance.",
            icon=":material/drag_handle:",
        )
    else:
        st.success(text, icon=":material/trending_up:")


def _table(found: Transfer, plain: str) -> None:
    where = "blind checks" if found.plain.uniform else "labels that were chosen as hard ones"
    st.caption(f"Leave-one-out accuracy on {found.plain.rows} {where}.")
    show_table(
        pd.DataFrame(
            {
                "features": ["pretrained model", plain, "random weights"],
                "accuracy": [
                    100 * share
                    for share in (found.plain.ours, found.plain.theirs, found.random.theirs)
                ],
            }
        ),
        width=360,
        column_config={"accuracy": st.column_config.NumberColumn(format="%.0f%%")},
    )


def _shift(session: Session, evidence: Evidence) -> None:
    st.subheader(f"Does the model fit the new {session.project.medium.many}?")
    assert session.round is not None
    found = added_shift(session.project, session.round, evidence)
    if found is None:
        st.caption(
            "Add more under Setup: from 20 new ones, they are compared with those that the "
            "model has learned from."
        )
        return
    text = (
        f"{found.added:,} were added last. Given one of them and a known one, a classifier "
        f"finds the new one in **{found.auc:.0%}** of cases ({found.low:.0%} to {found.high:.0%}; "
        f"50% is chance, AUC), and **{found.outside:,}** of them are unlike everything that the "
        "model has seen."
    )
    if found.warned:
        st.warning(
            text + " They are of a different kind: label some before you trust the guesses.",
            icon=":material/warning:",
        )
    else:
        st.info(text, icon=":material/check:")
