"""Where a project's newest backup is."""

from pathlib import Path

LATEST = "latest-backup"  # beside the database: where its newest backup is


def backup_written(folder: Path, target: Path) -> None:
    """Remember, beside the database, where its newest backup is."""
    (folder / LATEST).write_text(str(target.resolve()), encoding="utf-8", errors="surrogateescape")


def offered_backup(folder: Path) -> str:
    """How the newest backup of a project is brought back, where one is known."""
    try:
        text = (folder / LATEST).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return "restore a backup if there is one"
    if not Path(text).is_file():
        return f"restore a backup; the newest was {text}, which is not there any more"
    return f"bring the newest backup back by “python -m labeling restore {text} --project NEW”"
