"""Zips from anywhere: what reading all of one would take, and whether that is plausible."""

import zipfile

USUAL_GROWTH = 100  # photographs do not shrink at all in a zip, drawings to a tenth
ALWAYS_READ = 1_000_000_000  # bytes that any zip may grow to


def bomb(archive: zipfile.ZipFile) -> str | None:
    """Why a zip must not be read: a few bytes of it stand for very many. None if it may be.

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
