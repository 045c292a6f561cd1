"""The part of the Accuracy screen that asks whether the backbone helps, and still fits."""

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from labeling.figures import Evidence
from labeling.session import Session
from labeling.transfer import Transfer, added_shift, transfer

if TYPE_CHECKING:  # torch, which no screen waits for
    from models.transfer import Gain


def show(session: Session, evidence: Evidence) -> None:
    """Compare on demand, as it takes some seconds; the last comparison stays on screen."""
    st.subheader("Does the transfer help?")
    st.markdown(
        "The same labels on the backbone’s features, on plain pixels (16 × 16), and on the same "
        "architecture with random weights: what the pretrained weights are worth on these images."
    )
    key = f"transfer-{session.project.key}"
    if st.button("Compare", icon=":material/balance:"):
        with st.spinner("Embedding the labeled images by random weights …"):
            found = transfer(session, evidence)
        if found is None:
            from models.transfer import FEWEST_LABELS

            st.info(f"Compared from {FEWEST_LABELS} labels of two classes on.")
        st.session_state[key] = found
    if isinstance(found := st.session_state.get(key), Transfer):
        _gain("plain pixels", found.pixels)
        _gain("random weights", found.random)
        _table(found)
    _shift(session, evidence)


def _gain(what: str, gain: "Gain") -> None:
    half = 100 * (gain.gain.high - gain.gain.low) / 2
    text = f"Transfer gain over {what}: **{100 * gain.gain.mean:+.0f} ± {half:.0f} points**."
    if gain.negative:
        st.warning(
            f"{text} Negative transfer: {what} are better. Take another backbone under Setup.",
            icon=":material/trending_down:",
        )
    elif gain.none:
        st.info(
            f"{text} The backbone gains nothing here that could be told from chance.",
            icon=":material/drag_handle:",
        )
    else:
        st.success(text, icon=":material/trending_up:")


def _table(found: Transfer) -> None:
    where = "blind checks" if found.pixels.uniform else "labels, which were chosen for being hard"
    st.caption(f"Leave-one-out accuracy on {found.pixels.rows} {where}.")
    st.dataframe(
        pd.DataFrame(
            {
                "features": ["backbone", "16 × 16 pixels", "random weights"],
                "accuracy": [found.pixels.ours, found.pixels.theirs, found.random.theirs],
            }
        ),
        hide_index=True,
        width=360,
        column_config={"accuracy": st.column_config.NumberColumn(format="percent")},
    )


def _shift(session: Session, evidence: Evidence) -> None:
    st.subheader("Do new images still fit?")
    found = added_shift(session, evidence)
    if found is None:
        st.caption("Compared when at least 20 images have been added to the pool.")
        return
    text = (
        f"{found.added:,} images were added last. They can be told from the pool with an AUC of "
        f"**{found.auc:.2f}** ({found.low:.2f} to {found.high:.2f}; 0.5 is not at all), and "
        f"**{found.outside:,}** of them lie outside what the model has seen."
    )
    if found.warned:
        st.warning(
            text + " They are another kind of image: label some before you trust the guesses.",
            icon=":material/warning:",
        )
    else:
        st.info(text, icon=":material/check:")
