"""Cards: the samples to label next, leased to the one who asks."""

from labeling.access import Visitor
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
from labeling.api.status import NOW, now
from labeling.cards import Card
from labeling.ledger import FAIR_PARTS, LEAST_HELD, MOST_HELD
from labeling.session import Session

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


def _next(session: Session, visitor: Visitor, body: Json) -> Json:
    cards = session.next(
        _holder(visitor, body), _count(body), _ids(body, "keep"), _ids(body, "spare"), visitor.name
    )
    return {"cards": [vars(card) for card in cards], **now(session)}


def _page(session: Session, visitor: Visitor, body: Json) -> Json:
    cards = session.page(
        _holder(visitor, body),
        int(body["class_id"]),
        _count(body),
        confident=bool(body.get("confident", True)),
        keep=_ids(body, "keep"),
    )
    return {
        "cards": [vars(card) for card in cards],
        "counts": session.predicted_counts(),
        **now(session),
    }


def _hold(session: Session, visitor: Visitor, body: Json) -> Json:
    return {
        "held": session.hold(_holder(visitor, body), _ids(body, "sample_ids"), visitor.name),
        **now(session),
    }


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
