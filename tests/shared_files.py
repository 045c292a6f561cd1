"""Files that lie beside the project: a test that needs them skips elsewhere, but not in CI."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


def shared(name: str) -> Path:
    """A file or folder beside the project."""
    place = SHARED / name
    if not place.exists() and os.environ.get("CI") != "true":
        pytest.skip(f"there is no {place}")
    return place
