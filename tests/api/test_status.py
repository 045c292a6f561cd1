"""News: who waits gets it at once, and nobody waits too long."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from labeling.api.status import news
from labeling.loop.session import Session
from tests.api.conftest import version
from tests.conftest import label


def while_waiting(
    client: TestClient, session: Session, after: int, act: Callable[[], object]
) -> dict[str, Any]:
    """What one who waits for news after a version is told when `act` happens."""
    replies: list[dict[str, Any]] = []
    url = f"/api/status?after={after}&wait=20"
    waiting = threading.Thread(target=lambda: replies.append(client.get(url).json()))
    begun, after_changes = threading.Event(), session.notifier.after

    async def watched(*asked: Any, **more: Any) -> None:
        begun.set()
        await after_changes(*asked, **more)

    session.notifier.after = watched  # type: ignore[method-assign]
    waiting.start()
    assert begun.wait(10)
    act()
    waiting.join()
    return replies[0]


def test_who_waits_is_told_of_a_change(patient: TestClient, session: Session) -> None:
    before = version(patient)
    told = while_waiting(patient, session, before, lambda: session.notifier.bump())
    assert told["status"]["version"] == before + 1


def test_who_waits_hears_of_a_round_with_all_that_it_has_seen(
    patient: TestClient, session: Session
) -> None:
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    first, second = session.store.samples.ids()[:2]
    both = [label(first, cat), label(second, dog)]
    told = while_waiting(patient, session, version(patient), lambda: session.answer("ann", both))
    if not told["status"]["seen"]:  # on a busy machine the answers are told before the round
        told = patient.get(f"/api/status?after={told['status']['version']}&wait=20").json()
    assert (told["status"]["seen"], told["status"]["labels"]) == (2, 2)


def test_who_has_missed_something_or_met_another_server_need_not_wait(
    patient: TestClient, session: Session
) -> None:
    now = version(patient)
    session.notifier.bump(ranked=True)
    for old in (now, now + 1000):
        reply = patient.get(f"/api/status?after={old}&wait=20").json()
        assert reply["status"]["version"] == now + 1


def test_who_has_gone_while_waiting_gets_no_leases(session: Session) -> None:
    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    request = Request({"type": "http"}, receive=gone)
    assert not asyncio.run(news(session, request, session.notifier.version, 20))


def test_without_news_the_wait_ends_in_time(patient: TestClient) -> None:
    now = version(patient)
    reply = patient.get(f"/api/status?after={now}&wait=0.05")
    assert (reply.status_code, reply.json()["status"]["version"]) == (200, now)


@pytest.mark.parametrize("query", ["after=x", "after=1&wait=soon", "after=1&wait=inf", "after="])
def test_a_wait_that_makes_no_sense_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/api/status?{query}").status_code == 422
