"""Previews that were made once and are kept in a project's folder."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def cached_copy(folder: Path, sample_id: str, size: str, make: Callable[[], bytes]) -> bytes:
    """The preview kept in `folder`, made on first use; safe under concurrent requests."""
    if (kept := kept_copy(folder, sample_id, size)) is not None:
        return kept
    content, file = make(), _copy_of(folder, sample_id, size)
    partial = file.with_suffix(f".{os.getpid()}-{os.urandom(4).hex()}")
    with suppress(OSError):  # a full disk must not keep the image from the screen
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        os.replace(partial, file)
    return content


def kept_copy(folder: Path, sample_id: str, size: str) -> bytes | None:
    """The preview kept in `folder`, if there is one."""
    try:
        return _copy_of(folder, sample_id, size).read_bytes()
    except OSError:
        return None


def _copy_of(folder: Path, sample_id: str, size: str) -> Path:
    return folder / sample_id[:2] / f"{sample_id}-{size}.webp"
