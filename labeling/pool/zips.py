"""Zips of any origin: what reading one whole would take, and whether that is plausible."""

import io
import zipfile
from pathlib import Path

ENTRY = b"PK\x01\x02"  # the directory's entry for each file begins so
MOST_ENTRIES = 2_000_000  # each takes half a kilobyte of memory from the start
LARGEST_DIRECTORY = 150 * MOST_ENTRIES  # bytes
USUAL_GROWTH = 100  # photographs do not shrink in a zip, drawings shrink to a tenth
ALWAYS_READ = 1_000_000_000  # bytes that any zip may grow to


class TooManyEntriesError(Exception):
    """A zip's directory would fill the memory."""

    def __init__(self) -> None:
        super().__init__(f"it has more than {MOST_ENTRIES:,} entries; make several zips of it")


class Bounded(io.BufferedReader):
    """A file for ZipFile, which reads the whole directory at once before it gives its size."""

    def __init__(self, location: Path) -> None:
        super().__init__(io.FileIO(location))

    def __del__(self) -> None:
        self.close()  # a ZipFile does not close a file that it was given

    def read(self, size: int | None = -1, /) -> bytes:
        if (size or 0) > LARGEST_DIRECTORY:
            raise TooManyEntriesError
        data = super().read(size)
        if data.count(ENTRY) > MOST_ENTRIES:
            raise TooManyEntriesError
        return data


def bomb(archive: zipfile.ZipFile) -> str | None:
    """Why a zip must not be read: a few bytes of it become very many. None if it may be read.

    Sizes are those that the zip declares; Python reads no more of an entry than these.
    """
    packed = sum(info.compress_size for info in archive.infolist())
    unpacked = sum(info.file_size for info in archive.infolist())
    handle = archive.fp
    assert handle is not None  # it is open
    handle.seek(0, 2)
    whole = handle.tell()
    if packed > whole:
        return "its entries overlap"
    if unpacked > max(ALWAYS_READ, USUAL_GROWTH * whole):
        return f"it would grow from {whole / 1e6:,.1f} to {unpacked / 1e6:,.0f} MB"
    return None
