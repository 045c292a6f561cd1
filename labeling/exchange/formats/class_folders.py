"""A folder of files for each class, with the manifest `labels.csv` and `classes.csv`."""

from pathlib import Path, PurePath

from labeling.errors import ExportError
from labeling.exchange.containers import Container, Written
from labeling.exchange.destination import MARKER
from labeling.exchange.formats.csv import write_classes, write_records
from labeling.exchange.names import file_name, folder_names
from labeling.exchange.records import GONE, Contents
from labeling.media import MEDIA
from labeling.pool.folder import FolderSource
from labeling.pool.manifest import ManifestSource
from labeling.pool.scan import sample_id_of
from labeling.pool.source import Source

_OWN_FILES = ("labels.csv", "classes.csv", MARKER)


def write(contents: Contents, container: Container) -> Written:
    """Put every labeled file, or a link to it, into the folder of its class.

    Class folders are flat, since many readers take the innermost folder for the class: a file keeps
    its base name, and a second one of that name in a class gets a part of its hash. The column
    `file` of labels.csv and the column `folder` of classes.csv say what went where. Every class has
    a folder, but an archived one only if it has labels. Skipped, unsure and unanswered files are
    only in labels.csv. A file that is gone, or whose bytes are no longer those that were labeled,
    is missing.
    """
    used = {answer.class_id for answer in contents.answers}
    wanted = {one.id: one.name for one in contents.classes if one.active or one.id in used}
    folders = folder_names(wanted, _OWN_FILES)
    for folder in folders.values():
        container.folder(folder)
    files: dict[str, str] = {}
    missing: list[str] = []
    taken: dict[int, set[str]] = {key: set() for key in folders}
    suffix = MEDIA[contents.source.medium].suffix  # of a row, which has no name
    for record in contents.records():
        if record.class_id is None:
            continue
        data = _read(contents.source, record.path, record.sha256)
        if data is None:
            missing.append(record.path or record.sha256)
            continue
        key = record.class_id
        named = record.path if PurePath(record.path).suffix else record.path + suffix
        name = f"{folders[key]}/{file_name(named, record.sha256, taken[key])}"
        container.put(name, data, _origin(contents.source, record.path))
        files[record.path] = name
    write_records(contents, container, files)
    write_classes(contents, container, folders)
    return Written(len(files), tuple(missing))


def _read(source: Source, path: str, sha256: str) -> bytes | None:
    """The bytes that were labeled, or None if the pool no longer holds them."""
    if not path:
        return None
    try:
        data = source.read(path)
        return data if sample_id_of(source, data) == sha256 else None
    except GONE:
        return None


def check_links(source: Source, *, as_file: bool) -> None:
    """Raise ExportError if links to this source, or links in one file, are not possible."""
    if as_file:
        raise ExportError("A zip cannot hold links; export copies, or export into a folder.")
    if not isinstance(source, FolderSource | ManifestSource):
        raise ExportError(
            f"Links cannot point into {source.location}; "
            "export copies instead, or unpack the zip and open its folder."
        )


def _origin(source: Source, path: str) -> Path | None:
    """Where a file of a folder or manifest lies; None for one in a zip."""
    if isinstance(source, FolderSource):
        return (source.location / path).resolve()
    if isinstance(source, ManifestSource):
        return (source.location.parent / path).resolve()
    return None
