"""What the name of a file tells: whether it is an image, of which class, and in which order."""

import re
from pathlib import PurePosixPath

from labeling.images import SUFFIXES


def looks_like_image(name: str) -> bool:
    """Whether a file of that name is worth to be opened."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def folder_class(path: str) -> str | None:
    """The name of the folder that a file lies in; None for the pool itself."""
    parent = PurePosixPath(path).parent.name
    return parent or None


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key under which img2 comes before img10, whatever the number of digits."""
    parts = re.split(r"(\d+)", name)  # every second part is a number
    numbers = [part.lstrip("0") for part in parts]
    return [
        (len(number), number) if odd % 2 else (0, part)
        for odd, (part, number) in enumerate(zip(parts, numbers, strict=True))
    ]
