"""Workers: the threads in which requests ask the store and the model."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MOST = 32

T = TypeVar("T")

_WORKERS = ThreadPoolExecutor(MOST, thread_name_prefix="request")


async def in_worker(work: Callable[..., T], *arguments: object) -> T:
    """The result of `work`, done in another thread while the event loop goes on.

    Each answer takes several such steps, and the way through anyio costs twice as much.
    """
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, work, *arguments)
