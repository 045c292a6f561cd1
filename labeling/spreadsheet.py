"""Cells and times as a spreadsheet takes them."""

import re
from datetime import UTC, datetime
from typing import Any

# A spreadsheet runs a cell that begins like this; the full-width signs are run in some locales.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def to_cell(value: Any) -> str:
    """A value as a cell; text that a spreadsheet would run as a formula gets an apostrophe."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            # Text of apostrophes and then a formula gets one too, so that reading is unambiguous.
            return f"'{value}" if _FORMULA.match(value) else value
        case datetime():
            return iso(value)
    raise TypeError(f"A {type(value).__name__} cannot be written in a CSV cell: {value!r}")


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds, which sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
