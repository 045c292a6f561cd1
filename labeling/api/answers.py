"""Answers: stored in batches, confirmed when they are on disk, and listed as history."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta
from msgspec.structs import asdict

from labeling.api.forms import Asked, Reply
from labeling.api.operation import Operation
from labeling.api.status import Now, now
from labeling.loop.session import Session
from labeling.people.access import Visitor
from labeling.store import NewAnswer, Role
from labeling.store.answers import ADJUDICATED
from labeling.targets import ONE_CLASS

HISTORY_LENGTH = 100
TWO_IN_ONE = (
    "Different answers of this request have this client_id, so it stored none of them; "
    "make a new one for each."
)
MOST_ANSWERS = 500  # per request: they are stored in one transaction, and others wait meanwhile


class GivenAnswer(Asked, frozen=True):
    """An answer as a person gives it."""

    client_id: Annotated[
        str,
        Meta(
            description="A new UUID for each answer. An answer that is sent again with the same "
            "one is stored once; another answer with it is refused."
        ),
    ]
    sample_id: str
    # A kind's fields are checked when it is stored, so that a bad answer does not stop the others.
    kind: Annotated[str, Meta(extra_json_schema={"enum": list(ONE_CLASS.kinds)})]
    class_id: Annotated[int | None, Meta(description="The class; only for a label.")] = None
    undoes: Annotated[
        str | None, Meta(description="The client_id of the answer to take back; only for an undo.")
    ] = None
    seconds: Annotated[
        float | None, Meta(description="How long the person looked at the sample, in seconds.")
    ] = None
    source: Annotated[
        str,
        Meta(
            description="`accepted` if a person accepted many guesses at once, `adjudicated` for a "
            "reviewer's decision, which counts instead of all other answers; else `human`.",
            extra_json_schema={"enum": ["human", "accepted", ADJUDICATED]},
        ),
    ] = "human"
    round_id: Annotated[
        int | None,
        Meta(
            description="The round_id of the card on screen, 0 if it had none. It makes sure that "
            "the shown guess is stored, even if the sample has been ranked again meanwhile."
        ),
    ] = None


class GiveAnswers(Asked, frozen=True):
    """Answers in the order in which they were given."""

    answers: Annotated[list[GivenAnswer], Meta(max_length=MOST_ANSWERS)]


class AnswersTaken(Now, frozen=True):
    """Which answers were stored, and which were refused."""

    saved: Annotated[
        list[str], Meta(description="The client_ids of the answers that are on disk and count.")
    ]
    refused: Annotated[
        dict[str, str],
        Meta(description="The client_ids that were refused, each with the reason."),
    ]


class PastAnswer(Reply, frozen=True):
    """An answer that counts now."""

    client_id: str
    sample_id: str
    name: str
    kind: str
    class_id: int | None
    class_name: str | None
    source: str


class History(Reply, frozen=True):
    """Answers, newest first."""

    history: list[PastAnswer]


def _answers(session: Session, visitor: Visitor, asked: GiveAnswers) -> AnswersTaken:
    refused = {one.client_id: why for one in asked.answers if (why := _why_not(one, visitor))}
    refused |= {one.client_id: TWO_IN_ONE for one in _ambiguous(asked.answers)}
    answers = [_new_answer(one) for one in asked.answers if one.client_id not in refused]
    refused |= session.answer(visitor.name, answers, own=visitor.member is not None)
    saved = dict.fromkeys(one.client_id for one in answers if one.client_id not in refused)
    return AnswersTaken(saved=list(saved), refused=refused, **now(session))


def _ambiguous(answers: Sequence[GivenAnswer]) -> list[GivenAnswer]:
    """The answers whose client id is that of a different answer before them."""
    first: dict[str, GivenAnswer] = {}
    return [one for one in answers if first.setdefault(one.client_id, one) != one]


def _why_not(one: GivenAnswer, visitor: Visitor) -> str:
    """Why a person may not give this answer; empty if nothing speaks against it."""
    if one.source != ADJUDICATED:
        return ""
    if visitor.role < Role.REVIEWER:
        return f"Only a reviewer may decide; you are {visitor.role}."
    return "" if one.kind == "label" else "A decision is a label."


def _new_answer(one: GivenAnswer) -> NewAnswer:
    # A client cannot claim that an answer was imported.
    source = one.source if one.source in ("accepted", ADJUDICATED) else "human"
    return NewAnswer(**asdict(one) | {"source": source})


def _history(session: Session, visitor: Visitor, _asked: None) -> History:
    store = session.store
    answers = store.answers.latest(visitor.name, HISTORY_LENGTH)
    samples = store.samples.many([answer.sample_id for answer in answers])
    names = store.classes.names()
    return History(
        [
            PastAnswer(
                client_id=answer.client_id,
                sample_id=answer.sample_id,
                name=next(iter(samples[answer.sample_id].paths), answer.sample_id[:12]),
                kind=answer.kind,
                class_id=answer.class_id,
                class_name=None if answer.class_id is None else names[answer.class_id],
                source=answer.source,
            )
            for answer in answers
        ]
    )


ANSWERS = Operation(
    "POST",
    "/api/answers",
    "Store answers in their order. The reply comes when all valid answers are on disk; "
    "if no reply comes, send the same answers again.",
    takes=GiveAnswers,
    gives=AnswersTaken,
    handle=_answers,
)
HISTORY = Operation(
    "GET",
    "/api/history",
    f"Your last {HISTORY_LENGTH} answers that count, newest first.",
    gives=History,
    handle=_history,
)
