"""Samples on Streamlit screens: the same previews that the board shows."""

import json
from collections.abc import Callable, Sequence

import streamlit as st

from labeling.errors import UnreadableError
from labeling.loop.session import Session
from labeling.store import Sample
from labeling.wording import plain


def picture(
    session: Session, sample_id: str, width: int, size: str = "thumb", caption: str = ""
) -> None:
    """One sample, with its file's name for those who cannot see it; nothing if it is gone."""
    _draw(session, session.store.samples.get(sample_id), width, size, caption)


def strip(session: Session, sample_ids: Sequence[str], captions: Sequence[str], width: int) -> None:
    """A row of small samples with a caption each, wrapped where the window is narrow."""
    samples = session.store.samples.many(sample_ids)
    with st.container(horizontal=True, gap="small"):
        for sample_id, caption in zip(sample_ids, captions, strict=True):
            _draw(session, samples.get(sample_id), width, "thumb", caption)


def _draw(session: Session, sample: Sample | None, width: int, size: str, caption: str) -> None:
    if sample is None or not sample.paths:
        return
    try:
        content = session.project.preview(sample.id, size)
    except (UnreadableError, OSError):
        return
    DRAWN[session.project.medium.shown_as](content, sample.paths[0], width, caption)


def _image(content: bytes, name: str, width: int, caption: str) -> None:
    st.image(content, plain(caption) if caption else None, width=width, alt=name)


def _text(content: bytes, name: str, width: int, caption: str) -> None:
    with st.container(border=True, width=max(width, NARROWEST)):
        st.markdown(plain(json.loads(content)["text"]), help=name)
        if caption:
            st.caption(plain(caption))


NARROWEST = 240  # pixels; a text needs more than an image
# How what a browser gets of a sample is drawn here, by its type.
DRAWN: dict[str, Callable[[bytes, str, int, str], None]] = {
    "image/webp": _image,
    "application/json": _text,
}
