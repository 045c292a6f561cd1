"""The Details of what comes next: whether the model learns from samples without labels too."""

from datetime import datetime

import streamlit as st

from labeling.loop.session import Session
from labeling.wording import plain

POOL_MAPS = {
    "auto": (
        "Automatic",
        "At 20 labels, and then after every few, your labels decide whether the model is better "
        "with it. It changes only where they say so clearly.",
    ),
    "always": ("Always", "The model uses it as soon as it is there, whatever your labels say."),
    "never": ("Never", "The model knows only what the pretrained model says."),
}
METHOD = "local whitening and diffusion over nearest neighbours; left-out losses decide"
ABOUT = (
    "Hone compares all samples with each other, once, without any label. What is alike "
    "there is mostly alike in class too, so fewer labels are needed. Where it is not, it would "
    "harm."
)
ON = "In use since round {} ({}): the model learns on what your samples have in common."
OWN = "Not in use: the model learns on what the pretrained model says of each."


def in_use(session: Session) -> str:
    """What the model learns on now, and since when."""
    since = session.learner.on_map_since()
    if since is None:
        return OWN
    return ON.format(since.id, datetime.fromtimestamp(since.at).strftime("%d %b %H:%M"))


def state(session: Session) -> None:
    """What the model learns on now, and how far the comparison of all samples is."""
    mapper, many = session.mapper, session.project.medium.many
    if (share := mapper.share) is not None:
        st.progress(min(1.0, share), f"Comparing your {many} with each other …")
    if mapper.error is not None:
        st.warning(
            f"Your {many} could not be compared with each other: {plain(mapper.error)}. Everything "
            "else works without."
        )
    st.caption(in_use(session))
