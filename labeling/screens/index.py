"""The screens by name, each imported when it is first shown."""

from importlib import import_module
from typing import Any

from labeling.store import Role

# The later ones import tables and plots for a second, and the first image must
# not wait for that.
SCREENS = (
    ("label", ":material/label:", Role.ANNOTATOR),
    ("grid", ":material/grid_view:", Role.ANNOTATOR),
    ("model", ":material/monitoring:", Role.ANNOTATOR),
    ("review", ":material/rate_review:", Role.REVIEWER),
    ("export", ":material/download:", Role.OWNER),
    ("setup", ":material/tune:", Role.OWNER),
)


def screen(name: str) -> Any:
    """The module of a screen; its `show` takes the session."""
    return import_module(f"labeling.screens.{name}")
