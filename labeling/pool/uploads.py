"""Files that come through the browser, put into the folder of a pool."""

import os
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path, PurePosixPath
from typing import IO

from labeling.errors import PoolError
from labeling.media import MEDIA, medium_of, suffixes
from labeling.pool.archive import ZipSource
from labeling.pool.manifest import is_manifest
from labeling.pool.tables import TABLES
from labeling.wording import amount

HIDDEN = ".uploading"  # a scan passes over hidden files, so it never sees half of one
LONGEST_NAME = 240  # bytes; file systems take 255, and a number may be added
LARGEST_TABLE = 2_000_000_000  # bytes
ONE_AT_A_TIME = threading.Lock()  # two people may add files of the same name


@dataclass
class Uploaded:
    """How uploaded files were taken.

    `added` counts new ones, `known` those that were there already with the same bytes; `refused`
    is the reason for each of the others, by name.
    """

    added: int = 0
    known: int = 0
    refused: dict[str, str] = field(default_factory=dict)


def accepted(medium: str | None) -> list[str]:
    """The ends of the names of files for a pool of a medium, or for a new one."""
    return [*suffixes(medium), *(() if medium else sorted(set(TABLES) - set(suffixes()))), ".zip"]


def upload(
    folder: Path, files: Iterable[tuple[str, IO[bytes]]], medium: str | None = None
) -> Uploaded:
    """Put samples, and those inside of zips, into a folder; each is (name, content).

    To a pool that is there only files of its `medium` are added; a new one may be a table too.

    A zip keeps its own folders, since their names may be classes. Nothing is overwritten: a file
    with the name of another gets a number. Raises PoolError where the folder cannot be written or
    the disk is full; what was added until then stays.
    """
    done = Uploaded()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ONE_AT_A_TIME:
            for name, content in files:
                if name.lower().endswith(".zip"):
                    _unpack(folder, name, content, medium, done)
                else:
                    path = PurePosixPath(name.replace("\\", "/")).name
                    _put(folder, path, content.read(_most(path) + 1), medium, done)
    except OSError as error:
        raise PoolError(
            f"{folder} takes no more files: {error.strerror}. {amount(done.added, 'file')} "
            "came in. Make room or allow writing there, then add all of them again."
        ) from error
    return done


def place_of(folder: Path) -> Path:
    """What is opened of a folder of uploaded files: itself, or the one table that says what is in.

    A table beside other files has to name them.
    """
    files = [one for one in folder.iterdir() if one.is_file() and not one.name.startswith(".")]
    if len(files) == 1 and files[0].suffix.lower() in TABLES:
        return files[0]
    tables = [one for one in files if one.suffix.lower() == ".csv"]
    return tables[0] if len(tables) == 1 and is_manifest(tables[0]) else folder


def _most(path: str) -> int:
    medium = medium_of(path)
    return MEDIA[medium].most_bytes if medium else LARGEST_TABLE


def _unpack(
    folder: Path, name: str, content: IO[bytes], medium: str | None, done: Uploaded
) -> None:
    with tempfile.NamedTemporaryFile(dir=folder, prefix=HIDDEN, suffix=".zip") as whole:
        while part := content.read(1 << 20):
            whole.write(part)
        whole.flush()
        try:
            source = ZipSource(Path(whole.name), medium)
        except PoolError as error:
            done.refused[name] = str(error).replace(whole.name, name)
            return
        entries = list(source.entries())
        if not entries:
            done.refused[name] = f"it holds no {', '.join(suffixes(medium))} file"
        for entry in entries:
            data, refused = b"", entry.refused
            try:
                data = data if refused else source.read(entry.path)
            except Exception as error:  # a damaged zip raises nearly anything
                refused = f"cannot be opened: {error}"
            if refused:
                done.refused[f"{name}: {entry.path}"] = refused
            else:
                _put(folder, entry.path.replace("\\", "/"), data, medium, done)


def _put(folder: Path, path: str, data: bytes, medium: str | None, done: Uploaded) -> None:
    if reason := _refusal(folder, path, data, medium):
        done.refused[path] = reason
        return
    wanted = folder / path
    wanted.parent.mkdir(parents=True, exist_ok=True)
    for number in count(2):
        if not wanted.exists():
            break
        if wanted.stat().st_size == len(data) and wanted.read_bytes() == data:
            done.known += 1
            return
        wanted = (folder / path).with_stem(f"{Path(path).stem}-{number}")
    half = wanted.parent / HIDDEN
    try:
        with half.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        half.replace(wanted)
    finally:
        half.unlink(missing_ok=True)
    done.added += 1


def _refusal(folder: Path, path: str, data: bytes, medium: str | None) -> str | None:
    name = PurePosixPath(path)
    if name.name.startswith(".") or name.suffix.lower() not in accepted(medium)[:-1]:
        return f"Hone reads {', '.join(accepted(medium)[:-1])} here, and zips of them"
    if len(data) > _most(path):
        return f"it is larger than {_most(path) / 1e6:,.0f} MB"
    if any(len(part.encode()) > LONGEST_NAME for part in path.split("/")):
        return f"its name has more than {LONGEST_NAME} bytes; make it shorter"
    if not (folder / path).resolve().is_relative_to(folder.resolve()):
        return "a link in the folder leads elsewhere"
    return None
