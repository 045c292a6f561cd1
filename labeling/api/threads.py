"""The threads in which requests use the store and the model."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MOST = 32

T = TypeVar("T")

_WORKERS = ThreadPoolExecutor(MOST, thread_name_prefix="request")


async def in_worker(work: Callable[..., T], *arguments: object) -> T:
    """Run `work` in another thread while the event loop goes on, and return its result.

    Each answer needs several such steps, and anyio's way costs twice as much.
    """
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, work, *arguments)
