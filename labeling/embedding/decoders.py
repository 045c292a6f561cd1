"""Decoding: samples read, checked, decoded and framed, in processes that do nothing else.

In threads they would share the interpreter with the network's operators and the requests of
browsers, and each would wait for the others; and a file that breaks its decoder would take the
server with it. `python -m labeling.embedding.decoders` is such a process; `Decoders`
starts and feeds it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from labeling.errors import PoolError, ScarceError, UnreadableImageError
from labeling.pool.opening import open_source
from labeling.pool.scan import load_sample
from labeling.pool.source import Source
from models.encoders.preprocess import Framing

Pixels = NDArray[np.uint8]  # (height, width, 3)
Item = tuple[str, Sequence[str]]  # a sample's id and its paths
ROOT = Path(__file__).parents[2]
KINDNESS = 5  # the niceness of decoding where a person waits for the same cores


def decode(source: Source, framing: Framing, items: Sequence[Item]) -> list[Pixels | Exception]:
    """What a network sees of each sample, or why it cannot be decoded."""
    decoded: list[Pixels | Exception] = []
    for sample_id, paths in items:
        try:
            decoded.append(framing(load_sample(source, sample_id, paths, framing.least)))
        except ScarceError:
            raise
        except Exception as error:  # a hostile image may raise anything
            decoded.append(error)
    return decoded


class Decoders:
    """As many decoding processes as threads ask at once; each starts when it is needed.

    One that dies is replaced, and the one sample that kills it again is reported as unreadable.
    """

    def __init__(self, source: Source, framing: Framing, count: int, *, kind: bool) -> None:
        self._arguments = [
            str(source.location.absolute()), json.dumps(asdict(framing)), str(KINDNESS * kind)
        ]  # fmt: skip
        self._shape = (*framing.size, 3)
        self._idle: SimpleQueue[_Process | None] = SimpleQueue()
        self._count = count
        for _ in range(count):
            self._idle.put(None)

    def __call__(self, items: Sequence[Item]) -> list[Pixels | Exception]:
        """As `decode`; waits for a process if all are at work."""
        process = self._idle.get()
        try:
            if process is None:
                process = _Process(self._arguments)
            return process.decode(items, self._shape)
        except _DiedError as error:
            cast(_Process, process).end()
            process = None
            died = error
        finally:
            self._idle.put(process)
        if len(items) == 1:
            return [UnreadableImageError(f"{items[0][1][0]}: {died}")]
        half = len(items) // 2
        return [*self(items[:half]), *self(items[half:])]

    def close(self) -> None:
        """End the processes when they have finished their present work."""
        for _ in range(self._count):
            process = self._idle.get()
            if process is not None:
                process.end()


class _DiedError(Exception):
    """A decoding process ended before its answer."""


class _Process:
    """One process and the two pipes to it: a line of JSON there, a line and pixels back."""

    def __init__(self, arguments: list[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "labeling.embedding.decoders", *arguments],
            cwd=ROOT,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # it needs no BLAS threads
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._to = cast(IO[bytes], self._process.stdin)
        self._from = cast(IO[bytes], self._process.stdout)

    def decode(
        self, items: Sequence[Item], shape: tuple[int, int, int]
    ) -> list[Pixels | Exception]:
        """The pixels of each sample, or why it cannot be read; raises _DiedError."""
        try:
            self._to.write(json.dumps(items).encode() + b"\n")
            self._to.flush()
        except OSError as error:
            raise self._died() from error
        told = self._from.readline()
        pixels = np.empty((len(items), *shape), np.uint8)
        if not told or self._from.readinto(pixels.data.cast("B")) != pixels.nbytes:  # type: ignore[attr-defined]
            raise self._died()
        problems = {int(place): words for place, words in json.loads(told).items()}
        return [
            UnreadableImageError(problems[place]) if place in problems else pixels[place]
            for place in range(len(items))
        ]

    def end(self) -> None:
        """Close its input, so that it ends; kill it if it does not."""
        with suppress(OSError):
            self._to.close()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._from.close()

    def _died(self) -> _DiedError:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)
        return _DiedError(f"its decoder broke down (exit status {self._process.poll()})")


def serve(location: Path, framing: Framing, asked: IO[bytes], told: IO[bytes]) -> None:
    """Decode what each line of `asked` names; if there is no pool, each reply says so."""
    source, gone = None, UnreadableImageError()
    try:
        source = open_source(location)
    except PoolError as error:
        gone = UnreadableImageError(str(error))
    for line in asked:
        items = [(sample_id, tuple(paths)) for sample_id, paths in json.loads(line)]
        pixels = np.zeros((len(items), *framing.size, 3), np.uint8)
        problems: dict[int, str] = {}
        for place, found in enumerate(
            decode(source, framing, items) if source else [gone for _ in items]
        ):
            if isinstance(found, Exception):
                known = isinstance(found, UnreadableImageError)
                problems[place] = str(found) if known else repr(found)
            else:
                pixels[place] = found
        told.write(json.dumps(problems).encode() + b"\n")
        told.write(pixels.data)
        told.flush()


def main() -> None:
    """Serve the process that started this one."""
    location, framing, kindness = sys.argv[1:]
    if hasattr(os, "nice"):
        os.nice(int(kindness))
    facts: dict[str, Any] = json.loads(framing)
    told = os.fdopen(os.dup(sys.stdout.fileno()), "wb", 1 << 16)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # libraries must not print into the pipe
    with suppress(BrokenPipeError, KeyboardInterrupt):
        serve(Path(location), Framing(**facts), sys.stdin.buffer, told)


if __name__ == "__main__":
    main()
