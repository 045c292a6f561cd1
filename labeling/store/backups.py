"""The path of a project's newest backup."""

from pathlib import Path

LATEST = "latest-backup"  # a file beside the database with the newest backup's path


def backup_written(folder: Path, target: Path) -> None:
    """Write the path of the newest backup into a file beside the database."""
    (folder / LATEST).write_text(str(target.resolve()), encoding="utf-8", errors="surrogateescape")


def offered_backup(folder: Path) -> str:
    """How to restore the newest backup of a project, if one is known."""
    try:
        text = (folder / LATEST).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return "restore a backup if there is one"
    if not Path(text).is_file():
        return f"restore a backup; the newest was {text}, which does not exist any more"
    return f"bring the newest backup back by “python -m labeling restore {text} --project NEW”"
