"""The script that Streamlit runs for each visitor: find the project, show the chosen screen."""

from urllib.parse import quote

import streamlit as st

from labeling.errors import HoneError, StorageError
from labeling.loop.session import Session
from labeling.screens import door, who
from labeling.screens.index import SCREENS, screen
from labeling.screens.shell import current_session, dress, needs_login, visitor

# A cut stone, in the page itself: a named icon would be fetched from another host, and a file would
# need a login.
STONE = (
    ("2458c5", "32,60 2,24 16,6 48,6 62,24"),
    ("b8d0ff", "32,60 20,24 44,24"),
    ("8ab0ff", "20,24 44,24 48,6 16,6"),
)
ICON = "data:image/svg+xml," + quote(
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'>"
    + "".join(f"<polygon fill='#{color}' points='{points}'/>" for color, points in STONE)
    + "</svg>"
)


def main() -> None:
    """Show one screen of the current project, if the visitor may see it."""
    st.set_page_config("Hone", page_icon=ICON, layout="wide")
    dress()
    try:
        session = current_session()
    except HoneError as error:
        if needs_login():
            door.show_closed()
        else:
            screen("opening").show_without_project(str(error))
        return
    try:
        _show(session)
    except StorageError as error:
        st.error(str(error), icon=":material/error:")


def _show(session: Session) -> None:
    found = visitor(session)
    if found is None:
        door.show(session)
        return
    pages = [
        _page(session, name, icon, default=name == "label")
        for name, icon, role in SCREENS
        if found.role >= role
    ]
    st.session_state["start_page"] = pages[0]
    st.navigation(pages, position="top").run()
    who.show(session, found)  # after the board, so that the first image does not wait for it


def _page(session: Session, name: str, icon: str, *, default: bool = False) -> "st.Page":
    return st.Page(
        lambda: screen(name).show(session),
        title=name.capitalize(),
        icon=icon,
        url_path=name,
        default=default,
    )


main()
