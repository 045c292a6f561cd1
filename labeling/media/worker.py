"""A process that decodes and does nothing else, within limits of memory and time.

`labeling.media.decoders` starts `python -m labeling.media.worker`, sends it a line of JSON and the
bytes of a file, and gets back a line of JSON and bytes. A hostile file can fill or break no more
than this process.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

from labeling.errors import UnreadableError
from labeling.media import MEDIA, Medium
from models.encoders.preprocess import Framing

READY = b"ready\n"
MEMORY = 1_500_000_000  # bytes
SECONDS = 60.0  # of computing for one file
TOO_LARGE = f"it needs more than {MEMORY / 1e9:.1f} GB of memory to decode; make it smaller"


def preview(medium: Medium, data: bytes, name: str, size: str) -> bytes:
    """What a browser shows."""
    return medium.preview(data, name, size, {})


def frame(medium: Medium, data: bytes, name: str, facts: dict[str, Any]) -> bytes:
    """What an encoder sees: the pixels of a framing of these facts."""
    # JSON has no tuples.
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()
    }
    pixels: bytes = medium.frame(data, name, Framing(**given)).tobytes()
    return pixels


Job = Callable[[Medium, bytes, str, Any], bytes]
JOBS: dict[str, Job] = {"preview": preview, "frame": frame}


def serve(asked: IO[bytes], told: IO[bytes]) -> None:
    """Do one job after another, until nobody asks any more."""
    for line in asked:
        order = json.loads(line)
        data = asked.read(order["length"])
        found, problem = b"", None
        _limit_time(SECONDS)
        try:
            found = JOBS[order["job"]](MEDIA[order["kind"]], data, order["name"], order["facts"])
        except UnreadableError as error:
            problem = str(error)
        except MemoryError:
            problem = f"{order['name']}: {TOO_LARGE}"
        except Exception as error:  # a hostile file may raise anything
            problem = f"{order['name']}: {error!r}"
        _limit_time(0.0)
        told.write(json.dumps({"length": len(found), "problem": problem}).encode() + b"\n")
        told.write(found)
        told.flush()


def _limit_time(seconds: float) -> None:
    """End this process after so many seconds of computing, even inside of a decoder; 0: never."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def limit_memory() -> None:
    """Let an allocation beyond the limit fail; and should memory be short, end this one first."""
    with suppress(ImportError, OSError, ValueError):  # not on Windows; macOS may ignore it
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def main() -> None:
    """Serve the process that started this one."""
    if hasattr(os, "nice"):
        os.nice(int(sys.argv[1]))
    limit_memory()
    told = os.fdopen(os.dup(sys.stdout.fileno()), "wb", 1 << 16)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # libraries must not print into the pipe
    with suppress(BrokenPipeError, KeyboardInterrupt):
        told.write(READY)
        told.flush()
        serve(sys.stdin.buffer, told)


if __name__ == "__main__":
    main()
