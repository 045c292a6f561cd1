"""Where images come from: a folder, a zip or a CSV manifest, scanned into samples."""

import csv
import hashlib
import os
import re
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Protocol

from PIL import Image

from labeling.errors import PoolError, UnreadableImageError
from labeling.media.image import MAX_BYTES, SUFFIXES, check_header, load_image
from labeling.pool.filenames import folder_class, looks_like_image, natural
from labeling.pool.folder import FIRST_LOOK, Entry, FolderSource, entry_of
from labeling.pool.roots import Roots
from labeling.pool.zips import Bounded, TooManyEntriesError, bomb

LOADERS: dict[str, Callable[..., Image.Image]] = {"image": load_image}


@dataclass(frozen=True)
class Scanned:
    """One file after it was read: its sample's id, or the problem with it."""

    path: str
    sample_id: str | None
    size: int
    mtime_ns: int
    problem: str | None = None
    label: str | None = None


class Source(Protocol):
    """A pool of files."""

    location: Path

    def entries(self) -> Iterator[Entry]:
        """Every file that may be an image, in natural order of path."""

    def read(self, path: str) -> bytes:
        """The bytes of one entry; raises OSError or KeyError if it is gone."""


class ZipSource:
    """Every image inside a zip, read in place: nothing is ever unpacked to disk."""

    def __init__(self, location: Path) -> None:
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

    def entries(self) -> Iterator[Entry]:
        mtime = self.location.stat().st_mtime_ns
        for info in sorted(self._zip.infolist(), key=lambda info: natural(info.filename)):
            if not info.filename:  # Python itself fails on it
                continue
            parts = PurePosixPath(info.filename.replace("\\", "/")).parts
            hidden = any(part.startswith(".") and part != ".." for part in parts)
            if info.is_dir() or hidden or "__MACOSX" in parts:
                continue
            if not parts or not looks_like_image(parts[-1]):
                continue
            refused = None
            if ".." in parts or parts[0] == "/" or re.match(r"^[A-Za-z]:", parts[0]):
                refused = "its name points outside the zip; zip the folder again without “../”"
            elif info.flag_bits & 1:
                refused = "it is encrypted; make the zip without a password"
            label = folder_class("/".join(parts))
            yield Entry(info.filename, info.file_size, mtime, label, refused)

    def read(self, path: str) -> bytes:
        with self._lock, self._zip.open(path) as member:
            # The declared size may lie, so that a bomb is stopped by what is really read.
            data = member.read(MAX_BYTES + 1)
        return data


class ManifestSource:
    """The files that a CSV names in its `path` column, with an optional `label` column."""

    def __init__(self, location: Path) -> None:
        self.location = location
        self._roots = Roots(location.parent)
        try:
            with location.open(newline="", encoding="utf-8-sig") as file:
                reader = csv.DictReader(file)
                columns = [name.strip().lower() for name in reader.fieldnames or []]
                reader.fieldnames = columns
                rows = list(reader) if "path" in columns else []
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise PoolError(
                f"The manifest {location} cannot be read as CSV in UTF-8: {error}."
            ) from error
        if "path" not in columns:
            raise PoolError(
                f"The manifest {location} has no column “path”; its first line should be "
                "“path” or “path,label”."
            )
        self._labels = {
            # No file's name holds a zero, nor does PostgreSQL.
            row["path"].strip().replace("\0", "\N{REPLACEMENT CHARACTER}"): (
                (row.get("label") or "").strip() or None
            )
            for row in rows
            if (row["path"] or "").strip()
        }

    def entries(self) -> Iterator[Entry]:
        for path, label in self._labels.items():
            if refused := self._roots.refusal(path):
                yield Entry(path, 0, 0, label, refused)
            else:
                yield entry_of(path, self._file(path), label)

    def read(self, path: str) -> bytes:
        if path not in self._labels:
            raise KeyError(path)
        if refused := self._roots.refusal(path):  # a link may have come since the scan
            raise PermissionError(refused)
        return self._file(path).read_bytes()

    def names_nothing(self) -> bool:
        """Whether none of its first files may be read, so that the mistake is one of all."""
        return all(self._roots.refusal(path) for path in islice(self._labels, FIRST_LOOK))

    def _file(self, path: str) -> Path:
        return self.location.parent / path


def open_source(location: Path) -> Source:
    """The source for a folder, a .zip or a .csv; raises PoolError that names what is wrong."""
    if not os.path.exists(location):  # False for a name that is too long, too
        raise PoolError(f"There is no {location}; check the path to your images.")
    if location.is_dir():
        source: FolderSource | ZipSource | ManifestSource = FolderSource(location)
    elif location.suffix.lower() == ".zip":
        source = ZipSource(location)
    elif location.suffix.lower() == ".csv":
        source = ManifestSource(location)
    else:
        raise PoolError(
            f"{location} is neither a folder, nor a .zip, nor a .csv with a column “path”."
        )
    first = next(source.entries(), None)
    if first is None:
        mend = (
            "name one file on each line below “path”"
            if isinstance(source, ManifestSource)
            else f"put {', '.join(sorted(SUFFIXES))} files there"
        )
        raise PoolError(f"{location} holds no images; {mend}.")
    if first.refused and not isinstance(source, ZipSource) and source.names_nothing():
        raise PoolError(f"{location} names no file that is read; {first.path}: {first.refused}.")
    return source


def scan(source: Source, known: Mapping[str, tuple[int, int, str]]) -> Iterator[Scanned]:
    """Read every file once; one whose (size, mtime) is `known` keeps its id unread."""
    for entry in source.entries():
        size, mtime_ns, sample_id = known.get(entry.path, (-1, -1, ""))
        if entry.refused is None and (size, mtime_ns) == (entry.size, entry.mtime_ns):
            yield Scanned(entry.path, sample_id, size, mtime_ns, None, entry.label)
            continue
        found, problem = None, entry.refused
        if problem is None:
            try:
                found = _identify(source, entry)
            except UnreadableImageError as error:
                problem = str(error)
        yield Scanned(entry.path, found, entry.size, entry.mtime_ns, problem, entry.label)


def _identify(source: Source, entry: Entry) -> str:
    """The sample id of a file whose header is that of an image within the limits."""
    if entry.size > MAX_BYTES:
        raise UnreadableImageError(_too_many_bytes(entry.size))
    try:
        data = source.read(entry.path)
    except Exception as error:  # a damaged zip raises nearly anything
        raise UnreadableImageError(f"cannot be opened: {error}") from error
    if len(data) > MAX_BYTES:
        raise UnreadableImageError(_too_many_bytes(len(data)))
    check_header(data)
    return hashlib.sha256(data).hexdigest()


def read_sample(source: Source, sample_id: str, paths: Iterable[str]) -> bytes:
    """The bytes of a sample from the first of its paths that still holds them.

    Raises UnreadableImageError: a file that was replaced since the scan is another sample.
    """
    problem = "it is no longer in the pool"
    for path in paths:
        try:
            data = source.read(path)
        except Exception as error:  # a damaged zip raises nearly anything
            problem = f"{path}: cannot be opened: {error}"
            continue
        if hashlib.sha256(data).hexdigest() == sample_id:
            return data
        problem = f"{path}: it was changed after it was scanned; open the project again"
    raise UnreadableImageError(problem)


def _too_many_bytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB is more than the limit of {MAX_BYTES / 1e6:.0f} MB for one file"
