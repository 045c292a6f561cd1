"""Automatic backups: small ones in the project's folder while people label, old ones thinned out.

They are made by a thread of their own, so that no answer waits for them.
"""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from labeling.errors import HoneError, LostError
from labeling.project.backup import write_backup
from labeling.project.project import Project
from labeling.store.backups import AUTOMATIC, automatic_backups, offered_backup

LOOK = 5.0  # seconds from one look to the next
ANSWERS = 100  # new answers after which a backup is due …
PAUSE = 600.0  # … or seconds, if there is one
SHARE = 100  # backups take at most one part in this many of the time
NEWEST, HOURS, DAYS = (
    3,
    6,
    7,
)  # kept, with the last one of each hour and day
TIME = "%Y%m%d-%H%M%S"


class AutoBackup:
    """Backs up a project while this process `leads`, and once if its database is lost.

    A process still reads a database whose file was deleted, so that last backup has every answer.
    """

    def __init__(self, project: Project, leads: Callable[[], bool]) -> None:
        self._project, self._leads = project, leads
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._begin = time.time()
        self._after = 0.0  # monotonic time before which no backup begins

    def start(self) -> None:
        """Look in the background; PostgreSQL has backups of its own."""
        if self._project.store.path is not None:
            self._thread = threading.Thread(target=self._loop, name="backup", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the backup that is being written."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> Path | None:
        """Write a backup if one is due, and return its path.

        Raises LostError if the database is lost.
        """
        self._project.store.check()
        if not self._leads() or time.monotonic() < self._after:
            return None
        newest = next(iter(automatic_backups(self._project.folder)), None)
        answer = self._project.store.answers.last_id()
        new = answer - (_answer_of(newest) if newest else 0)
        since = newest.stat().st_mtime if newest else self._begin
        if new >= ANSWERS or (new > 0 and time.time() - since >= PAUSE):
            return self._write(answer)
        return None

    def rescue(self) -> str:
        """Save what this process still reads of a lost database; returns what to do, in words."""
        with suppress(HoneError, OSError):  # it may be unreadable
            self._write(self._project.store.answers.marker.mark.answer)
        folder = self._project.folder
        return f"Stop Hone, and {offered_backup(folder, str(folder))}."

    def _loop(self) -> None:
        while not self._stop.wait(LOOK):
            try:
                self.look()
            except LostError as error:
                print(f"{error} {self.rescue()}", file=sys.stderr, flush=True)
                return
            except (HoneError, OSError) as error:
                print(f"No automatic backup could be made: {error}", file=sys.stderr, flush=True)
                self._after = time.monotonic() + PAUSE
            except Exception:  # the thread must outlive any fault of what it calls
                traceback.print_exc()
                self._after = time.monotonic() + PAUSE

    def _write(self, answer: int) -> Path:
        begin, folder = time.monotonic(), self._project.folder
        self._project.backups.mkdir(mode=0o700, exist_ok=True)
        target = self._project.backups / f"{AUTOMATIC}{datetime.now(UTC):{TIME}}-{answer}.zip"
        write_backup(self._project, target, every_head=False)
        files = automatic_backups(folder)
        for file in set(files) - kept(files):
            file.unlink(missing_ok=True)
        self._after = time.monotonic() + SHARE * (time.monotonic() - begin)
        return target


def kept(files: Sequence[Path]) -> set[Path]:
    """Which of the automatic backups (newest first) are kept."""
    found = set(files[:NEWEST])
    day, hour = (len(f"{AUTOMATIC}{text}") for text in ("20261130", "20261130-17"))
    for length, count in ((hour, HOURS), (day, DAYS)):
        last: dict[str, Path] = {}
        for file in files:
            last.setdefault(file.name[:length], file)
        found.update(list(last.values())[:count])
    return found


def _answer_of(file: Path) -> int:
    """The newest answer in an automatic backup, by its name."""
    number = file.stem.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0
