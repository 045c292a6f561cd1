"""The team's part of the Review screen: open decisions, and how well people agree."""

from functools import partial

import pandas as pd
import streamlit as st

from labeling.answers.agreement import FEWEST, Agreement, agreement
from labeling.answers.disputes import Dispute, disputes
from labeling.loop.decisions import decide
from labeling.loop.session import Session
from labeling.screens.pictures import picture, strip
from labeling.screens.shell import annotator, attempt, free_keys
from labeling.screens.views import class_buttons
from labeling.store import Answer
from models.evidence.agreement import Coefficient

LABELS, AGREEMENT = "Labels", "Agreement"
NEXT = 12


def show(session: Session) -> bool:
    """Show one of the team's parts; False without a team, or if another part is wanted."""
    open_ones = disputes(session.current)
    is_team = session.current.consensus.overlap.share > 0 or bool(session.current.consensus.all())
    if not open_ones and not is_team:
        return False
    free_keys()
    to_decide = "To decide"
    part = st.segmented_control(
        "Part",
        [to_decide, LABELS, AGREEMENT],
        default=to_decide if open_ones else LABELS,
        required=True,
        format_func=lambda name: f"{name} ({len(open_ones)})" if name == to_decide else name,
        label_visibility="collapsed",
        key="review-part",
    )
    names = session.store.classes.names()
    if part == to_decide:
        _disputes(session, open_ones, names)
    elif part == AGREEMENT:
        _agreement(agreement(session.current), names)
    return part in (to_decide, AGREEMENT)


# -- to decide ---------------------------------------------------------------------------------


def _disputes(session: Session, found: list[Dispute], names: dict[int, str]) -> None:
    later: list[str] = st.session_state.setdefault("decide-later", [])
    queue = sorted(found, key=lambda one: one.sample_id in later)
    if not queue:
        st.success("Nothing is left to decide.", icon=":material/task_alt:")
        return
    first = queue[0]
    st.caption(
        "People disagree on these, or were unsure. Your decision counts instead of their answers, "
        "which stay in the history."
    )
    image, facts = st.columns([2, 3], gap="large")
    with image:
        picture(session, first.sample_id, 300, "view")
    with facts:
        _opinions(first, names)
        if not first.complete:
            st.caption("Somebody else will still be asked; you can decide now or wait.")
        _decide(session, first, names, later)
    if queue[1:]:
        st.caption("Next")
        rest = queue[1 : 1 + NEXT]
        captions = [" / ".join(_said(one, names) for one in dispute.opinions) for dispute in rest]
        strip(session, [one.sample_id for one in rest], captions, 88)


def _opinions(dispute: Dispute, names: dict[int, str]) -> None:
    """Each person's answer, side by side."""
    for place, column in zip(
        dispute.opinions, st.columns(max(2, len(dispute.opinions))), strict=False
    ):
        with column, st.container(border=True):
            st.text(place.annotator)
            st.text(_said(place, names))
            if place.seconds is not None:
                st.caption(f"after {place.seconds:.1f} s")


def _said(answer: Answer, names: dict[int, str]) -> str:
    return answer.kind if answer.class_id is None else names[answer.class_id]


def _decide(session: Session, dispute: Dispute, names: dict[int, str], later: list[str]) -> None:
    """A key for each class; answered classes stand out."""
    said = {one.class_id for one in dispute.opinions}
    with st.container(horizontal=True, gap="small"):
        chosen = class_buttons(session, "decide", said)
        if st.button("Later", key="decide-later-button", icon=":material/schedule:"):
            later.append(dispute.sample_id)
            st.rerun()
    if chosen is not None:
        made = partial(decide, session, annotator(session), dispute.sample_id, chosen)
        attempt(made, again=True)


# -- agreement ---------------------------------------------------------------------------------


def _agreement(found: Agreement | None, names: dict[int, str]) -> None:
    if found is None:
        st.info(
            f"Shown once two people have labeled {FEWEST} images in common. The share of images "
            "that several people answer is set under **Setup → People**.",
            icon=":material/group:",
        )
        return
    alpha, kappa = st.columns(2)
    alpha.metric("Krippendorff’s alpha", _value(found.alpha))
    kappa.metric("Fleiss’ kappa", _value(found.fleiss))
    st.caption(
        f"On {found.samples:,} images that two or more people have labeled without seeing each "
        "other’s answers. 1 is full agreement, 0 is chance level; labels count as reliable at 0.8 "
        "or more, and barely at 0.67. Ranges are 95 % intervals over the images."
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Each class")
        st.caption("Each against all others: Krippendorff’s alpha.")
        rows = [(names[key], _value(one)) for key, one in found.classes.items()]
        st.dataframe(pd.DataFrame(rows, columns=["class", "agreement"]), hide_index=True)
    with right:
        st.subheader("Each pair")
        _pairs(found, names)


def _pairs(found: Agreement, names: dict[int, str]) -> None:
    st.caption("Cohen’s kappa; the lowest agreement comes first.")
    if not found.pairs:
        st.caption(f"Shown once two people have {FEWEST} images in common.")
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
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def _value(one: Coefficient) -> str:
    if one.value != one.value:  # NaN: all gave one class
        return "–"
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"
