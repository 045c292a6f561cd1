"""Files that are whole or absent, even if the process is killed."""

import os
from collections.abc import Callable
from pathlib import Path


def write_whole(file: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there, so that it is whole or absent."""
    beside = file.with_name(f"new-{file.name}")  # keeps the suffix, which np.save looks at
    write(beside)
    beside.chmod(0o644)
    os.replace(beside, file)
