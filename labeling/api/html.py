"""HTML pages from the templates in `pages/`."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from labeling.templates import environment

if TYPE_CHECKING:
    from jinja2 import Environment

PAGES = Path(__file__).parent / "pages"


def page(name: str, /, **values: object) -> str:
    """A page from its template."""
    return _templates().get_template(f"{name}.html").render(values)


@cache
def _templates() -> "Environment":
    return environment(PAGES)
