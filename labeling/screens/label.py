"""The Label screen: one image at a time, by keyboard."""

from labeling.screens.shell import board
from labeling.session import Session


def show(session: Session) -> None:
    """Show the board in one-image mode."""
    board(session, "label")
