"""The state of the loop: in every reply, and sent to clients that wait.

News goes out by long poll: `GET /api/status?after=VERSION&wait=25` is answered as soon as a round
newer than that version is published, and a moment after any other change. It is a plain request,
so any proxy and any script can use it. If it breaks, nothing is lost, and the board asks
again. A server-sent stream would be no faster, and would permanently hold one of the six
connections that a browser allows per host, for each tab. Of the board's tabs in one browser, only
one visible tab waits, for all of them (board/wire/news.js). A waiting request takes no thread,
only a coroutine.
"""

import asyncio
import math
from typing import Annotated, Any
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from labeling.api.forms import Asked, Reply, not_of_form
from labeling.api.operation import Operation
from labeling.api.server import STOPPING
from labeling.api.threads import in_worker
from labeling.loop.session import Session
from labeling.loop.status import Status
from labeling.people.access import Visitor

LONGEST_WAIT = 30.0
SETTLE = 0.3  # changes within this time are sent together; a round is sent at once
TOGETHER = 0.02  # … and all requests within this time get the same reply
LOOK_UP = 1.0  # how soon waiting requests notice that the server stops

After = Annotated[int, Meta(description="The `version` of the last status that you received.")]
Wait = Annotated[float, Meta(description="The longest time to wait, in seconds; at most 30.")]


class StatusQuery(Asked, frozen=True):
    """The last known status, and how long to wait for a newer one."""

    after: After | None = None
    wait: Wait = 0.0


class ClassChoice(Reply, frozen=True):
    """A class as the board shows it."""

    id: int
    name: str
    hotkey: str | None


class Now(Reply, frozen=True):
    """What every reply to a board carries, so that it is always up to date."""

    status: Annotated[Status, Meta(description="The state of the loop.")]
    classes: Annotated[
        list[ClassChoice],
        Meta(
            description="The classes that can be chosen, in their order. `GET /api/classes` has "
            "more details."
        ),
    ]
    merged: Annotated[
        dict[int, int],
        Meta(description="Merged classes: the id of each, with the id of the class it became."),
    ]


def now(session: Session) -> dict[str, Any]:
    """The fields of `Now`."""
    classes = session.store.classes
    return {
        "status": session.status(),
        "classes": [ClassChoice(one.id, one.name, one.hotkey) for one in classes.all()],
        "merged": classes.counts_as(),
    }


async def _status(
    session: Session, _visitor: Visitor, request: Request, asked: StatusQuery
) -> Response:
    if asked.after is not None:
        await news(session, request, asked.after, asked.wait)
    return Response(await told_to_all(session), media_type="application/json")


async def news(session: Session, request: Request, after: int, wait: float) -> bool:
    """Wait for a round newer than `after`, at most as long as asked; False if the client left."""
    if not math.isfinite(wait):
        raise not_of_form("`wait` must be a number of seconds; leave it out for no waiting.")
    waiting = asyncio.ensure_future(_news(session, after, min(wait, LONGEST_WAIT)))
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        return not gone.done()
    finally:
        waiting.cancel()
        gone.cancel()


async def told_to_all(session: Session) -> bytes:
    """The present state as JSON, made once for all who ask at the same moment."""
    loop = asyncio.get_running_loop()
    kept = _TOLD.setdefault(loop, WeakKeyDictionary())
    version = session.notifier.version
    of, until, made = kept.get(session, (-1, 0.0, None))
    if made is None or of != version or loop.time() > until or _failed(made):
        made = asyncio.ensure_future(in_worker(_now_as_json, session))
        kept[session] = (version, loop.time() + TOGETHER, made)
    # A client that leaves must not cancel it for the others.
    return await asyncio.shield(made)


def _failed(made: "asyncio.Future[bytes]") -> bool:
    return made.done() and (made.cancelled() or made.exception() is not None)


def _now_as_json(session: Session) -> bytes:
    return msgspec.json.encode(Now(**now(session)))


# The last state sent for each session, in each event loop.
_TOLD: WeakKeyDictionary[Any, WeakKeyDictionary[Session, tuple[int, float, asyncio.Future[bytes]]]]
_TOLD = WeakKeyDictionary()


async def _news(session: Session, after: int, wait: float) -> None:
    """Return when a newer round exists, some time after another change, or after `wait`."""
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
    "The state of the loop. With `after`, wait for news: the reply comes at once if a round is "
    "newer than that version, and otherwise within `wait` seconds.",
    takes=StatusQuery,
    gives=Now,
    respond=_status,
)
