"""The Grid screen: a page of one predicted class at a time."""

from labeling.loop.session import Session
from labeling.screens.shell import board


def show(session: Session) -> None:
    """Show the board in grid mode."""
    board(session, "grid")
