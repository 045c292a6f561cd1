"""Images on Streamlit screens: the same cached copies that the board shows."""

from collections.abc import Sequence

import streamlit as st

from labeling.errors import UnreadableError
from labeling.loop.session import Session
from labeling.store import Sample
from labeling.wording import plain


def picture(
    session: Session, sample_id: str, width: int, size: str = "thumb", caption: str = ""
) -> None:
    """One image with its file name as alternative text; nothing if the file is gone or damaged."""
    _draw(session, session.store.samples.get(sample_id), width, size, caption)


def _draw(session: Session, sample: Sample | None, width: int, size: str, caption: str) -> None:
    if sample is None or not sample.paths:
        return
    try:
        content = session.project.preview(sample.id, size)
    except (UnreadableError, OSError):
        return
    st.image(content, plain(caption) if caption else None, width=width, alt=sample.paths[0])


def strip(session: Session, sample_ids: Sequence[str], captions: Sequence[str], width: int) -> None:
    """A row of small images with a caption each, wrapped where the window is narrow."""
    samples = session.store.samples.many(sample_ids)
    with st.container(horizontal=True, gap="small"):
        for sample_id, caption in zip(sample_ids, captions, strict=True):
            _draw(session, samples.get(sample_id), width, "thumb", caption)
