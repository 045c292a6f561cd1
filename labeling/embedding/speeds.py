"""Speeds: how fast each backbone runs on this machine, measured once and kept in a file."""

import json
import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from labeling.embedding.cores import cores_for_decoding, share_cores
from labeling.paths import home
from labeling.project.project import Project
from models.encoders.families import FAMILIES

if TYPE_CHECKING:
    from pathlib import Path

DECODED = 12  # images of a pool that are timed to decode


class Speeds:
    """Measures in a thread of its own, about two seconds a backbone; what is known is kept.

    A backbone is its medium and its name, since each medium has a bundled one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._waiting: dict[tuple[str, str], None] = {}
        self._rates: dict[str, float] | None = None
        self.problems: dict[tuple[str, str], str] = {}

    def rate(self, medium: str, name: str) -> float | None:
        """Samples a second through a backbone's forward pass, None if not measured yet."""
        with self._lock:
            return self._known().get(_key(medium, name))

    @property
    def busy(self) -> bool:
        """Whether something is being measured."""
        return self._thread is not None and self._thread.is_alive()

    def measure(self, medium: str, names: Iterable[str]) -> None:
        """Begin to measure unknown speeds; returns at once."""
        with self._lock:
            known, asked = self._known(), [(medium, name) for name in names]
            new = [one for one in asked if _key(*one) not in known and one not in self.problems]
            self._waiting |= dict.fromkeys(new)
            if self._waiting and not self.busy:
                self._thread = threading.Thread(target=self._run, name="speeds", daemon=True)
                self._thread.start()

    def wait(self, timeout: float | None = None) -> None:
        """Block until everything asked for is measured."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        share_cores()  # as embedding beside labeling does
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                one = next(iter(self._waiting))
            rate = 0.0
            try:
                rate = FAMILIES[one[0]].speed_of(one[1])
            except Exception as error:  # one that cannot run here must not hide the others
                self.problems[one] = str(error) or repr(error)
            with self._lock:
                self._waiting.pop(one, None)
                if rate:
                    self._known()[_key(*one)] = round(rate, 2)
                    self._write()

    def _known(self) -> dict[str, float]:
        if self._rates is None:
            self._rates = {}
            with suppress(OSError, ValueError):
                self._rates = json.loads(_file().read_text(encoding="utf-8"))
        return self._rates

    def _write(self) -> None:
        with suppress(OSError):  # measured again another time
            _file().parent.mkdir(parents=True, exist_ok=True)
            draft = _file().with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps(self._rates, indent=1), encoding="utf-8")
            os.replace(draft, _file())


def decoding_seconds(project: Project) -> float:
    """Seconds that one sample of the pool takes to read and decode, one after another."""
    ids = project.store.samples.ids()
    few = [ids[i] for i in np.linspace(0, len(ids) - 1, min(len(ids), DECODED)).astype(int)]
    framing = FAMILIES[project.source.medium].usual_framing()
    begin = time.perf_counter()
    project.framed(few, framing)
    return (time.perf_counter() - begin) / max(1, len(few))


def pool_seconds(samples: int, rate: float, decoding: float) -> float:
    """Seconds that a pool takes: its samples are decoded while the network runs."""
    return samples * max(1 / rate, decoding / cores_for_decoding(True))


def _file() -> "Path":
    return home() / "speeds.json"


def _key(medium: str, name: str) -> str:
    """A speed holds for one device, number of threads and version of torch."""
    import torch

    from models.encoders.device import pick_device

    device = pick_device()
    what = torch.cuda.get_device_name(device) if device.startswith("cuda") else f"{os.cpu_count()}"
    return f"{medium} {name} {device} {what} torch {torch.__version__}"
