"""Moments of a project: read from typed text, and viewed without changing anything."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path

from labeling.errors import HistoryError
from labeling.paths import DATABASE
from labeling.project.project import Project
from labeling.store import Moment, Store
from labeling.store.copies import copy_database

TIME_ALONE = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


def read_time(text: str, zone: tzinfo | None = None) -> datetime:
    """The moment that a text names: 14:05 (today), 2026-11-26 14:05, or any ISO 8601.

    Without an offset it is in `zone`, by default this machine's zone.
    """
    clean = text.strip()
    if TIME_ALONE.fullmatch(clean):
        clean = f"{datetime.now(zone):%Y-%m-%d} {clean.zfill(5)}"
    try:
        found = datetime.fromisoformat(clean)
        if found.tzinfo is not None:
            return found
        return found.replace(tzinfo=zone) if zone else found.astimezone()
    except (ValueError, OverflowError, OSError):
        raise HistoryError(
            f"“{text}” is not a time; write it as 14:05 (today) or 2026-11-26 14:05."
        ) from None


@contextmanager
def as_of(project: Project, moment: Moment) -> Iterator[Project]:
    """The project as it was at a moment, to read and export: a rewound copy.

    Later answers and changes of classes do not show; the project itself is untouched.
    """
    with tempfile.TemporaryDirectory(prefix="hone-") as place:
        file = Path(place) / DATABASE
        copy_database(project.store, file)
        with closing(Store(file)) as store:
            with suppress(HistoryError):  # if nothing has happened since, the copy is right
                store.history.rewind(moment)
            yield replace(project, store=store)
