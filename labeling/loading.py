"""Loading: from sample ids to decoded images and embeddings, for whatever embeds a project."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PIL.Image import Image

from labeling.errors import UnreadableImageError
from labeling.project import Project
from labeling.samples import LOADERS, read_sample
from labeling.store import Sample

if TYPE_CHECKING:
    from models.backbones import Backbone
    from models.cache import EmbeddingCache
    from models.embedding import Progress

LOOKED_UP = 500  # samples at once: one by one, the database would take longer than the decoder


class Loader:
    """Reads and decodes samples, no larger than `least` asks; safe in many threads.

    `order` is the order in which they will be asked for, more or less.
    """

    def __init__(self, project: Project, order: Sequence[str], least: int) -> None:
        self._project, self._least = project, least
        self._order, self._next = order, 0
        self._known: dict[str, Sample] = {}
        self._lock = threading.Lock()

    def __call__(self, sample_id: str) -> Image:
        """The decoded image; raises UnreadableImageError."""
        sample = self._find(sample_id)
        paths = sample.paths if sample is not None else ()
        data = read_sample(self._project.source, sample_id, paths)
        return LOADERS["image"](data, paths[0], least=self._least)

    def _find(self, sample_id: str) -> Sample | None:
        samples = self._project.store.samples
        with self._lock:
            if sample_id not in self._known and self._next < len(self._order):
                part = self._order[self._next : self._next + LOOKED_UP]
                self._next += len(part)
                # Some of the part before may still be waiting for a thread.
                recent = dict(list(self._known.items())[-LOOKED_UP:])
                self._known = recent | samples.many(part)
            known = self._known.get(sample_id)
        return known or samples.get(sample_id)


def embed_samples(
    project: Project,
    backbone: "Backbone",
    cache: "EmbeddingCache",
    order: Sequence[str],
    *,
    workers: int,
    progress: Callable[["Progress"], None],
    stop: threading.Event,
    left_out: Callable[[str, str], None],
) -> None:
    """Embed what the cache lacks of the samples in `order`; `left_out` is told id and reason."""
    from models.embedding import embed_missing

    def failed(sample_id: str, error: Exception) -> None:
        left_out(sample_id, str(error) if isinstance(error, UnreadableImageError) else repr(error))

    embed_missing(
        cache,
        order,
        Loader(project, cache.missing(order), backbone.shorter_side),
        backbone,
        batch=backbone.batch,
        lanes=backbone.lanes,
        enter_lane=backbone.enter_lane,
        workers=workers,
        progress=progress,
        failed=failed,
        stop=stop,
    )
