"""What an export is written into: a folder, or one zip."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO

from labeling.errors import ExportError

_FILE_MODE = 0o644 << 16


@dataclass(frozen=True)
class Written:
    """How many records or images a format wrote, and the paths whose bytes are gone."""

    count: int
    missing: tuple[str, ...] = ()


class Container(Protocol):
    """Takes files under POSIX names relative to its root."""

    def text(self, name: str) -> AbstractContextManager[TextIO]:
        """A UTF-8 stream into a new file; no other file may be added until it is closed."""

    def put(self, name: str, data: bytes, origin: Path | None = None) -> None:
        """Add a file; a container of links points to its origin instead."""

    def folder(self, name: str) -> None:
        """Add a folder, which may stay empty."""


class FolderContainer:
    """Writes into an empty folder; `names` lists the files in it.

    With `links` it holds symbolic links to what has an origin.
    """

    def __init__(self, root: Path, *, links: bool = False) -> None:
        self._root, self._links = root, links
        self.names: list[str] = []

    @contextmanager
    def text(self, name: str) -> Iterator[TextIO]:
        with self._new(name).open("x", encoding="utf-8", newline="") as stream:
            yield stream

    def put(self, name: str, data: bytes, origin: Path | None = None) -> None:
        if self._links and origin is not None:
            self._link(name, origin)
            return
        with self._new(name).open("xb") as stream:
            stream.write(data)

    def folder(self, name: str) -> None:
        (self._root / name).mkdir(exist_ok=True)

    def _link(self, name: str, file: Path) -> None:
        try:
            self._new(name).symlink_to(file)
        except OSError as error:
            raise ExportError(
                f"Links cannot be made in this place ({error.strerror}); export copies instead."
            ) from error

    def _new(self, name: str) -> Path:
        self.names.append(name)
        return self._root / name


class ZipContainer:
    """Writes into a zip; images are stored as they are, since they are compressed already."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def text(self, name: str) -> Iterator[TextIO]:
        info = _info(name, zipfile.ZIP_DEFLATED)
        with (
            self._archive.open(info, "w", force_zip64=True) as raw,
            io.TextIOWrapper(raw, encoding="utf-8", newline="") as stream,
        ):
            yield stream

    def put(self, name: str, data: bytes, origin: Path | None = None) -> None:
        self._archive.writestr(_info(name, zipfile.ZIP_STORED), data)

    def folder(self, name: str) -> None:
        self._archive.mkdir(name)


def _info(name: str, compression: int) -> zipfile.ZipInfo:
    # Always ZipInfo's date of 1980: the same answers give the same zip.
    info = zipfile.ZipInfo(name)
    info.compress_type = compression
    info.external_attr = _FILE_MODE
    return info
