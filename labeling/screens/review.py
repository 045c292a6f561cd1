"""The Review screen: labels that need a second look, and disagreements."""

from labeling.loop.session import Session
from labeling.screens.shell import board


def show(session: Session) -> None:
    """Show the board in review mode."""
    board(session, "review")
