"""A project: one pool of images and one folder that holds all that is known of it."""

import hashlib
import os
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from labeling.answers.consensus import Overlap
from labeling.errors import ClassNameError, HoneError, PoolError, ProjectError
from labeling.pool.roots import Roots
from labeling.pool.scan import Source, open_source
from labeling.store import Store, open_store


@dataclass(frozen=True)
class Settings:
    """What a person may choose for a project.

    `query` names how samples are picked, `head` what learns from the labels ("auto": whatever is
    better on them), `backbone` what turns images into embeddings (None: not chosen yet, the
    default for device and pool) and `features` which of its outputs (see models.encoders.features).
    `next_backbone` with `next_features` is embedded in the background, to be switched to.
    `audit_share` is the share of samples drawn uniformly at random and shown without a pre-label,
    `labels_from_folders` whether class folders become imported answers, and `pinned_round` a
    restored round that stays until training is resumed. `overlap_share` of the pool is answered by
    `overlap_people`, none of whom sees what the others say; `goal_person` and `goal_team` are
    labels to reach, 0 for none.
    """

    query: str = "uncertainty_herding"
    head: str = "auto"
    backbone: str | None = None
    features: str = "pooled"
    next_backbone: str | None = None
    next_features: str = "pooled"
    audit_share: float = 0.1
    seed: int = 0
    labels_from_folders: bool = False
    pinned_round: int | None = None
    overlap_share: float = 0.0
    overlap_people: int = 2
    goal_person: int = 0
    goal_team: int = 0

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> "Settings":
        """What was stored, perhaps by another version; the rest as it is by default."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in (stored or {}).items() if name in names})

    @property
    def overlap(self) -> Overlap:
        """Which samples several people answer."""
        return Overlap(self.overlap_share, self.overlap_people)


@dataclass(frozen=True)
class Project:
    """An open project; everything below `folder` can be copied or deleted as one."""

    folder: Path
    source: Source
    store: Store

    @property
    def name(self) -> str:
        location = self.source.location
        return (location.name if location.is_dir() else location.stem) or "pool"

    @property
    def key(self) -> str:
        """Stands for the project in addresses and tokens."""
        return project_key(self.folder)

    @property
    def embeddings(self) -> Path:
        return self.folder / "embeddings"

    @property
    def heads(self) -> Path:
        return self.folder / "heads"

    @property
    def thumbnails(self) -> Path:
        return self.folder / "thumbnails"

    @property
    def exports(self) -> Path:
        return self.folder / "exports"

    def settings(self) -> Settings:
        """The stored settings; whatever was never set has its default."""
        return Settings.of(self.store.setting("settings"))

    def change(self, **values: Any) -> Settings:
        """Store some settings anew and return them all; what others change meanwhile stays."""

        def revised(stored: dict[str, Any] | None) -> dict[str, Any]:
            return asdict(replace(Settings.of(stored), **values))

        return Settings.of(self.store.revise("settings", revised))

    def close(self) -> None:
        self.store.close()


def home() -> Path:
    """Where projects live: $HONE_HOME, or `.hone` in the current folder."""
    return Path(os.environ.get("HONE_HOME") or ".hone").expanduser().resolve()


def default_folder(pool: Path, place: Path | None = None) -> Path:
    """The project folder of a pool in `place` (by default `home()`), the same each time."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", pool.stem).strip("-") or "pool"
    return (place or home()) / f"{name}-{hashlib.sha256(str(pool).encode()).hexdigest()[:8]}"


def open_project(pool: str | Path, folder: str | Path | None = None) -> Project:
    """Open the project of a pool, made if it is new.

    Raises PoolError or ProjectError with the reason and the mend.
    """
    location, place = locate(pool, folder)
    source = open_source(location)
    if place == location:
        raise ProjectError(
            f"{place} holds the images; choose another folder for the project, or leave it out."
        )
    _make_writable(place)
    store = open_store(place)
    try:
        _bind(store, location, place)
    except HoneError:
        store.close()
        raise
    return Project(place, source, store)


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


def _bind(store: Store, location: Path, folder: Path) -> None:
    """Make a new project that of a pool; raise if it is that of another."""
    known = store.setting("pool")
    if known is not None and known != str(location):
        raise ProjectError(
            f"The project in {folder} labels {known}, not {location}; "
            "choose another project folder, or leave it out."
        )
    if known is None:
        _read_class_list(location, store)
        store.set("pool", str(location))


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can look into; one that is there stays as it is."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def _make_writable(folder: Path) -> None:
    try:
        if folder.parent == home():
            make_private(home())
        make_private(folder)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ProjectError(
            f"The project folder {folder} cannot be written to ({error.strerror}); "
            "choose another with PROJECT=path, or give yourself the right to write there."
        ) from error


def _read_class_list(location: Path, store: Store) -> None:
    """Create the classes that a `classes.txt` beside the images names, one on each line."""
    file = (location if location.is_dir() else location.parent) / "classes.txt"
    if not file.is_file():
        return
    if Roots(file.parent).leads_out(file):
        raise PoolError(f"The class list {file} is a link out of its folder; put a copy there.")
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PoolError(f"The class list {file} cannot be read as UTF-8: {error}.") from error
    for line in filter(str.strip, lines):
        try:
            store.classes.ensure(line)
        except ClassNameError as error:
            raise PoolError(f"The class list {file} cannot be used. {error}") from error
