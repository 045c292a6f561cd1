"""The screens by name, each imported when it is first shown."""

import threading
from functools import cache
from importlib import import_module
from typing import Any

from labeling.store import Role

# The tables and plots of the later ones take a second to import, for which the first image must
# not wait.
SCREENS = (
    ("label", ":material/label:", Role.ANNOTATOR),
    ("grid", ":material/grid_view:", Role.ANNOTATOR),
    ("progress", ":material/monitoring:", Role.ANNOTATOR),
    ("accuracy", ":material/verified:", Role.REVIEWER),
    ("review", ":material/rate_review:", Role.REVIEWER),
    ("export", ":material/download:", Role.OWNER),
    ("setup", ":material/tune:", Role.OWNER),
)
QUIET = 10.0  # seconds after the first page in which all the others are imported, too


def screen(name: str) -> Any:
    """The module of a screen; its `show` takes the session."""
    return import_module(f"labeling.screens.{name}")


@cache  # once in each process
def import_all_soon() -> None:
    """Import every screen in a quiet moment, so that the first visit to each is as fast."""
    timer = threading.Timer(QUIET, lambda: [screen(name) for name, _, _ in SCREENS])
    timer.daemon = True
    timer.start()
