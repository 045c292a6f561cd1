"""The mapper: learns a map of the pool's features in the background, from images without labels."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from labeling.embedding.cores import share_cores
from labeling.embedding.ingest import Ingest
from labeling.project.project import Project

if TYPE_CHECKING:
    from labeling.learning.basis import Basis
    from labeling.learning.table import Table
    from models.embeddings.cache import EmbeddingCache
    from models.space.mapped import Mapped

NEVER = "never"
FEWEST = 20  # images; with fewer, there is nothing to decide


class Mapper:
    """Keeps a map of the pool up to date on disk, and gives the mapped features of a table.

    The process that `leads` learns it once all images are prepared, again when their number has
    grown by a quarter, and maps new images by it at once. Other processes read what it has written.
    `learned` is called when there is more than before. Rounds never wait for it.
    """

    def __init__(
        self,
        project: Project,
        ingest: Ingest,
        leads: Callable[[], bool],
        learned: Callable[[], None],
    ) -> None:
        self._project, self._ingest = project, ingest
        self._leads, self._learned = leads, learned
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._known: tuple[EmbeddingCache, Mapped | None] | None = None
        self._basis: tuple[Table, Mapped, Basis] | None = None
        # The state of the embeddings for which nothing is left to do, or nothing could be done.
        self._settled: tuple[EmbeddingCache, int, bool] | None = None
        self.share: float | None = None  # of the work in progress
        self.error: str | None = None

    def of(self, table: "Table") -> "Basis | None":
        """The mapped features of a table, or None if some of its rows are not mapped yet."""
        from labeling.learning.basis import Basis

        cache = self._ingest.cache
        mapped = self._newest(cache) if cache is not None else None
        if mapped is None or not len(table) or table.cached.max() >= len(mapped.features):
            return None
        known = self._basis
        if known is None or known[0] is not table or known[1] is not mapped:
            whole = np.array_equal(table.cached, np.arange(len(table)))
            rows = mapped.features[: len(table)] if whole else mapped.features[table.cached]
            basis = Basis(rows, self._ingest.device, mapped.kernel, mapped.digest)
            self._basis = known = (table, mapped, basis)
        return known[2]

    def look(self) -> None:
        """Begin to learn in the background if that is due."""
        with self._lock:
            is_free = self._thread is None or not self._thread.is_alive()
            if is_free and not self._stop.is_set() and self._due() is not None:
                self._thread = threading.Thread(target=self._work, name="mapper", daemon=True)
                self._thread.start()

    def run(self) -> None:
        """Learn now if that is due; for scripts."""
        if (cache := self._due()) is not None:
            self._update(cache)

    def stop(self) -> None:
        """End soon; what was learned before stays."""
        self._stop.set()
        self.wait(30.0)

    def wait(self, timeout: float | None = None) -> None:
        """Block until the background thread has ended."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _work(self) -> None:
        share_cores()
        while not self._stop.is_set() and (cache := self._due()) is not None:
            self._update(cache)

    def _due(self) -> "EmbeddingCache | None":
        """The embeddings that lack a map, or rows of one."""
        cache, is_done = self._ingest.cache, self._ingest.state.stage == "done"
        if cache is None or not self._leads() or self._project.settings().pool_map == NEVER:
            return None
        state = (cache, len(cache), is_done)
        if state == self._settled or len(cache) < FEWEST:
            return None
        mapped = self._newest(cache)
        if mapped is not None and len(mapped.features) < len(cache):
            return cache
        if is_done and (mapped is None or mapped.is_outgrown(len(self._rows(cache)))):
            return cache
        self._settled = state
        return None

    def _rows(self, cache: "EmbeddingCache") -> "npt.NDArray[np.int64]":
        """The rows of the pool in its embeddings, ascending."""
        rows = cache.rows(self._project.store.samples.ids())
        return np.unique(rows[rows >= 0])

    def _update(self, cache: "EmbeddingCache") -> None:
        from models.head import Cancelled
        from models.space.mapped import Mapped

        folder, state = self._folder(cache), (cache, len(cache), self._ingest.state.stage == "done")
        device, stop = self._ingest.device, self._stop.is_set
        try:
            self.share, mapped, rows = 0.0, self._newest(cache), self._rows(cache)
            matrix = cache.matrix()
            if state[2] and (mapped is None or mapped.is_outgrown(len(rows))):
                mapped = Mapped.learn(
                    folder,
                    matrix,
                    rows,
                    parts=self._ingest.parts,
                    device=device,
                    progress=self._progress,
                    stop=stop,
                )
            elif mapped is not None:
                mapped = mapped.extended(
                    folder, matrix, device=device, progress=self._progress, stop=stop
                )
        except Cancelled:
            return
        except Exception as error:  # rounds go on without it, and Setup shows the reason
            self._settled, self.error = state, f"{type(error).__name__}: {error}"
            return
        finally:
            self.share = None
        self._known, self.error = (cache, mapped), None
        self._learned()

    def _progress(self, share: float) -> None:
        self.share = share

    def _newest(self, cache: "EmbeddingCache") -> "Mapped | None":
        """The map on disk; another process may have written it."""
        from models.space.mapped import Mapped

        folder = self._folder(cache)
        of, mapped = self._known or (None, None)
        # Only the process that leads writes one.
        if of is cache and (self._leads() or (mapped is not None and mapped.is_newest(folder))):
            return mapped
        found = Mapped.read(folder, cache.matrix())
        self._known = (cache, found)
        return found

    def _folder(self, cache: "EmbeddingCache") -> Path:
        return self._project.embeddings / cache.fingerprint
