"""Where samples come from: a folder, a zip or a table, scanned into samples."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from labeling.errors import ScarceError, UnreadableError, files_to_spare
from labeling.media import MEDIA
from labeling.pool.source import Entry, Source


@dataclass(frozen=True)
class Scanned:
    """One file after it was read: its sample's id, or the problem with it."""

    path: str
    sample_id: str | None
    size: int
    mtime_ns: int
    problem: str | None = None
    label: str | None = None


def scan(source: Source, known: Mapping[str, tuple[int, int, str]]) -> Iterator[Scanned]:
    """Read every file once; one whose (size, mtime) is `known` keeps its id without being read."""
    for entry in source.entries():
        size, mtime_ns, sample_id = known.get(entry.path, (-1, -1, ""))
        if entry.refused is None and (size, mtime_ns) == (entry.size, entry.mtime_ns):
            yield Scanned(entry.path, sample_id, size, mtime_ns, None, entry.label)
            continue
        found, problem = None, entry.refused
        if problem is None:
            try:
                found = _identify(source, entry)
            except UnreadableError as error:
                problem = str(error)
        yield Scanned(entry.path, found, entry.size, entry.mtime_ns, problem, entry.label)


def _identify(source: Source, entry: Entry) -> str:
    """The sample id of a file within the limits of its medium."""
    medium = MEDIA[source.medium]
    if entry.size > medium.most_bytes:
        raise UnreadableError(_too_many_bytes(entry.size, medium.most_bytes))
    try:
        with files_to_spare():
            data = source.read(entry.path) if entry.data is None else entry.data
    except ScarceError:
        raise
    except Exception as error:  # a damaged zip raises nearly anything
        raise UnreadableError(f"cannot be opened: {error}") from error
    if len(data) > medium.most_bytes:
        raise UnreadableError(_too_many_bytes(len(data), medium.most_bytes))
    medium.check(data)
    return sample_id_of(source, data)


def sample_id_of(source: Source, data: bytes) -> str:
    """The sample id of the bytes of a file; raises UnreadableError if they are no sample."""
    return hashlib.sha256(MEDIA[source.medium].identify(data)).hexdigest()


def read_sample(source: Source, sample_id: str, paths: Iterable[str]) -> bytes:
    """The bytes of a sample from the first of its paths that still holds them.

    Raises UnreadableError: a file that was replaced since the scan is another sample.
    """
    problem = "it is no longer in the pool"
    for path in paths:
        try:
            with files_to_spare():
                data = source.read(path)
        except ScarceError:
            raise
        except Exception as error:  # a damaged zip raises nearly anything
            problem = f"{path}: cannot be opened: {error}"
            continue
        with suppress(UnreadableError):
            if sample_id_of(source, data) == sample_id:
                return data
        problem = f"{path}: it was changed after it was scanned; open the project again"
    raise UnreadableError(problem)


def _too_many_bytes(size: int, most: int) -> str:
    return f"{size / 1e6:.0f} MB is more than the limit of {most / 1e6:.0f} MB for one file"
