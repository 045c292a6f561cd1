"""The Grid screen: a page of one predicted class at a time."""

from labeling.screens.shell import board
from labeling.session import Session


def show(session: Session) -> None:
    """Show the board in grid mode."""
    board(session, "grid")
