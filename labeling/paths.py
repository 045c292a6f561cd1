"""Where Hone keeps what it remembers: its home, and the folder of each project."""

import hashlib
import re
from pathlib import Path

from labeling.environment import HOME
from labeling.errors import PoolError

DATABASE = "hone.sqlite"  # its presence marks a project's folder …
SCHEMA_FILE = "hone.postgresql"  # … or that of the name of its schema in PostgreSQL
MARK = "hone.mark"  # … or that of what is remembered of its database
LEAD = "hone.lead"  # locked by the process that leads
HEADS = "heads"  # folders in that of a project
BACKUPS = "backups"
CLASS_LIST = "classes.txt"  # beside a pool: the names of its classes


def home() -> Path:
    """Where projects live: $HONE_HOME, or `.hone` in the current folder."""
    return Path(HOME.value()).expanduser().resolve()


def default_folder(pool: Path, place: Path | None = None) -> Path:
    """The project folder of a pool in `place` (by default `home()`), the same each time."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", pool.stem).strip("-") or "pool"
    return (place or home()) / f"{name}-{hashlib.sha256(str(pool).encode()).hexdigest()[:8]}"


def locate(pool: str | Path, folder: str | Path | None = None) -> tuple[Path, Path]:
    """(pool, project folder) as absolute paths, without opening either."""
    try:
        location = Path(pool).expanduser().resolve()
        return location, Path(folder).expanduser().resolve() if folder else default_folder(location)
    except (OSError, RuntimeError, ValueError) as error:  # no such user, or a zero byte
        raise PoolError(f"{pool!s} is not a path that can be used: {error}.") from error


def project_key(folder: Path) -> str:
    """What stands for the project of a folder in addresses and tokens."""
    return hashlib.sha256(str(folder).encode()).hexdigest()[:12]


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can look into; one that is there stays as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
