"""Arrays in one file: written whole or not at all, and read without pickle."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt


class DamagedFileError(ValueError):
    """Raised if the content of a file is not what `save_arrays` wrote."""


def save_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write named arrays and numbers to `path`; an earlier file stays until all is on the disk."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays that `save_arrays` wrote.

    Raises
    ------
    OSError
        The file cannot be opened.
    DamagedFileError
        The file is damaged, holds objects, or is compressed.
    """
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
                    raise ValueError("it is compressed, and its size would be unlimited")
            file.seek(0)
            with np.load(file, allow_pickle=False) as stored:
                return dict(stored)
        # Damaged bytes raise any of a dozen types (zip, struct, numpy); all mean the same here.
        except Exception as error:
            raise DamagedFileError(str(error)) from error
