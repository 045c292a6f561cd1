"""Loading: brings a project's samples to the backbone, for all parts that embed."""

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from labeling.errors import UnreadableError
from labeling.media.decoders import Decoders
from labeling.project.project import Project
from models.embeddings.cache import CacheLockedError, EmbeddingCache
from models.embeddings.fill import Progress, embed_missing

if TYPE_CHECKING:
    from models.encoders.encoder import Encoder

KINDNESS = 5  # the niceness of decoding where a person waits for the same cores
ELSEWHERE = (
    "Another process of Hone prepares them with this pretrained model. What it has done is "
    "used here; the rest follows once that process is done or closed."
)
TURN = 2.0  # seconds between two looks at whether another process still writes


def embed_samples(
    project: Project,
    backbone: "Encoder",
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
        left_out(sample_id, str(error) if isinstance(error, UnreadableError) else repr(error))

    _wait_for_others(cache, order, waits, stop)
    with closing(Decoders(workers, KINDNESS * in_background)) as decoders:
        embed_missing(
            cache,
            order,
            lambda ids: project.framed(ids, backbone.framing, decoders),
            backbone,
            batch=backbone.batch,
            lanes=backbone.lanes,
            enter_lane=backbone.enter_lane,
            workers=workers,
            progress=progress,
            failed=failed,
            stop=stop,
        )


def _wait_for_others(
    cache: "EmbeddingCache",
    order: Sequence[str],
    waits: Callable[[], None],
    stop: threading.Event,
) -> None:
    """Wait for other writers while samples are missing, or until `stop`."""
    while cache.missing(order) and not stop.is_set():
        try:
            cache.claim()
            break
        except CacheLockedError:
            waits()
        stop.wait(TURN)
        cache.refresh()
