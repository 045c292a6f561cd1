"""Where the loop stands: in every reply, and told to those who wait.

News go out by long poll: `GET /api/status?after=VERSION&wait=25` is answered as soon as a round
newer than that version is published, and a moment after any other change. It is a plain request,
so any proxy and any script can use it; nothing is lost when it breaks, and the board then asks
again. A server-sent stream would be no faster and would hold one of the six connections that a
browser grants a host, for each tab, for ever; of the board's tabs only one that can be seen waits,
for all of the same browser (board/watch.js). Who waits costs no thread: only a coroutine.
"""

import asyncio
import json
import math
from typing import Any
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import Response

from labeling.api.operation import Json, Operation
from labeling.api.schema import (
    INTEGER,
    NUMBER,
    STRING,
    described,
    listed,
    mapped,
    schema_of,
    structure,
)
from labeling.api.server import STOPPING
from labeling.api.threads import in_worker
from labeling.loop.session import Session
from labeling.loop.status import Status
from labeling.people.access import Visitor
from labeling.store import LabelClass

LONGEST_WAIT = 30.0
SETTLE = 0.3  # what else changes within this time is told together; a round is told at once
TOGETHER = 0.02  # … and who asks within this time is told the same
LOOK_UP = 1.0  # how soon those who wait see that the server stops

AFTER = described(INTEGER, "The `version` of the last status that you have seen.")
WAIT = described(NUMBER, "How many seconds to wait at most; 30 is the limit.")
NOW: Json = {
    "status": described(schema_of(Status), "Where the loop stands."),
    "classes": described(
        listed(structure(id=INTEGER, name=STRING, hotkey={"type": ["string", "null"]})),
        "The classes that can be chosen, in their order. `GET /api/classes` tells more of them.",
    ),
    "merged": described(
        mapped(INTEGER), "Classes that were merged into another: by its id that of the other."
    ),
}


def now(session: Session) -> Json:
    """What every reply carries, so that the board is always up to date."""
    status = session.status()
    return {
        "status": vars(status) | {"ingest": vars(status.ingest)},  # asdict copies all, slowly
        "classes": [_class(one) for one in session.store.classes.all()],
        "merged": session.store.classes.counts_as(),
    }


def _class(one: LabelClass) -> Json:
    return {"id": one.id, "name": one.name, "hotkey": one.hotkey}


async def _status(session: Session, _visitor: Visitor, request: Request, _body: Json) -> Response:
    after = request.query_params.get("after")
    if after is not None:
        await news(session, request, int(after), float(request.query_params.get("wait", "0")))
    return Response(await told_to_all(session), media_type="application/json")


async def news(session: Session, request: Request, after: int, wait: float) -> bool:
    """Wait for a round newer than `after`, no longer than asked; whether the one who asks stays."""
    if not math.isfinite(wait):
        raise ValueError(f"wait={wait}")
    waiting = asyncio.ensure_future(_news(session, after, min(wait, LONGEST_WAIT)))
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        return not gone.done()
    finally:
        waiting.cancel()
        gone.cancel()


async def told_to_all(session: Session) -> bytes:
    """The present news as JSON, made once for all who are told at the same moment."""
    loop = asyncio.get_running_loop()
    kept = _TOLD.setdefault(loop, WeakKeyDictionary())
    version = session.notifier.version
    of, until, made = kept.get(session, (-1, 0.0, None))
    if made is None or of != version or loop.time() > until or _failed(made):
        made = asyncio.ensure_future(in_worker(_now_as_json, session))
        kept[session] = (version, loop.time() + TOGETHER, made)
    # One who goes away must not take it from the others.
    return await asyncio.shield(made)


def _failed(made: "asyncio.Future[bytes]") -> bool:
    return made.done() and (made.cancelled() or made.exception() is not None)


def _now_as_json(session: Session) -> bytes:
    return as_json(now(session))


def as_json(value: object) -> bytes:
    """A value as it goes over the line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


# The news of each session as they were told last, in each event loop.
_TOLD: WeakKeyDictionary[Any, WeakKeyDictionary[Session, tuple[int, float, asyncio.Future[bytes]]]]
_TOLD = WeakKeyDictionary()


async def _news(session: Session, after: int, wait: float) -> None:
    """Return when a newer round is there, some time after another change, or in time."""
    clock = asyncio.get_running_loop().time
    changes, end, settling = session.notifier, clock() + wait, False
    while not STOPPING.is_set() and changes.ranked <= after and (left := end - clock()) > 0:
        if changes.version != after and not settling:
            end, settling = min(end, clock() + SETTLE), True
        elif settling:
            await changes.after(changes.ranked, left, ranked=True)
        else:
            before = changes.version
            await changes.after(before, min(left, LOOK_UP))
            if changes.version == before:  # another process may have changed classes
                await in_worker(session.rules.follow)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


STATUS = Operation(
    "GET",
    "/api/status",
    "Where the loop stands. With `after`, wait for news: the reply comes at once when there is a "
    "round newer than that version, and otherwise within `wait` seconds.",
    reply=structure(**NOW),
    query={
        "after": AFTER,
        "wait": WAIT,
    },
    respond=_status,
)
