"""A folder as a pool: every sample below it, and what of it must not be read."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import ClassVar

from labeling.errors import files_to_spare
from labeling.media import main_medium, medium_of
from labeling.paths import CLASS_LIST, DATABASE, SCHEMA_FILE
from labeling.pool.filenames import LABELS_IN_FOLDERS, folder_class, in_order
from labeling.pool.roots import LINKED_FOLDER, OUTSIDE, Roots
from labeling.pool.source import Entry, entry_of

FIRST_LOOK = 50
A_FEW = 1000  # files that tell the medium


class FolderSource:
    """Every file of one medium below a folder; its class is the name of the folder it lies in.

    By default, the medium is that of nearly all files, or else images.
    """

    labels_in: ClassVar = LABELS_IN_FOLDERS
    labels_meant: ClassVar = False

    def __init__(self, location: Path, medium: str | None = None) -> None:
        self.location = location
        self._roots = Roots(location)
        self.medium = medium or main_medium(islice(self._names(), A_FEW))

    def entries(self) -> Iterator[Entry]:
        waiting = [""]  # folders as they begin the paths of their files
        while waiting:
            below = waiting.pop()
            folder = self.location / below
            names, folders, links = _listing(folder)
            leading_out = {one for one in links & folders if self._roots.leads_out(folder / one)}
            inner = [one for one in folders - links if self._belongs(folder, one)]
            waiting += [f"{below}{one}/" for one in reversed(in_order(inner))]
            for name in in_order(names | leading_out):
                ours = medium_of(name) == self.medium and below + name != CLASS_LIST
                if name.startswith(".") or not (ours or name in leading_out):
                    continue
                refused = LINKED_FOLDER if name in leading_out else None
                if name in links - folders:
                    refused = self._refusal(folder / name)
                path = below + name
                yield entry_of(path, os.path.join(folder, name), folder_class(path), refused)

    def context(self, path: str) -> Mapping[str, str]:
        return {}

    def _names(self) -> Iterator[str]:
        """The names of files in any order: the first come at once, also of a million."""
        waiting = [self.location]
        while waiting:
            folder = waiting.pop()
            with suppress(OSError), files_to_spare(), os.scandir(folder) as found:
                for one in found:
                    if not one.is_dir():
                        yield one.name
                    elif not one.is_symlink() and self._belongs(folder, one.name):
                        waiting.append(folder / one.name)

    def _belongs(self, folder: Path, name: str) -> bool:
        """Whether a folder is neither hidden nor a project, whose thumbnails are images too."""
        marks = (Path(folder, name, one) for one in (DATABASE, SCHEMA_FILE))
        return not name.startswith(".") and not any(one.exists() for one in marks)

    def read(self, path: str) -> bytes:
        file = self.location / path
        if self._roots.outside(file):  # a link may have come since the scan, to a folder too
            raise PermissionError(OUTSIDE.format(file.resolve().parent))
        return file.read_bytes()

    def names_nothing(self) -> bool:
        """Whether its first files are links that lead out of it; then all files may be."""
        files = (self.location / entry.path for entry in islice(self.entries(), FIRST_LOOK))
        return all(map(self._roots.leads_out, files))

    def _refusal(self, file: Path) -> str | None:
        return OUTSIDE.format(file.resolve().parent) if self._roots.leads_out(file) else None


def _listing(folder: Path) -> tuple[set[str], set[str], set[str]]:
    """Names of files and of folders, and which are links; nothing if it cannot be opened."""
    files, folders, links = set[str](), set[str](), set[str]()
    with suppress(OSError), files_to_spare(), os.scandir(folder) as found:
        for one in found:
            (folders if one.is_dir() else files).add(one.name)
            if one.is_symlink():
                links.add(one.name)
    return files, folders, links
