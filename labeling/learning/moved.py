"""What a round has changed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Moved:
    """How many guesses on open rows a round has changed, and how many labels it knows more.

    `labels` is negative after an undo.
    """

    guesses: int
    labels: int
