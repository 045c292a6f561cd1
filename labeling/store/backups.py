"""The path of a project's newest backup."""

import shlex
from pathlib import Path

from labeling.paths import BACKUPS

LATEST = "latest-backup"  # a file beside the database with the newest backup's path

AUTOMATIC = "auto-"  # begins the names of backups that Hone has made by itself


def backup_written(folder: Path, target: Path) -> None:
    """Write the path of the newest backup into a file beside the database."""
    (folder / LATEST).write_text(str(target.resolve()), encoding="utf-8", errors="surrogateescape")


def automatic_backups(folder: Path) -> list[Path]:
    """The backups that Hone has made by itself, newest first."""
    return sorted((folder / BACKUPS).glob(f"{AUTOMATIC}*.zip"), reverse=True)


def offered_backup(folder: Path, into: str = "NEW") -> str:
    """How to restore the newest backup of a project, if one is known."""
    text, newest = _latest(folder), next(iter(automatic_backups(folder)), None)
    found = Path(text) if text and Path(text).is_file() else newest
    if found is None and text:
        return f"restore a backup; the newest was {text}, which does not exist any more"
    if found is None:
        return "restore a backup if there is one"
    command = f"python -m labeling restore {shlex.quote(str(found))} --project {shlex.quote(into)}"
    return f"bring the newest backup back by “{command}”"


def _latest(folder: Path) -> str:
    try:
        return (folder / LATEST).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
