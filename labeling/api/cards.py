"""Cards: the samples to label next, leased to the tab or script that asks."""

import time
from math import inf
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
from labeling.evidence.error_rate import Cut, ErrorRate, error_rate
from labeling.loop.cards import Card
from labeling.loop.session import Session
from labeling.people.access import Visitor
from labeling.store import Role

MOST_CARDS = 500
MOST_IDS = 5000
LONGEST_HOLDER = 64
PATIENCE = 0.1  # seconds that a page waits for its error rate

Holder = Annotated[
    str,
    Meta(
        description="The name of the lease holder, made up by the client: one for each browser "
        "tab or script. Nobody else gets these samples. A lease ends with the answer, by another "
        f"call, or 15 minutes after the last one. A team member holds {LEAST_HELD} in all, or the "
        f"{FAIR_PARTS}th part of the open samples, but no more than {MOST_HELD}; beyond that, the "
        "oldest leases under the member's other names end."
    ),
]
Count = Annotated[
    int, Meta(description=f"How many; 0 gives everything back. At most {MOST_CARDS}.")
]
Ids = Annotated[tuple[str, ...], Meta(max_length=MOST_IDS)]
Keep = Annotated[
    tuple[str, ...],
    Meta(
        max_length=MOST_IDS,
        description="Ids of samples that stay leased and are not sent again.",
    ),
]


class AskNext(Asked, frozen=True):
    """How many samples to lease, and which ones the holder already has."""

    holder: Holder
    count: Count
    keep: Keep = ()
    spare: Annotated[
        Ids,
        Meta(
            description="Ids of samples that stay leased, but may be sent again with newer "
            "probabilities."
        ),
    ] = ()


class WatchFor(Asked, frozen=True):
    """The last known status, and how many samples to lease with the news."""

    after: After
    holder: Holder
    count: Count
    wait: Wait = 0.0
    keep: Annotated[Ids, Meta(description="Ids of samples that are not sent again.")] = ()
    drop: Annotated[
        Ids,
        Meta(description="Ids of samples to give back, unless they are sent again."),
    ] = ()


class AskPage(Asked, frozen=True):
    """Which class to show, and how many of its samples."""

    holder: Holder
    class_id: int
    count: Count
    confident: Annotated[
        bool, Meta(description="Most confident first (the default), or least.")
    ] = True
    keep: Keep = ()
    least: Annotated[
        float, Meta(ge=0, le=1, description="Only guesses of this confidence or more.")
    ] = 0.0
    below: Annotated[
        float | None, Meta(description="Only guesses of less than this confidence.")
    ] = None


class HoldOn(Asked, frozen=True):
    """Samples that are still on somebody's screen."""

    holder: Holder
    sample_ids: Ids


class Cards(Now, frozen=True):
    """Samples leased to the holder, best first."""

    cards: list[Card]


class GridPage(Cards, frozen=True):
    """Samples of one predicted class."""

    counts: Annotated[
        dict[int, int],
        Meta(
            description="For each predicted class, how many of its samples have no answer and "
            "the confidence asked for."
        ),
    ]
    error_rate: Annotated[
        ErrorRate | None,
        Meta(
            description="How often such guesses were wrong on blind checks. None without a model, "
            "while it is counted, and for the role annotator."
        ),
    ]
    counting: Annotated[
        bool, Meta(description="Whether the error rate is being counted: ask again in a second.")
    ]


class Held(Now, frozen=True):
    """The leases that remain."""

    held: Annotated[
        list[str],
        Meta(description="Samples still leased to the holder; others were answered or taken over."),
    ]


async def _watch(session: Session, visitor: Visitor, request: Request, asked: WatchFor) -> Response:
    """The status, made once for everybody, and cards for this holder."""
    holder, count = _holder(visitor, asked.holder), _count(asked.count)
    begin = time.monotonic()
    stays = await news(session, request, asked.after, asked.wait)
    cards = list[Card]()

    def claimed() -> list[Card]:
        best = session.queue.next(holder, count, asked.keep, None, visitor.name, asked.drop)
        return _unless_left(session, holder, begin, best)

    if stays and session.notifier.ranked > asked.after:  # a client that has left gets no leases
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
    cut = Cut(asked.least, inf if asked.below is None else asked.below)
    cards = session.queue.page(
        holder, asked.class_id, count, confident=asked.confident, keep=asked.keep, cut=cut
    )
    cards = _unless_left(session, holder, begin, cards)
    counts = session.queue.predicted_counts(cut)
    may_see = visitor.role >= Role.REVIEWER
    rate = _error_rate(session, asked.class_id, cut) if may_see else None
    return GridPage(
        cards=cards,
        counts=counts,
        error_rate=rate,
        counting=may_see and rate is None and bool(counts),
        **now(session),
    )


def _error_rate(session: Session, class_id: int, cut: Cut) -> ErrorRate | None:
    """The error rate by the newest evidence; a page does not wait for it."""
    evidence = session.figures.latest(PATIENCE)
    if evidence is None:
        return None
    return error_rate(evidence, session.store.classes.counting_as(class_id), cut)


def _hold(session: Session, visitor: Visitor, asked: HoldOn) -> Held:
    held = session.queue.hold(_holder(visitor, asked.holder), asked.sample_ids, visitor.name)
    return Held(held=held, **now(session))


def _unless_left(session: Session, holder: str, begin: float, cards: list[Card]) -> list[Card]:
    """The cards; empty if the holder has left since `begin`, and they are given back at once."""
    leases = session.store.leases
    if not leases.has_left(holder, begin):
        return cards
    leases.claim(holder, (), 0, spare=None, drop=[card.sample_id for card in cards])
    return []


def _holder(visitor: Visitor, name: str) -> str:
    """The holder's full name; it starts with the member, so nobody can use another's leases."""
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
    "Wait for news as `GET /api/status` does. News of a newer round comes with the samples that "
    "this round ranks best, leased to the holder; earlier leases of the holder stay.",
    takes=WatchFor,
    gives=Cards,
    respond=_watch,
)
PAGE = Operation(
    "POST",
    "/api/page",
    "Samples that the model predicts as one class, leased to the holder, how many of each "
    "predicted class have no answer, and how often such guesses are wrong.",
    takes=AskPage,
    gives=GridPage,
    handle=_page,
)
HOLD = Operation(
    "POST",
    "/api/hold",
    "Renew leases before they end, as long as the samples are on screen.",
    takes=HoldOn,
    gives=Held,
    handle=_hold,
)
