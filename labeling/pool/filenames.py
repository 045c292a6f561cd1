"""What the name of a file says: its class, and its place in the order."""

import re
from collections.abc import Iterable

LABELS_IN_FOLDERS = "The folders look like classes"


def folder_class(path: str) -> str | None:
    """The name of the folder that a file lies in; None for the pool itself."""
    return path.rpartition("/")[0].rpartition("/")[2] or None


def in_order(names: Iterable[str]) -> list[str]:
    """Sort names as people count; names that differ only by leading zeros as text."""
    return sorted(names, key=lambda name: (natural(name), name))


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key under which img2 comes before img10, whatever the number of digits."""
    parts = re.split(r"(\d+)", name)  # every second part is a number
    numbers = [part.lstrip("0") for part in parts]
    return [
        (len(number), number) if odd % 2 else (0, part)
        for odd, (part, number) in enumerate(zip(parts, numbers, strict=True))
    ]
