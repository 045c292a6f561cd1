"""The script that Streamlit runs for each visitor: find the project, show the chosen screen."""

from collections.abc import Callable

import streamlit as st
from PIL import Image, ImageDraw

from labeling.errors import HoneError
from labeling.screens import accuracy, export, grid, label, progress, review, setup
from labeling.screens.shell import current_session, dress
from labeling.session import Session

Screen = Callable[[Session], None]


def main() -> None:
    """Show one screen of the current project, or how to get one."""
    st.set_page_config("Hone", page_icon=_icon(), layout="wide")
    dress()
    try:
        session = current_session()
    except HoneError as error:
        setup.show_without_project(str(error))
        return
    pages = [
        _page(session, label.show, "Label", ":material/label:", default=True),
        _page(session, grid.show, "Grid", ":material/grid_view:"),
        _page(session, progress.show, "Progress", ":material/monitoring:"),
        _page(session, accuracy.show, "Accuracy", ":material/verified:"),
        _page(session, review.show, "Review", ":material/rate_review:"),
        _page(session, export.show, "Export", ":material/download:"),
        _page(session, setup.show, "Setup", ":material/tune:"),
    ]
    st.session_state["start_page"] = pages[0]
    st.navigation(pages, position="top").run()


def _icon() -> Image.Image:
    """A cut stone; Streamlit would fetch a named icon from another host."""
    icon = Image.new("RGBA", (64, 64))
    draw = ImageDraw.Draw(icon)
    draw.polygon([(32, 60), (2, 24), (16, 6), (48, 6), (62, 24)], fill="#2458c5")
    draw.polygon([(32, 60), (20, 24), (44, 24)], fill="#b8d0ff")
    draw.polygon([(20, 24), (44, 24), (48, 6), (16, 6)], fill="#8ab0ff")
    return icon


def _page(
    session: Session, show: Screen, title: str, icon: str, *, default: bool = False
) -> "st.Page":
    return st.Page(
        lambda: show(session), title=title, icon=icon, url_path=title.lower(), default=default
    )


main()
