"""The mark: a small file beside the database by which a lost or older database is noticed."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from labeling.paths import MARK

LINE = re.compile(rb"([0-9a-f]{32}) (\d{12})\n")


@dataclass(frozen=True)
class Mark:
    """The id of a project's database, and its newest answer."""

    identity: str
    answer: int

    @classmethod
    def of(cls, folder: Path) -> "Mark | None":
        """The mark of a project's folder, or None if it is missing or cannot be read."""
        try:
            found = LINE.fullmatch((folder / MARK).read_bytes())
        except OSError:
            return None
        return cls(found[1].decode(), int(found[2])) if found else None

    def write(self, folder: Path) -> None:
        """Overwrite the mark, which takes microseconds."""
        descriptor = os.open(folder / MARK, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, f"{self.identity} {self.answer:012}\n".encode())
        finally:
            os.close(descriptor)


class Marker:
    """Keeps the mark of a database up to date; in a folder after `keep_in`."""

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self._folder: Path | None = None

    def keep_in(self, folder: Path) -> None:
        """Write the mark into a project's folder, now and after each answer."""
        self.mark.write(folder)
        self._folder = folder

    def note(self, answer: int) -> None:
        """Remember the newest answer, which is on disk."""
        if answer > self.mark.answer:
            self.mark = Mark(self.mark.identity, answer)
            if self._folder is not None:
                with suppress(OSError):  # the answer is stored all the same
                    self.mark.write(self._folder)
