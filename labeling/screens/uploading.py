"""Adding files through the browser: to the pool's folder, or as a pool of their own."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import streamlit as st

from labeling.loop.session import Session
from labeling.paths import home
from labeling.pool.folder import FolderSource
from labeling.pool.uploads import Uploaded, accepted, place_of, upload
from labeling.screens.opening import open_pool
from labeling.screens.shell import attempt, needs_login
from labeling.wording import amount, code, plain
from labeling.workspace import SAMPLE_POOL

ROUND = "upload-round"  # a new number empties the field
RESULT = "upload-result"
SHOWN = 20  # files that were not added


def show(session: Session) -> None:
    """A field to drop files into, and how those that were added last were taken."""
    source = session.project.source
    grows = (
        isinstance(source, FolderSource)
        and source.location != SAMPLE_POOL
        and os.access(source.location, os.W_OK)
    )
    if needs_login() and not grows:
        return  # a team stays with the project of its invitation
    many = session.project.medium.many
    st.subheader(f"Add {many}" if grows else "Label your own images or texts")
    turn = st.session_state.setdefault(ROUND, 0)
    files = st.file_uploader(
        f"Drop {many} or zips here, or choose them"
        if grows
        else "Drop images, texts, a table of texts, or zips here, or choose them",
        accepted(session.project.source.medium if grows else None),
        accept_multiple_files=True,
        key=f"upload-{turn}",
    )
    folder = source.location if grows else _new_folder()
    _result()
    if not files or folder is None:
        return
    target = code(folder) if grows else f"a new project, in {code(folder)}"
    if st.button(f"Add {amount(len(files), 'file')}", icon=":material/upload:", type="primary"):
        with st.spinner("The files are being stored …"):
            attempt(lambda: _add(session, folder, files, grows))
    st.caption(f"They go to {target}. Files that are there are never overwritten.")


def _new_folder() -> Path | None:
    """Where a pool of its own goes."""
    name = st.text_input("Name of the project", "my-project", max_chars=60).strip()
    if not name or name.startswith(".") or "/" in name or "\\" in name or "\0" in name:
        st.error("A name is needed, without a slash and not beginning with a dot.")
        return None
    return home() / "images" / name


def _add(session: Session, folder: Path, files: Sequence[IO[bytes]], grows: bool) -> None:
    medium = session.project.source.medium if grows else None
    result = upload(folder, ((one.name, one) for one in files), medium)
    st.session_state[RESULT] = result
    st.session_state[ROUND] += 1
    if not grows and (result.added or result.known):
        open_pool(str(place_of(folder)))
    if grows and result.added:
        session.look_again()
    st.rerun()


def _result() -> None:
    result: Uploaded | None = st.session_state.pop(RESULT, None)
    if result is None:
        return
    known = f" Already there: {amount(result.known, 'file')}." if result.known else ""
    st.success(f"{amount(result.added, 'file')} added.{known}", icon=":material/task_alt:")
    if result.refused:
        st.warning(
            "Not added:\n"
            + "\n".join(f"- {plain(f'{name}: {why}')}" for name, why in _few(result.refused))
        )


def _few(refused: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield from list(refused.items())[:SHOWN]
    if len(refused) > SHOWN:
        yield "…", f"and {len(refused) - SHOWN} more"
