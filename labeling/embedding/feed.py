"""Loading: brings a project's samples to the backbone, for all parts that embed."""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

from labeling.embedding.decoders import Decoders, Item, Pixels, decode
from labeling.errors import UnreadableImageError
from labeling.project.project import Project
from models.embeddings.cache import CacheLockedError, EmbeddingCache
from models.embeddings.fill import Progress, embed_missing

if TYPE_CHECKING:
    from models.encoders.backbones import Backbone

MANY = 200  # from this many samples, processes are worth their start
ELSEWHERE = (
    "Another process of Hone prepares your images with this pretrained model. What it has done is "
    "used here; the rest follows once that process is done or closed."
)
TURN = 2.0  # seconds between two looks at whether another process still writes


def embed_samples(
    project: Project,
    backbone: "Backbone",
    cache: "EmbeddingCache",
    order: Sequence[str],
    *,
    workers: int,
    in_background: bool = True,
    progress: Callable[["Progress"], None],
    stop: threading.Event,
    left_out: Callable[[str, str], None],
    waits: Callable[[], None],
) -> None:
    """Embed what the cache lacks of the samples in `order`; `left_out` gets id and reason.

    While another process writes to the cache it `waits`, and takes over what that one has embedded.
    """

    def failed(sample_id: str, error: Exception) -> None:
        left_out(sample_id, str(error) if isinstance(error, UnreadableImageError) else repr(error))

    with ExitStack() as stack:
        read: Callable[[Sequence[Item]], list[Pixels | Exception]]
        read = partial(decode, project.source, backbone.framing)
        if _lacking(cache, order, waits, stop) >= MANY:
            processes = Decoders(project.source, backbone.framing, workers, kind=in_background)
            read = stack.enter_context(closing(processes))
        embed_missing(
            cache,
            order,
            lambda ids: read(_items(project, ids)),
            backbone,
            batch=backbone.batch,
            lanes=backbone.lanes,
            enter_lane=backbone.enter_lane,
            workers=workers,
            progress=progress,
            failed=failed,
            stop=stop,
        )


def _lacking(
    cache: "EmbeddingCache",
    order: Sequence[str],
    waits: Callable[[], None],
    stop: threading.Event,
) -> int:
    """Wait for other writers while samples are missing; return how many are, also at `stop`."""

    while (lacking := len(cache.missing(order))) and not stop.is_set():
        try:
            cache.claim()
            break
        except CacheLockedError:
            waits()
        stop.wait(TURN)
        cache.refresh()
    return lacking


def _items(project: Project, ids: Sequence[str]) -> list[Item]:
    """Each sample with its paths; without paths if the store no longer knows it."""
    samples = project.store.samples.many(ids)
    return [(key, samples[key].paths if key in samples else ()) for key in ids]
