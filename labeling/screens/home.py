"""The script that Streamlit runs for each visitor: find the project, show the chosen screen."""

import streamlit as st
from PIL import Image, ImageDraw

from labeling.errors import HoneError, StorageError
from labeling.loop.session import Session
from labeling.screens import door, who
from labeling.screens.index import SCREENS, screen
from labeling.screens.shell import current_session, dress, needs_login, visitor


def main() -> None:
    """Show one screen of the current project, if the visitor may see it."""
    st.set_page_config("Hone", page_icon=_icon(), layout="wide")
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


def _icon() -> Image.Image:
    """A cut stone; Streamlit would fetch a named icon from another host."""
    icon = Image.new("RGBA", (64, 64))
    draw = ImageDraw.Draw(icon)
    draw.polygon([(32, 60), (2, 24), (16, 6), (48, 6), (62, 24)], fill="#2458c5")
    draw.polygon([(32, 60), (20, 24), (44, 24)], fill="#b8d0ff")
    draw.polygon([(20, 24), (44, 24), (48, 6), (16, 6)], fill="#8ab0ff")
    return icon


def _page(session: Session, name: str, icon: str, *, default: bool = False) -> "st.Page":
    return st.Page(
        lambda: screen(name).show(session),
        title=name.capitalize(),
        icon=icon,
        url_path=name,
        default=default,
    )


main()
