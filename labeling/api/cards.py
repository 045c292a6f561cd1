"""Cards: the samples to label next, leased to the tab or script that asks."""

import time
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from labeling.answers.current import FAIR_PARTS, LEAST_HELD, MOST_HELD
from labeling.api.forms import Asked
from labeling.api.operation import Operation
from labeling.api.status import After, Now, Wait, news, now, told_to_all
from labeling.api.threads import in_worker
from labeling.loop.cards import Card
from labeling.loop.session import Session
from labeling.people.access import Visitor

MOST_CARDS = 500
MOST_IDS = 5000
LONGEST_HOLDER = 64

Holder = Annotated[
    str,
    Meta(
        description="Who leases: one name for each browser tab or script, which it makes up. "
        "Nobody else gets what it holds. A lease ends with the answer, by another call, or 15 "
        f"minutes after the last one. A member of a team holds {LEAST_HELD} in all, or the "
        f"{FAIR_PARTS}th part of what is open, but no more than {MOST_HELD}; beyond that, the "
        "oldest leases of the member's other names end."
    ),
]
Count = Annotated[
    int, Meta(description=f"How many; 0 gives everything back. {MOST_CARDS} is the limit.")
]
Ids = Annotated[tuple[str, ...], Meta(max_length=MOST_IDS)]
Keep = Annotated[
    tuple[str, ...],
    Meta(
        max_length=MOST_IDS,
        description="Ids of samples that stay leased and are not to come again.",
    ),
]


class AskNext(Asked, frozen=True):
    """How many samples to lease, and what the holder already has."""

    holder: Holder
    count: Count
    keep: Keep = ()
    spare: Annotated[
        Ids,
        Meta(
            description="Ids of samples that stay leased, but may come again with newer "
            "probabilities."
        ),
    ] = ()


class WatchFor(Asked, frozen=True):
    """Since which status to wait for news, and how many samples to lease then."""

    after: After
    holder: Holder
    count: Count
    wait: Wait = 0.0
    keep: Annotated[Ids, Meta(description="Ids of samples that are not to come again.")] = ()
    drop: Annotated[
        Ids,
        Meta(description="Ids of samples that go back to the pool, unless they come again."),
    ] = ()


class AskPage(Asked, frozen=True):
    """Which class to show, and how many samples of it."""

    holder: Holder
    class_id: int
    count: Count
    confident: Annotated[
        bool, Meta(description="Most confident first (the default), or least.")
    ] = True
    keep: Keep = ()


class HoldOn(Asked, frozen=True):
    """Samples that somebody still looks at."""

    holder: Holder
    sample_ids: Ids


class Cards(Now, frozen=True):
    """Samples that are leased to the holder, best first."""

    cards: list[Card]


class GridPage(Cards, frozen=True):
    """Samples of one predicted class."""

    counts: Annotated[
        dict[int, int],
        Meta(description="For each predicted class, how many of its samples have no answer."),
    ]


class Held(Now, frozen=True):
    """What is left of the leases."""

    held: Annotated[
        list[str],
        Meta(description="Those that the holder has; the others are answered or somebody else's."),
    ]


async def _watch(session: Session, visitor: Visitor, request: Request, asked: WatchFor) -> Response:
    """News as the status gives it, made once for all, and cards for this holder."""
    holder, count = _holder(visitor, asked.holder), _count(asked.count)
    begin = time.monotonic()
    stays = await news(session, request, asked.after, asked.wait)
    cards = list[Card]()

    def claimed() -> list[Card]:
        best = session.queue.next(holder, count, asked.keep, None, visitor.name, asked.drop)
        return _unless_left(session, holder, begin, best)

    if stays and session.notifier.ranked > asked.after:  # a client that has gone gets no leases
        cards = await in_worker(claimed)
    told = await told_to_all(session)
    best = msgspec.json.encode(cards)
    return Response(b'{"cards":' + best + b"," + told[1:], media_type="application/json")


def _next(session: Session, visitor: Visitor, asked: AskNext) -> Cards:
    holder, count = _holder(visitor, asked.holder), _count(asked.count)
    if count == 0:
        session.store.leases.leave(holder)
    begin = time.monotonic()
    cards = session.queue.next(holder, count, asked.keep, asked.spare, visitor.name)
    return Cards(cards=_unless_left(session, holder, begin, cards), **now(session))


def _page(session: Session, visitor: Visitor, asked: AskPage) -> GridPage:
    begin, holder, count = time.monotonic(), _holder(visitor, asked.holder), _count(asked.count)
    cards = session.queue.page(
        holder, asked.class_id, count, confident=asked.confident, keep=asked.keep
    )
    cards = _unless_left(session, holder, begin, cards)
    return GridPage(cards=cards, counts=session.queue.predicted_counts(), **now(session))


def _hold(session: Session, visitor: Visitor, asked: HoldOn) -> Held:
    held = session.queue.hold(_holder(visitor, asked.holder), asked.sample_ids, visitor.name)
    return Held(held=held, **now(session))


def _unless_left(session: Session, holder: str, begin: float, cards: list[Card]) -> list[Card]:
    """The cards, or none if the holder has gone since `begin`: then they go back at once."""
    leases = session.store.leases
    if not leases.has_left(holder, begin):
        return cards
    leases.claim(holder, (), 0, spare=None, drop=[card.sample_id for card in cards])
    return []


def _holder(visitor: Visitor, name: str) -> str:
    """Who leases; nobody can take or give back what another member holds by using its name."""
    name = name[:LONGEST_HOLDER]
    return name if visitor.member is None else f"{visitor.member}:{name}"


def _count(wanted: int) -> int:
    return max(0, min(wanted, MOST_CARDS))


NEXT = Operation(
    "POST",
    "/api/next",
    "The samples that teach the model most, best first, leased to the holder.",
    takes=AskNext,
    gives=Cards,
    handle=_next,
)
WATCH = Operation(
    "POST",
    "/api/watch",
    "Wait for news as `GET /api/status` does. News of a newer round comes with what that round "
    "ranks best, leased to the holder; what the holder has leased before stays leased.",
    takes=WatchFor,
    gives=Cards,
    respond=_watch,
)
PAGE = Operation(
    "POST",
    "/api/page",
    "Samples that the model puts into one class, leased to the holder, and how many of each "
    "predicted class have no answer.",
    takes=AskPage,
    gives=GridPage,
    handle=_page,
)
HOLD = Operation(
    "POST",
    "/api/hold",
    "Renew leases before they end, as long as somebody looks at the samples.",
    takes=HoldOn,
    gives=Held,
    handle=_hold,
)
