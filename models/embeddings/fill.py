"""Embed samples without a row: decode ahead, compute in batches, append, report progress."""

import errno
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.embeddings.cache import CacheMismatchError, EmbeddingCache

PART = 32  # items prepared at a time: all workers share a batch and finish it together
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DiskFullError(Exception):
    """The disk has no room for more embeddings."""


Prepare = Callable[[Sequence[str]], Sequence[Any]]  # ids -> items to embed, or an Exception


class Encoder(Protocol):
    """The part of a backbone that embedding uses."""

    @property
    def fingerprint(self) -> str: ...
    def embed_framed(self, framed: Sequence[Any], /) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Progress:
    """The progress: `done` of `total` have a row, `failed` could not be embedded."""

    done: int
    total: int
    failed: int
    rate: float  # images a second, over the last batches
    seconds_left: float | None  # None until a rate is known


class _Pace:
    """Counts, measures and reports; the rate is that of the last batches, so it follows changes."""

    def __init__(
        self,
        done: int,
        total: int,
        tell: Callable[[Progress], None],
        tell_failed: Callable[[str, Exception], None],
    ) -> None:
        self.done, self.total, self.failed = done, total, 0
        self._tell, self._tell_failed = tell, tell_failed
        self._marks: deque[tuple[float, int]] = deque([(time.monotonic(), done)], maxlen=16)

    def report(self) -> None:
        seen = self.done + self.failed
        since, before = self._marks[0]
        now = time.monotonic()
        self._marks.append((now, seen))
        rate = (seen - before) / (now - since) if seen > before and now > since else 0.0
        left = (self.total - seen) / rate if rate else None
        self._tell(Progress(self.done, self.total, self.failed, rate, left))

    def leave_out(self, name: str, error: Exception) -> None:
        self.failed += 1
        self._tell_failed(name, error)


class _Writer:
    """Appends in its own thread: the disk writes while the network computes a batch."""

    def __init__(self, cache: EmbeddingCache, pace: _Pace) -> None:
        self._cache, self._pace = cache, pace
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="append")
        self._under_way: Future[None] | None = None

    def append(self, names: list[str], embeddings: NDArray[np.float32]) -> None:
        """Start to append one batch, after the previous batch is on disk and reported."""
        self.wait()
        self._under_way = self._disk.submit(self._store, names, embeddings)

    def wait(self) -> None:
        if self._under_way is not None:
            try:
                self._under_way.result()
            except OSError as error:
                if error.errno in FULL:
                    raise DiskFullError(
                        f"the disk is full ({error.strerror}): {self._pace.done:,} embeddings are "
                        "kept; free some space and start again to continue from there"
                    ) from error
                raise
            self._pace.report()

    def close(self) -> None:
        self._disk.shutdown()

    def _store(self, names: list[str], embeddings: NDArray[np.float32]) -> None:
        self._cache.append(names, embeddings)
        self._pace.done += len(names)


def embed_missing(
    cache: EmbeddingCache,
    ids: Sequence[str],
    prepare: Prepare,
    backbone: Encoder,
    *,
    batch: int = 32,
    lanes: int = 1,
    enter_lane: Callable[[], None] = lambda: None,
    workers: int = 2,
    progress: Callable[[Progress], None] = lambda progress: None,
    failed: Callable[[str, Exception], None] = lambda name, error: None,
    stop: threading.Event | None = None,
) -> None:
    """Embed the ids that have no row yet, in their order, and append them batch by batch.

    `prepare` gets the ids of a part of a batch, in `workers` threads at once, while the network
    computes earlier batches; it returns an item for each, or an Exception with the reason. With
    several lanes, that many batches are computed at once, each in a thread that has called
    `enter_lane`; the order stays. An id that cannot be prepared or embedded is reported to `failed`
    and left out. `stop` ends the work before the next batch; appended rows stay, and a later call
    continues. The same holds after a DiskFullError.
    """
    if backbone.fingerprint != cache.fingerprint:
        raise CacheMismatchError(
            f"the cache is of backbone {cache.fingerprint}, not {backbone.fingerprint}; "
            "open the cache of this backbone"
        )
    wanted = list(dict.fromkeys(ids))
    todo = cache.missing(wanted)
    pace = _Pace(len(wanted) - len(todo), len(wanted), progress, failed)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    writer = _Writer(cache, pace)
    try:
        pace.report()
        each = max(1, batch // PART)  # parts of a batch
        ahead = _ahead(pool, prepare, todo, batch // each, lanes * each + workers)
        batches = _batches(ahead, each, pace.leave_out)
        for names, embeddings in _computed(batches, backbone.embed_framed, lanes, enter_lane):
            if stop is not None and stop.is_set():
                break
            whole = np.isfinite(embeddings).all(axis=1)
            for row in np.flatnonzero(~whole):
                pace.leave_out(names[row], ValueError("its embedding is not finite"))
            writer.append([names[row] for row in np.flatnonzero(whole)], embeddings[whole])
        writer.wait()
    finally:
        pool.shutdown(cancel_futures=True)
        writer.close()


def _computed(
    batches: Iterator[tuple[list[str], list[Any]]],
    embed: Callable[[Sequence[Any]], NDArray[np.float32]],
    lanes: int,
    enter_lane: Callable[[], None],
) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    """Give each batch's embeddings in order, while other lanes compute the next batches."""
    if lanes == 1:  # in this thread, which has its limit of cores
        for names, prepared in batches:
            yield names, embed(prepared)
        return
    with ThreadPoolExecutor(lanes, "lane", initializer=enter_lane) as pool:
        waiting: deque[tuple[list[str], Future[NDArray[np.float32]]]] = deque()
        for names, prepared in batches:
            waiting.append((names, pool.submit(embed, prepared)))
            if len(waiting) > lanes:  # one more than run: no lane waits for the next batch
                names, rows = waiting.popleft()
                yield names, rows.result()
        while waiting:
            names, rows = waiting.popleft()
            yield names, rows.result()


def _ahead(
    pool: ThreadPoolExecutor, prepare: Prepare, ids: list[str], size: int, depth: int
) -> Iterator[tuple[list[str], Future[Sequence[Any]]]]:
    """Give parts whose work has begun, at most `depth` parts ahead of the consumer."""
    waiting: deque[tuple[list[str], Future[Sequence[Any]]]] = deque()
    for begin in range(0, len(ids), size):
        part = ids[begin : begin + size]
        waiting.append((part, pool.submit(prepare, part)))
        if len(waiting) > depth:
            yield waiting.popleft()
    while waiting:
        yield waiting.popleft()


def _batches(
    prepared: Iterator[tuple[list[str], Future[Sequence[Any]]]],
    parts: int,
    leave_out: Callable[[str, Exception], None],
) -> Iterator[tuple[list[str], list[Any]]]:
    """Join parts into one batch, without items that could not be prepared."""
    while taken := list(islice(prepared, parts)):
        there = []
        for names, under_way in taken:
            for name, item in zip(names, under_way.result(), strict=True):
                if isinstance(item, Exception):
                    leave_out(name, item)
                else:
                    there.append((name, item))
        yield [name for name, _ in there], [item for _, item in there]
