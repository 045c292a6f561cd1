"""Images that take long to decode hold up no answers, and do not wait without end."""

import asyncio
import threading

import pytest

from labeling.api.threads import MOST, MOST_WAITING, in_decoder, in_worker
from labeling.errors import BusyError


def test_answers_go_on_while_more_images_wait_than_there_are_threads() -> None:
    async def ask() -> int:
        release = threading.Event()
        slow = [asyncio.create_task(in_decoder(release.wait)) for _ in range(MOST + 10)]
        try:
            await asyncio.sleep(0)
            return await in_worker(lambda: 7)
        finally:
            release.set()
            await asyncio.gather(*slow)

    assert asyncio.run(asyncio.wait_for(ask(), 60)) == 7


def test_beyond_a_thousand_waiting_images_the_next_is_refused_until_there_is_room() -> None:
    async def ask() -> int:
        release = threading.Event()
        slow = [asyncio.create_task(in_decoder(release.wait)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        try:
            with pytest.raises(BusyError, match="ask again in a moment"):
                await in_decoder(lambda: 7)
        finally:
            release.set()
            await asyncio.gather(*slow)
        return await in_decoder(lambda: 7)

    assert asyncio.run(asyncio.wait_for(ask(), 60)) == 7
