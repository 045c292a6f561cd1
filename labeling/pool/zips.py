"""Zips of any origin: what reading one whole would take, and reading an entry in small steps."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

ENTRY = b"PK\x01\x02"  # the directory's entry for each file begins so
MOST_ENTRIES = 2_000_000  # each takes half a kilobyte of memory from the start
LARGEST_DIRECTORY = 150 * MOST_ENTRIES  # bytes
USUAL_GROWTH = 100  # photographs do not shrink in a zip, drawings shrink to a tenth
ALWAYS_READ = 1_000_000_000  # bytes that any zip may grow to
STEP = 1 << 20  # bytes
# Python unpacks the others without a limit: 100 bytes of one became gigabytes at once.
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
OTHERS = {9: "deflate64", zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "LZMA"}


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

    Sizes are those that the zip declares; `steps` reads no more of an entry than these.
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


def refusal(entry: zipfile.ZipInfo) -> str | None:
    """Why an entry must not be read, with the remedy."""
    if entry.flag_bits & 1:
        return "it is encrypted; make the zip without a password"
    if entry.compress_type not in METHODS:
        name = OTHERS.get(entry.compress_type, f"method {entry.compress_type}")
        return f"it is packed by {name}; make the zip with the usual method, deflate"
    return None


def steps(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The content of an entry, a megabyte at a time, however small it says that it is.

    Raises BadZipFile for an entry that must not be read.
    """
    entry = archive.getinfo(name)
    if reason := refusal(entry):
        raise zipfile.BadZipFile(reason)
    with archive.open(entry) as member:
        while part := member.read(STEP):
            yield part


def content(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """The content of an entry; a little more than `most` bytes if there are more."""
    whole = bytearray()
    for part in steps(archive, name):
        whole += part
        if len(whole) > most:
            break
    return bytes(whole)
