"""A project: one pool of samples and one folder that holds all that is known of it."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeling.errors import (
    HoneError,
    PoolError,
    ProjectError,
    UnreadableError,
)
from labeling.media import DEFAULT_MEDIUM, MEDIA, Medium
from labeling.media.decoders import DECODERS, Decoders
from labeling.media.kept import cached_copy, kept_copy
from labeling.paths import (
    BACKUPS,
    CLASS_LIST,
    HEADS,
    home,
    locate,
    make_private,
    project_key,
)
from labeling.pool.opening import open_source
from labeling.pool.roots import Roots
from labeling.pool.scan import read_sample
from labeling.pool.source import Source
from labeling.settings import Settings
from labeling.store import Sample, Store, open_store

if TYPE_CHECKING:
    from models.encoders.preprocess import Framing

TEXT_COLUMN, MEDIUM = "text_column", "medium"  # settings that never change


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
    def medium(self) -> Medium:
        """What the samples are."""
        return MEDIA[self.source.medium]

    @property
    def embeddings(self) -> Path:
        return self.folder / "embeddings"

    @property
    def heads(self) -> Path:
        return self.folder / HEADS

    @property
    def backups(self) -> Path:
        return self.folder / BACKUPS

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
        """Store some settings and return them all; changes by others meanwhile stay."""

        def revised(stored: dict[str, Any] | None) -> dict[str, Any]:
            return asdict(replace(Settings.of(stored), **values))

        return Settings.of(self.store.revise("settings", revised))

    def framed(
        self, sample_ids: Sequence[str], framing: "Framing | None", decoders: Decoders = DECODERS
    ) -> list[Any]:
        """What an encoder sees of each sample, or the UnreadableError that says why nothing."""
        samples = self.store.samples.many(sample_ids)
        framed: list[Any] = []
        for key in sample_ids:
            try:
                framed.append(self._framed(_found(samples.get(key)), framing, decoders))
            except UnreadableError as error:
                framed.append(error)
        return framed

    def _framed(self, sample: Sample, framing: "Framing | None", decoders: Decoders) -> Any:
        read = partial(read_sample, self.source, sample.id, sample.paths)
        if self.medium.isolated:
            return decoders.frame(read, sample.kind, sample.paths[0], framing)
        return self.medium.frame(read(), sample.paths[0], framing)

    def preview(self, sample_id: str, size: str) -> bytes:
        """What a browser shows of a sample; raises UnreadableError."""

        def made() -> bytes:  # only now is the store asked which file it is
            sample = _found(self.store.samples.get(sample_id))
            read = partial(read_sample, self.source, sample_id, sample.paths)
            if self.medium.isolated:
                return DECODERS.preview(read, sample.kind, sample_id[:12], size)
            data, context = read(), self.source.context(sample.paths[0])
            return self.medium.preview(data, sample.paths[0], size, context)

        if not self.medium.isolated:
            return made()
        return cached_copy(self.thumbnails, sample_id, size, made)

    def kept_preview(self, sample_id: str, size: str) -> bytes | None:
        """The preview of a sample if it was made before."""
        return kept_copy(self.thumbnails, sample_id, size) if self.medium.isolated else None

    def close(self) -> None:
        self.store.close()


def open_project(
    pool: str | Path, folder: str | Path | None = None, text_column: str | None = None
) -> Project:
    """Open the project of a pool; make it if it is new.

    `text_column` names the column of a table that holds the texts. Raises PoolError or ProjectError
    with the reason and the remedy.
    """
    location, place = locate(pool, folder)
    source = open_source(location, column=text_column)
    if place == location:
        raise ProjectError(
            f"{place} is the pool itself; choose another folder for the project, or leave it out."
        )
    _make_writable(place)
    store = open_store(place)
    try:
        source = _bind(store, source, place, text_column)
    except HoneError:
        store.close()
        raise
    return Project(place, source, store)


def _found(sample: Sample | None) -> Sample:
    if sample is None or not sample.paths:
        raise UnreadableError("it is no longer in the pool")
    return sample


def _bind(store: Store, source: Source, folder: Path, text_column: str | None) -> Source:
    """Bind a new project to a pool; raise if it belongs to another, or to another column.

    What its samples are stays as it was, whatever most files are by now.
    """
    location, known = source.location, store.setting("pool")
    if known is not None and known != str(location):
        raise ProjectError(
            f"The project in {folder} labels {known}, not {location}; "
            "choose another project folder, or leave it out."
        )
    column = getattr(source, "column", None)
    if known is None:
        _read_class_list(location, store)
        store.set(MEDIUM, source.medium)
        store.set(TEXT_COLUMN, column)
        store.set("pool", str(location))
        return source
    medium = store.setting(MEDIUM) or DEFAULT_MEDIUM  # an earlier Hone knew images only
    kept = store.setting(TEXT_COLUMN)
    if text_column not in (None, kept):
        raise ProjectError(
            f"The project in {folder} labels the column “{kept}”, not “{text_column}”; choose "
            "another project folder."
        )
    same = (source.medium, column) == (medium, kept)
    return source if same else open_source(location, medium, kept)


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
    file = (location if location.is_dir() else location.parent) / CLASS_LIST
    if not file.is_file():
        return
    if Roots(file.parent).leads_out(file):
        raise PoolError(f"The class list {file} is a link out of its folder; put a copy there.")
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PoolError(f"The class list {file} cannot be read as UTF-8: {error}.") from error
    found = store.class_lists.sift(lines)
    for one in found.refused:
        raise PoolError(f"The class list {file} cannot be used. {one.reason}")
    if found.names:
        store.class_lists.create(found.names)
