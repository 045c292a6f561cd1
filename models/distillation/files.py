"""Files that are complete or absent, even if the process is killed."""

import os
from collections.abc import Callable
from pathlib import Path


def write_whole(file: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name and move it into place, so it is complete or absent."""
    beside = file.with_name(f"new-{file.name}")  # keeps the suffix, which np.save looks at
    write(beside)
    beside.chmod(0o644)
    os.replace(beside, file)
