"""Cards: the samples to label next, leased to the one who asks."""

import time

from starlette.requests import Request
from starlette.responses import Response

from labeling.answers.current import FAIR_PARTS, LEAST_HELD, MOST_HELD
from labeling.api.operation import Json, Operation, at_most
from labeling.api.schema import (
    BOOLEAN,
    INTEGER,
    STRING,
    described,
    listed,
    mapped,
    schema_of,
    structure,
)
from labeling.api.status import AFTER, NOW, WAIT, as_json, news, now, told_to_all
from labeling.api.threads import in_worker
from labeling.loop.cards import Card
from labeling.loop.session import Session
from labeling.people.access import Visitor

MOST_CARDS = 500
MOST_IDS = 5000
LONGEST_HOLDER = 64

HOLDER = described(
    STRING,
    "Who leases: one name for each browser tab or script, made up by it. Nobody else is given "
    "what it holds; a lease ends with the answer, by another call, or 15 minutes after the last. "
    f"One of a team holds {LEAST_HELD} in all, or the {FAIR_PARTS}th part of what is open, but no "
    f"more than {MOST_HELD}; what other names of that one have held for longest goes back.",
)
COUNT = described(INTEGER, f"How many; 0 gives everything back. {MOST_CARDS} is the limit.")
IDS = listed(STRING, maxItems=MOST_IDS)
KEEP = described(IDS, "Ids of samples that stay leased and are not to come again.")
CARDS = listed(schema_of(Card))


async def _watch(session: Session, visitor: Visitor, request: Request, body: Json) -> Response:
    """News as the status tells them, made once for all, and cards of the one who asks."""
    after, holder, count = int(body["after"]), _holder(visitor, body), _count(body)
    keep, drop = _ids(body, "keep"), _ids(body, "drop")
    begin = time.monotonic()
    stays = await news(session, request, after, float(body.get("wait", 0)))
    cards = list[Card]()

    def claimed() -> list[Card]:
        best = session.queue.next(holder, count, keep, None, visitor.name, drop)
        return _unless_left(session, holder, begin, best)

    if stays and session.notifier.ranked > after:  # whoever has gone must not get leases
        cards = await in_worker(claimed)
    told = await told_to_all(session)
    best = as_json([vars(card) for card in cards])
    return Response(b'{"cards":' + best + b"," + told[1:], media_type="application/json")


def _next(session: Session, visitor: Visitor, body: Json) -> Json:
    holder, count = _holder(visitor, body), _count(body)
    if count == 0:
        session.store.leases.leave(holder)
    begin = time.monotonic()
    cards = session.queue.next(holder, count, _ids(body, "keep"), _ids(body, "spare"), visitor.name)
    cards = _unless_left(session, holder, begin, cards)
    return {"cards": [vars(card) for card in cards], **now(session)}


def _page(session: Session, visitor: Visitor, body: Json) -> Json:
    begin, holder = time.monotonic(), _holder(visitor, body)
    cards = session.queue.page(
        holder,
        int(body["class_id"]),
        _count(body),
        confident=bool(body.get("confident", True)),
        keep=_ids(body, "keep"),
    )
    cards = _unless_left(session, holder, begin, cards)
    return {
        "cards": [vars(card) for card in cards],
        "counts": session.queue.predicted_counts(),
        **now(session),
    }


def _hold(session: Session, visitor: Visitor, body: Json) -> Json:
    return {
        "held": session.queue.hold(_holder(visitor, body), _ids(body, "sample_ids"), visitor.name),
        **now(session),
    }


def _unless_left(session: Session, holder: str, begin: float, cards: list[Card]) -> list[Card]:
    """The cards, or none if the holder has gone since `begin`: then they go back at once."""
    if not session.store.leases.has_left(holder, begin):
        return cards
    drop = [card.sample_id for card in cards]
    session.store.leases.claim(holder, (), 0, spare=None, drop=drop)
    return []


def _holder(visitor: Visitor, body: Json) -> str:
    """Who leases; nobody can take or give back what another member holds by using its name."""
    name = str(body["holder"])[:LONGEST_HOLDER]
    return name if visitor.member is None else f"{visitor.member}:{name}"


def _count(body: Json) -> int:
    return max(0, min(int(body["count"]), MOST_CARDS))


def _ids(body: Json, name: str) -> list[str]:
    return [str(key) for key in at_most(MOST_IDS, body.get(name, []))]


NEXT = Operation(
    "POST",
    "/api/next",
    "The samples that teach the model most, best first, leased to the holder.",
    body=structure(
        ("keep", "spare"),
        holder=HOLDER,
        count=COUNT,
        keep=KEEP,
        spare=described(
            IDS,
            "Ids of samples that stay leased, but may come again with newer probabilities.",
        ),
    ),
    reply=structure(cards=CARDS, **NOW),
    handle=_next,
)
WATCH = Operation(
    "POST",
    "/api/watch",
    "Wait for news as `GET /api/status` does. Where they are of a newer round, what it ranks best "
    "comes with them, leased to the holder; what the holder has leased before stays so.",
    body=structure(
        ("wait", "keep", "drop"),
        after=AFTER,
        wait=WAIT,
        holder=HOLDER,
        count=COUNT,
        keep=described(IDS, "Ids of samples that are not to come again."),
        drop=described(IDS, "Ids of samples that go back to the pool, unless they come again."),
    ),
    reply=structure(cards=CARDS, **NOW),
    respond=_watch,
)
PAGE = Operation(
    "POST",
    "/api/page",
    "Samples that the model puts into one class, leased to the holder, and how many of each "
    "predicted class have no answer.",
    body=structure(
        ("confident", "keep"),
        holder=HOLDER,
        class_id=INTEGER,
        count=COUNT,
        confident=described(BOOLEAN, "Most confident first (the default), or least."),
        keep=KEEP,
    ),
    reply=structure(cards=CARDS, counts=mapped(INTEGER), **NOW),
    handle=_page,
)
HOLD = Operation(
    "POST",
    "/api/hold",
    "Renew leases before they end, as long as somebody looks at the samples.",
    body=structure(holder=HOLDER, sample_ids=IDS),
    reply=structure(
        held=described(
            listed(STRING), "Those that are the holder's; the others are answered or somebody's."
        ),
        **NOW,
    ),
    handle=_hold,
)
