"""A check for finite numbers that names the bad rows; it needs only numpy."""

from typing import Any

import numpy as np
import numpy.typing as npt

INFINITE = 0x7C00  # the bits of an infinite half; those of NaN are larger
SHOWN_ROWS = 5  # rows that an error names; the others are counted


class NotFiniteError(ValueError):
    """Raised when rows hold NaN or infinity; `rows` lists their indices."""

    def __init__(self, what: str, rows: npt.NDArray[np.int64]) -> None:
        self.rows = rows
        named = ", ".join(str(row) for row in rows[:SHOWN_ROWS])
        more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
        super().__init__(
            f"{what} hold NaN or infinity in row {named}{more}: "
            "embed these samples again or leave them out"
        )


def require_finite(what: str, rows: npt.NDArray[Any], first_row: int = 0) -> None:
    """Raise NotFiniteError unless every value of `rows` (m, …) is finite.

    `first_row` is the index of rows[0] in the whole, so that a block reports the right rows.
    """
    if rows.dtype == np.float16 and _is_finite(rows):
        return
    finite = np.isfinite(rows)
    if not finite.all():
        bad = ~finite.reshape(len(rows), -1).all(axis=1)
        raise NotFiniteError(what, np.flatnonzero(bad).astype(np.int64) + first_row)


def _is_finite(rows: npt.NDArray[np.float16]) -> bool:
    """Whether no half is NaN or infinite, by its bits: numpy's check takes ten times as long."""
    bits = rows.view(np.uint16) & 0x7FFF
    return int(bits.max(initial=0)) < INFINITE
