"""Opening another pool: by its path, or because the configured one cannot be opened."""

import streamlit as st

from labeling.media import MEDIA
from labeling.pool.tables import TABLES
from labeling.screens.shell import attempt
from labeling.wording import plain
from labeling.workspace import WORKSPACE


def show_without_project(reason: str) -> None:
    """Say why the configured images cannot be opened, and ask for others."""
    st.title("Hone cannot open this project")
    st.error(plain(reason), icon=":material/folder_off:")
    open_form()


def media_help() -> str:
    """Which files can be labeled."""
    media = (f"- {name}: {', '.join(sorted(one.suffixes))}" for name, one in MEDIA.items())
    tables = f"- tables of texts, or of paths in a column “path”: {', '.join(TABLES)}"
    return "\n".join([*media, tables])


def open_form() -> None:
    """Ask for the path of a pool."""
    with st.form("open", border=False):
        path = st.text_input(
            "A folder, a zip, or a table, on this machine",
            placeholder="/home/me/photos",
        )
        st.caption(media_help())
        if st.form_submit_button("Open", icon=":material/folder_open:") and path.strip():
            attempt(lambda: open_pool(path.strip()))


def open_pool(path: str) -> None:
    """Go to the first screen of the project of a pool."""
    st.session_state["project"] = WORKSPACE.open(path).project.key
    start_page = st.session_state.get("start_page")
    if start_page is None:  # no project could be opened before
        st.rerun()
    st.switch_page(start_page)
