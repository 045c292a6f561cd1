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


async def _woken(changes: Notifier, version: int) -> bool:
    waiting = asyncio.ensure_future(changes.after(version, 20))
    while not changes._waiting and not waiting.done():
        await asyncio.sleep(0)
    threading.Thread(target=changes.bump).start()
    await waiting
    return changes.version > version


def test_who_waits_in_any_loop_is_woken_by_a_thread() -> None:
    changes = Notifier()
    for version in range(3):
        assert run(_woken(changes, version))


def test_a_change_that_has_been_is_not_waited_for() -> None:
    changes = Notifier()
    changes.bump()
    run(asyncio.wait_for(changes.after(0, 60), 5))


def test_who_gives_up_or_is_cancelled_is_forgotten() -> None:
    changes = Notifier()

    async def give_up() -> None:
        await changes.after(0, 0.01)
        waiting = asyncio.ensure_future(changes.after(0, 60))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    run(give_up())
    assert not changes._waiting
    changes.bump()


def test_a_round_is_told_apart_from_other_changes() -> None:
    changes = Notifier()
    changes.bump()
    assert (changes.version, changes.ranked) == (1, 0)
    changes.bump(ranked=True)
    changes.bump()
    assert (changes.version, changes.ranked) == (3, 2)


def test_who_waits_for_a_round_sleeps_through_other_changes() -> None:
    changes = Notifier()

    async def wait() -> None:
        waiting = asyncio.ensure_future(changes.after(0, 20, ranked=True))
        await asyncio.sleep(0.01)
        changes.bump()
        await asyncio.sleep(0.05)
        assert not waiting.done()
        changes.bump(ranked=True)
        await asyncio.wait_for(waiting, 5)
        await changes.after(0, 20, ranked=True)  # at once: there was one

    run(asyncio.wait_for(wait(), 10))
