"""Images on Streamlit screens: the same cached copies that the board shows."""

from collections.abc import Sequence

import streamlit as st

from labeling.errors import UnreadableImageError
from labeling.images import cached_copy
from labeling.samples import read_sample
from labeling.session import Session
from labeling.wording import plain


def picture(session: Session, sample_id: str, size: str = "thumb") -> bytes | None:
    """A WebP of one sample, None where its file is gone or damaged."""

    def read() -> bytes:
        sample = session.store.samples.get(sample_id)
        if sample is None or not sample.paths:
            raise KeyError(sample_id)
        return read_sample(session.project.source, sample_id, sample.paths)

    try:
        return cached_copy(session.project.thumbnails, sample_id, size, read)
    except (UnreadableImageError, OSError, KeyError):
        return None


def strip(session: Session, sample_ids: Sequence[str], captions: Sequence[str], width: int) -> None:
    """A row of small images with a caption each, wrapped where the window is narrow."""
    with st.container(horizontal=True, gap="small"):
        for sample_id, caption in zip(sample_ids, captions, strict=True):
            content = picture(session, sample_id)
            if content is not None:
                st.image(content, caption=plain(caption), width=width)
