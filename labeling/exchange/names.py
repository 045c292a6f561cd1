"""Names for files and folders that every file system takes."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import chain, count
from pathlib import PurePosixPath

_ILLEGAL = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "123456789¹²³"]
)
_LONGEST = 180  # bytes; file systems take 255, and a suffix may follow
_LONGEST_SUFFIX = 16


def safe_name(text: str) -> str:
    """The text as one path component: no separators, device names, dots alone or hidden names."""
    clean = _ILLEGAL.sub("_", unicodedata.normalize("NFC", text)).strip().rstrip(". ")
    if clean.startswith("."):
        clean = f"_{clean[1:]}"
    clean = clean.encode()[:_LONGEST].decode(errors="ignore").rstrip(". ")
    if clean.partition(".")[0].rstrip().upper() in _DEVICES:
        clean = f"_{clean}"
    return clean or "_"


def folder_names(names: Mapping[int, str], taken: Iterable[str]) -> dict[int, str]:
    """A folder of its own for each class id; none differs from another or from `taken` by case.

    A class whose name needs no cleaning keeps it, whatever the others are called.
    """
    used = {_folded(name) for name in taken}
    folders: dict[int, str] = {}
    for key in sorted(names, key=lambda key: (safe_name(names[key]) != names[key], key)):
        clean = safe_name(names[key])
        folders[key] = _first_free(used, chain([clean], (f"{clean}_{n}" for n in count(2))))
    return {key: folders[key] for key in names}


def file_name(path: str, sha256: str, used: set[str]) -> str:
    """The base name of a path, with a part of its hash if another file has taken that name.

    `used` holds the folded names taken so far; the new one is added.
    """
    name = PurePosixPath(path).name
    suffix = PurePosixPath(name).suffix
    if len(suffix.encode()) > _LONGEST_SUFFIX:
        suffix = ""
    stem = safe_name(name.removesuffix(suffix))
    suffix = "" if not suffix else f".{safe_name(suffix[1:])}"
    hashed = f"{stem}-{sha256[:8]}"
    numbered = (f"{hashed}-{n}{suffix}" for n in count(2))
    return _first_free(used, chain([f"{stem}{suffix}", f"{hashed}{suffix}"], numbered))


def _first_free(used: set[str], candidates: Iterable[str]) -> str:
    name = next(name for name in candidates if _folded(name) not in used)
    used.add(_folded(name))
    return name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())
