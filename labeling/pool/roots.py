"""Roots: the folders whose files any manifest may name and any link may lead to."""

import re
from pathlib import Path

from labeling.environment import IMAGE_ROOTS

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/", re.ASCII)  # not C:/, which is a path

OUTSIDE = (
    "it is a link out of the folder; if you trust the folder, start Hone with "
    f"{IMAGE_ROOTS.name}={{}}"
)
LINKED_FOLDER = "it is a link to a folder elsewhere, which is not followed; open that folder itself"


class Roots:
    """The folder of a pool, and those that the person at the server allows beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._roots = (self._folder, *IMAGE_ROOTS.value())
        self._real: dict[Path, Path] = {}

    def refusal(self, path: str) -> str | None:
        """Why a path of a manifest must not be read; None if its file lies in a root."""
        if ADDRESS.match(path):
            return "it is an address, and Hone fetches nothing; download the file, and name that"
        file = self._folder / path
        try:
            real = file.resolve() if file.is_symlink() else self._folder_of(file) / file.name
        except (OSError, ValueError, RuntimeError):  # a zero byte, or links in a circle
            return None  # opening it fails too, with the reason
        if self._holds(real):
            return None
        return (
            f"it lies outside the folder of the manifest; if you trust the manifest, start Hone "
            f"with {IMAGE_ROOTS.name}={real.parent}"
        )

    def leads_out(self, file: Path) -> bool:
        """Whether a file or folder is a link out of all roots; cheap if it is no link.

        A link to nothing does not count: opening it fails with the reason.
        """
        return file.is_symlink() and file.exists() and self.outside(file)

    def outside(self, file: Path) -> bool:
        """Whether a file really lies outside all roots, after all links are followed."""
        try:
            return not self._holds(file.resolve())
        except (OSError, ValueError, RuntimeError):
            return False

    def _holds(self, real: Path) -> bool:
        return any(real.is_relative_to(root) for root in self._roots)

    def _folder_of(self, file: Path) -> Path:
        """The real folder of a file; a pool has far fewer folders than files."""
        folder = file.parent
        if folder not in self._real:
            self._real[folder] = folder.resolve()
        return self._real[folder]
