"""Agreement: how well the people of a team agree on images that several have labeled."""

import pandas as pd
import streamlit as st

from labeling.answers.agreement import FEWEST, Agreement, agreement
from labeling.loop.session import Session
from labeling.screens.shell import show_table
from models.evidence.agreement import Coefficient


def show(session: Session) -> None:
    """Show the agreement of all, of each class, and of each pair of people."""
    found, names = agreement(session.current), session.store.classes.names()
    many = session.project.medium.many
    if found is None:
        st.info(
            f"Shown once two people have labeled {FEWEST} {many} in common. The share that several "
            "people answer is set under **Setup → People**.",
            icon=":material/group:",
        )
        return
    alpha, kappa = st.columns(2)
    alpha.metric("Krippendorff’s alpha", _value(found.alpha))
    kappa.metric("Fleiss’ kappa", _value(found.fleiss))
    st.caption(
        f"On {found.samples:,} {many} that two or more people have labeled without seeing each "
        "other’s answers. 1 is full agreement, 0 is chance level; labels count as reliable at 0.8 "
        f"or more, and barely at 0.67. Ranges are 95 % intervals over the {many}."
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Each class")
        st.caption("Each against all others: Krippendorff’s alpha.")
        rows = [(names[key], _value(one)) for key, one in found.classes.items()]
        show_table(pd.DataFrame(rows, columns=["class", "agreement"]))
    with right:
        st.subheader("Each pair")
        _pairs(found, names)


def _pairs(found: Agreement, names: dict[int, str]) -> None:
    st.caption("Cohen’s kappa; the lowest agreement comes first.")
    if not found.pairs:
        st.caption(f"Shown once two people have {FEWEST} of them in common.")
        return
    rows = [
        {
            "who": f"{one.first}, {one.second}",
            "agree on": f"{one.agreed} of {one.kappa.items}",
            "agreement": _value(one.kappa),
            "mostly mixed up": " / ".join(names[key] for key in one.mixed or ()),
        }
        for one in found.pairs
    ]
    show_table(pd.DataFrame(rows))


def _value(one: Coefficient) -> str:
    if one.value != one.value:  # NaN: all gave one class
        return "–"
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"
