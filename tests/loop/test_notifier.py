"""Notifier: counted in threads, waited for in event loops."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from labeling.loop.notifier import Notifier


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end in a thread: a browser of other tests may keep a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


async def _woken(notifier: Notifier, version: int) -> bool:
    waiting = asyncio.ensure_future(notifier.after(version, 20))
    while not notifier.waiting and not waiting.done():
        await asyncio.sleep(0)
    threading.Thread(target=notifier.bump).start()
    await waiting
    return notifier.version > version


def test_who_waits_in_any_loop_is_woken_by_a_thread() -> None:
    notifier = Notifier()
    for version in range(3):
        assert run(_woken(notifier, version))


def test_a_change_that_has_been_is_not_waited_for() -> None:
    notifier = Notifier()
    notifier.bump()
    run(asyncio.wait_for(notifier.after(0, 60), 5))


def test_who_gives_up_or_is_cancelled_is_forgotten() -> None:
    notifier = Notifier()

    async def give_up() -> None:
        await notifier.after(0, 0.01)
        waiting = asyncio.ensure_future(notifier.after(0, 60))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    run(give_up())
    assert not notifier.waiting
    notifier.bump()


def test_a_round_is_told_apart_from_other_changes() -> None:
    notifier = Notifier()
    notifier.bump()
    assert (notifier.version, notifier.ranked) == (1, 0)
    notifier.bump(ranked=True)
    notifier.bump()
    assert (notifier.version, notifier.ranked) == (3, 2)


def test_who_waits_for_a_round_sleeps_through_other_changes() -> None:
    notifier = Notifier()

    async def wait() -> None:
        waiting = asyncio.ensure_future(notifier.after(0, 20, ranked=True))
        await asyncio.sleep(0.01)
        notifier.bump()
        await asyncio.sleep(0.05)
        assert not waiting.done()
        notifier.bump(ranked=True)
        await asyncio.wait_for(waiting, 5)
        await notifier.after(0, 20, ranked=True)  # at once: there was one

    run(asyncio.wait_for(wait(), 10))
