"""The Label screen: one image at a time, by keyboard."""

from labeling.loop.session import Session
from labeling.screens.shell import board


def show(session: Session) -> None:
    """Show the board in one-image mode."""
    board(session, "label")
