"""HTML templates: every value is escaped, and a missing one is an error."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(folder: Path) -> "Environment":
    """The templates of a folder; names of classes, people and files may be HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # no first image needs it

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
