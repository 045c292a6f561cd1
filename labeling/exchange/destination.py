"""Where an export goes: never over anything but an earlier export, and all of it or nothing."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labeling.errors import ExportError

MARKER = "hone-export.json"
_CLUTTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})  # left behind by file browsers


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """A new, empty folder beside the target; whatever is left in it is removed at the end.

    Raises ExportError for any trouble with the file system.
    """
    staged = target.with_name(f".{target.name[:80]}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        staged.mkdir(parents=True)
        try:
            yield staged
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise ExportError(
            f"The export to {target} failed ({error.strerror or error}); "
            "choose a place with enough room that you may write to."
        ) from error


def check_folder(target: Path, stamp: dict[str, Any]) -> None:
    """Raise ExportError unless the target is new, empty, or holds this export from earlier."""
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(f"{target} is a file; choose a folder to export into.")
    present = list(_files(target))
    if not present:
        return
    marker = _read_marker(target)
    known = set(marker.pop("files", ())) | {MARKER}
    if not marker:
        raise ExportError(
            f"{target} is not empty and holds no earlier export of Hone; choose another folder."
        )
    if marker != stamp:
        raise ExportError(
            f"{target} holds another export ({marker.get('format')} of {marker.get('project')}); "
            "choose another folder, or delete that export first."
        )
    foreign = [name for name in present if name not in known]
    if foreign:
        raise ExportError(
            f"{target} holds files that are not of the earlier export, such as {foreign[0]}; "
            "move them elsewhere, or choose another folder."
        )


def write_marker(staged: Path, stamp: dict[str, Any], names: Sequence[str]) -> None:
    """Leave a note of what the export holds, so that it can be replaced later."""
    text = json.dumps({**stamp, "files": names}, ensure_ascii=False, indent=0)
    (staged / MARKER).write_text(text, encoding="utf-8")


def put_in_place(staged: Path, target: Path) -> None:
    """Make a staged folder the target; remove the earlier export once the new one is there."""
    with staging(target) as place:
        earlier = place / "earlier"
        if target.exists():
            os.rename(target, earlier)
        try:
            os.rename(staged, target)
        except BaseException:  # even an interrupted export must not cost the earlier one
            if earlier.exists() and not target.exists():
                os.rename(earlier, target)
            raise


def _files(folder: Path) -> Iterator[str]:
    """Every file and link below a folder except file browsers' clutter, relative and sorted."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if Path(root, name).is_symlink()]
        for name in sorted([*names, *links]):
            if name not in _CLUTTER:
                yield Path(root, name).relative_to(folder).as_posix()


def _read_marker(folder: Path) -> dict[str, Any]:
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return marker if isinstance(marker, dict) and marker.get("hone") == "export" else {}
