"""The threads in which requests use the store and the model."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from labeling.errors import BusyError
from labeling.media.decoders import DECODERS

MOST = 32
MOST_WAITING = 1000  # images: a Grid of everybody in a team

T = TypeVar("T")

_WORKERS = ThreadPoolExecutor(MOST, thread_name_prefix="request")
# Apart, so that answers never wait behind images that take long to decode.
_DECODING = ThreadPoolExecutor(DECODERS.count, thread_name_prefix="image")
_ROOM = BoundedSemaphore(MOST_WAITING)


async def in_worker(work: Callable[..., T], *arguments: object) -> T:
    """Run `work` in another thread while the event loop goes on, and return its result.

    Each answer needs several such steps, and anyio's way costs twice as much.
    """
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, work, *arguments)


async def in_decoder(work: Callable[..., T], *arguments: object) -> T:
    """The same for work that decodes images; raises BusyError if too much of it waits already."""
    if not _ROOM.acquire(blocking=False):
        raise BusyError("Too much is asked for at once; ask again in a moment.")
    try:
        return await asyncio.get_running_loop().run_in_executor(_DECODING, work, *arguments)
    finally:
        _ROOM.release()
