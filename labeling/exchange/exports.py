"""Exports: labels as a folder or one file, in any of the FORMATS."""

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

from labeling.errors import ExportError
from labeling.exchange.containers import FolderContainer, ZipContainer
from labeling.exchange.destination import check_folder, put_in_place, staging, write_marker
from labeling.exchange.formats import FORMATS, Format, class_folders
from labeling.exchange.names import safe_name
from labeling.exchange.records import Contents
from labeling.pool.folder import FolderSource
from labeling.project.project import Project


@dataclass(frozen=True)
class Export:
    """What was written: a folder or one file, with the number of records or images in it.

    `missing` are the paths of labeled files whose labeled bytes the pool no longer holds.
    """

    path: Path
    count: int
    missing: tuple[str, ...] = ()


def export(
    project: Project,
    format: str,
    target: str | Path,
    *,
    link: bool = False,
    pseudonyms: bool = False,
) -> Export:
    """Write the project's answers into a folder, or into one file.

    One file is written where the target ends in the format's suffix. An earlier export in the
    same folder is replaced as a whole; anything else is never overwritten. With `link` the
    class folders hold symbolic links instead of copies; with `pseudonyms` people stay unnamed.

    Raises ExportError, and leaves the target as it was, if that cannot be done.
    """
    form = _format(format)
    place = Path(target).expanduser().resolve()
    if link and (not form.images or form.zipped):
        raise ExportError(f"“{format}” holds no files in folders; leave out the links.")
    if form.zipped and place.suffix.lower() != form.suffix:
        place = place.with_name(place.name + form.suffix)
    as_file = place.suffix.lower() == form.suffix
    if as_file and place.exists():
        raise ExportError(f"{place} exists already; delete it, or choose another name.")
    if link:
        class_folders.check_links(project.source, as_file=as_file)
    if form.images and not as_file:
        _refuse_pool(project, place)
    contents = Contents.of(project, history=form.history, pseudonyms=pseudonyms)
    if as_file:
        return _write_file(form, place, contents)
    return _write_folder(project, format, place, contents, links=link)


def as_download(project: Project, format: str, *, pseudonyms: bool = False) -> Path:
    """One file in the project's folder with the export, made again at each call."""
    form = _format(format)
    name = f"{safe_name(project.name)}-{format}{form.suffix}"
    contents = Contents.of(project, history=form.history, pseudonyms=pseudonyms)
    return _write_file(form, project.exports / name, contents).path


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise ExportError(f"There is no format “{name}”; choose one of {', '.join(FORMATS)}.")
    return FORMATS[name]


def _refuse_pool(project: Project, target: Path) -> None:
    """Copies among the images of the pool would be found as new images."""
    pool = project.source.location
    if not isinstance(project.source, FolderSource) or not target.is_relative_to(pool):
        return
    if not any(part.startswith(".") for part in target.relative_to(pool).parts):
        raise ExportError(
            f"{target} lies among the files of the pool, where the copies would be found as "
            "new ones; choose a folder elsewhere."
        )


def _write_folder(
    project: Project, format: str, target: Path, contents: Contents, *, links: bool
) -> Export:
    stamp = {"hone": "export", "format": format, "project": project.name, "key": project.key}
    check_folder(target, stamp)
    with staging(target) as staged:
        content = staged / "content"
        content.mkdir()
        container = FolderContainer(content, links=links)
        written = FORMATS[format].write(contents, container)
        write_marker(content, stamp, container.names)
        check_folder(target, stamp)  # it may have been filled while the images were copied
        put_in_place(content, target)
    return Export(target, written.count, written.missing)


def _write_file(form: Format, target: Path, contents: Contents) -> Export:
    with staging(target) as staged:
        content = staged / "content"
        if form.suffix == ".zip":
            with zipfile.ZipFile(content, "w") as archive:
                written = form.write(contents, ZipContainer(archive))
        else:
            content.mkdir()
            container = FolderContainer(content)
            written = form.write(contents, container)
            (name,) = container.names
            content = content / name
        os.replace(content, target)
    return Export(target, written.count, written.missing)
