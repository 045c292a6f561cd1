"""A pool of files, and one entry of it."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol


@dataclass(frozen=True)
class Entry:
    """One file of a pool before it is read; `refused` says why it must not be read.

    `data` are its bytes where they came with it, as those of a table's row do.
    """

    path: str
    size: int
    mtime_ns: int
    label: str | None = None
    refused: str | None = None
    data: bytes | None = None


def entry_of(path: str, file: Path | str, label: str | None, refused: str | None = None) -> Entry:
    """The entry of a file on disk."""
    try:
        path.encode()
    except UnicodeEncodeError:
        readable = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return Entry(readable, 0, 0, None, "its name is not valid UTF-8; rename it")
    if refused is not None:
        return Entry(path, 0, 0, label, refused)
    try:
        status = os.stat(file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return Entry(path, 0, 0, label, f"cannot be opened: {reason}")
    if not stat.S_ISREG(status.st_mode):  # reading a pipe or a device may never end
        return Entry(path, 0, 0, label, "it is not a file")
    return Entry(path, status.st_size, status.st_mtime_ns, label)


class Source(Protocol):
    """A pool of files, all of one `medium`.

    `labels_in` says where labels come from, in words; `labels_meant` whether they are surely meant
    as labels. A folder's name may be a class, or only a folder's name.
    """

    location: Path
    medium: str
    labels_in: ClassVar[str]
    labels_meant: ClassVar[bool]

    def entries(self) -> Iterator[Entry]:
        """Every file of its medium, in natural order of path."""

    def read(self, path: str) -> bytes:
        """The bytes of one entry; raises OSError or KeyError if it is gone."""

    def context(self, path: str) -> Mapping[str, str]:
        """What stands beside an entry and may help a person, by name: the rest of its row."""
