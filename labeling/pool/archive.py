"""A zip as a pool, read in place."""

import re
import threading
import zipfile
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import ClassVar

from labeling.errors import PoolError
from labeling.media import MEDIA, main_medium, medium_of
from labeling.pool.filenames import LABELS_IN_FOLDERS, folder_class, natural
from labeling.pool.folder import A_FEW
from labeling.pool.source import Entry
from labeling.pool.zips import Bounded, TooManyEntriesError, bomb, content, refusal


class ZipSource:
    """Every file of one medium inside a zip, read in place: nothing is ever unpacked to disk."""

    labels_in: ClassVar = LABELS_IN_FOLDERS
    labels_meant: ClassVar = False

    def __init__(self, location: Path, medium: str | None = None) -> None:
        self.location = location
        try:
            self._zip = zipfile.ZipFile(Bounded(location))
        except TooManyEntriesError as error:
            raise PoolError(f"{location} is not read: {error}.") from error
        except Exception as error:  # a damaged zip raises nearly anything
            raise PoolError(
                f"{location} is not a zip file that can be read ({error}); make the zip again."
            ) from error
        if reason := bomb(self._zip):
            raise PoolError(
                f"{location} is not read: {reason}, as zip bombs do. If you trust it, unpack it "
                "and open the folder."
            )
        self._lock = threading.Lock()  # a ZipFile has one file position for all its readers
        self.medium = medium or main_medium(islice(self._zip.namelist(), A_FEW))

    def entries(self) -> Iterator[Entry]:
        mtime = self.location.stat().st_mtime_ns
        for info in sorted(self._zip.infolist(), key=lambda info: natural(info.filename)):
            if not info.filename:  # Python itself fails on it
                continue
            parts = PurePosixPath(info.filename.replace("\\", "/")).parts
            hidden = any(part.startswith(".") and part != ".." for part in parts)
            if info.is_dir() or hidden or "__MACOSX" in parts:
                continue
            if not parts or medium_of(parts[-1]) != self.medium:
                continue
            refused = None
            if ".." in parts or parts[0] == "/" or re.match(r"^[A-Za-z]:", parts[0]):
                refused = "its name points outside the zip; zip the folder again without “../”"
            else:
                refused = refusal(info)
            label = folder_class("/".join(parts))
            yield Entry(info.filename, info.file_size, mtime, label, refused)

    def read(self, path: str) -> bytes:
        with self._lock:
            return content(self._zip, path, MEDIA[self.medium].most_bytes)

    def context(self, path: str) -> Mapping[str, str]:
        return {}
