"""Decoding in other processes: a file that fills or breaks its decoder does not take the server."""

import atexit
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from queue import LifoQueue
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from labeling.errors import BusyError, UnreadableError, files_to_spare
from labeling.media.worker import READY, SECONDS

Pixels = NDArray[np.uint8]  # (height, width, 3)
Read = Callable[[], bytes]
ROOT = Path(__file__).parents[2]
CLOSING = "Hone is closing; ask again later."
MOST = 4  # processes for the screens; each may take as much memory as the largest image needs


class Decoders:
    """At most `count` processes, each started when it is needed; safe to use from many threads.

    One that ends is replaced, and the file that ends its process twice is unreadable; so is one
    that takes too long. `kindness` is their niceness.
    """

    def __init__(self, count: int, kindness: int = 0) -> None:
        self.count = count
        self._kindness = kindness
        self._closed = False
        # The last one used comes first, so that a single person needs a single process.
        self._idle: LifoQueue[_Process | None] = LifoQueue()
        for _ in range(count):
            self._idle.put(None)
        self._running: set[_Process] = set()

    def preview(self, read: Read, kind: str, name: str, size: str) -> bytes:
        """What a browser shows of the file that `read` gives; raises UnreadableError."""
        return self._done(read, "preview", kind, name, size)

    def frame(self, read: Read, kind: str, name: str, framing: Any) -> Pixels:
        """What a network sees of the file that `read` gives; raises UnreadableError."""
        found = self._done(read, "frame", kind, name, asdict(framing))
        return np.frombuffer(found, np.uint8).reshape(*framing.size, 3)

    def warm_up(self) -> None:
        """Start a process before it is needed; returns at once."""
        process = self._idle.get()
        try:
            process = process or self._started()
        finally:
            self._idle.put(process)

    def close(self) -> None:
        """End all processes; they hold nothing that could be lost."""
        self._closed = True
        for process in list(self._running):
            self._end(process)

    def _done(self, read: Read, job: str, kind: str, name: str, facts: Any) -> bytes:
        process = self._idle.get()
        try:
            if self._closed:
                raise BusyError(CLOSING)
            data = read()  # only now, so that no more files than processes are in memory
            order = {"job": job, "kind": kind, "name": name, "facts": facts, "length": len(data)}
            for last_try in (False, True):
                process = process or self._started()
                try:
                    return process.done(order, data)
                except _EndedError as error:
                    self._end(process)
                    process = None
                    if self._closed:
                        raise BusyError(CLOSING) from error
                    if not error.by_file:
                        raise BusyError(f"Images cannot be decoded now: {error}.") from error
                    if error.final or last_try:
                        raise UnreadableError(f"{name}: {error}") from error
        finally:
            self._idle.put(process)
        raise AssertionError("the last try returns or raises")

    def _started(self) -> "_Process":
        try:
            with files_to_spare():
                process = _Process(self._kindness)
        except OSError as error:
            raise BusyError(f"Images cannot be decoded now: {error}.") from error
        self._running.add(process)
        return process

    def _end(self, process: "_Process") -> None:
        self._running.discard(process)
        process.end()


class _EndedError(Exception):
    """A process ended before its answer.

    `by_file` says whether a file may have done it, `final` whether that surely would again.
    """

    def __init__(self, reason: str, *, by_file: bool = True, final: bool = False) -> None:
        super().__init__(reason)
        self.by_file, self.final = by_file, final


class _Process:
    """One process and the two pipes to it."""

    def __init__(self, kindness: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "labeling.media.worker", str(kindness)],
            cwd=ROOT,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # it needs no BLAS threads
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._to = cast(IO[bytes], self._process.stdin)
        self._from = cast(IO[bytes], self._process.stdout)
        self._ready = False

    def done(self, order: dict[str, Any], data: bytes) -> bytes:
        """The result of a job; raises UnreadableError with the reason, or _EndedError."""
        if not self._ready and self._from.readline() != READY:
            raise _EndedError(
                f"the process for it does not start ({self._status()})", by_file=False
            )
        self._ready = True
        try:
            self._to.write(json.dumps(order).encode() + b"\n")
            self._to.write(data)
            self._to.flush()
        except (OSError, ValueError) as error:  # it is gone, or closed by another thread
            raise self._ended() from error
        told = self._from.readline()
        facts = json.loads(told) if told.endswith(b"\n") else None
        found = self._from.read(facts["length"]) if facts else b""
        if facts is None or len(found) != facts["length"]:
            raise self._ended()
        if facts["problem"] is not None:
            raise UnreadableError(facts["problem"])
        return found

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):  # bytes that it has not read
            self._to.close()
        self._from.close()

    def _status(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)
        return f"exit status {self._process.poll()}"

    def _ended(self) -> _EndedError:
        status = self._status()
        if self._process.returncode == -getattr(signal, "SIGPROF", 0):
            return _EndedError(f"it takes more than {SECONDS:.0f} seconds to decode", final=True)
        return _EndedError(f"its decoder broke down ({status})")


# For all who look at images, whatever their project.
DECODERS = Decoders(min(MOST, max(2, os.cpu_count() or 1)))
atexit.register(DECODERS.close)
