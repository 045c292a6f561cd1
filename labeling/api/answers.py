"""Answers: taken in batches, acknowledged when they are on disk, and told back as history."""

from labeling.api.operation import Json, Operation, at_most
from labeling.api.schema import STRING, described, listed, mapped, structure
from labeling.api.status import NOW, now
from labeling.loop.session import Session
from labeling.people.access import Visitor
from labeling.store import NewAnswer

HISTORY_LENGTH = 100
MOST_ANSWERS = 500  # at once: they are stored in one go, and others wait meanwhile

ANSWER = structure(
    ("class_id", "undoes", "seconds", "source", "round_id"),
    client_id=described(
        STRING,
        "Made up by you, unlike any other (a UUID). The same one sent again is stored once.",
    ),
    sample_id=STRING,
    kind={"enum": ["label", "skip", "unsure", "undo"]},
    class_id=described({"type": ["integer", "null"]}, "The class; for a label only."),
    undoes=described(
        {"type": ["string", "null"]}, "The client_id of the answer to take back; for an undo only."
    ),
    seconds=described({"type": ["number", "null"]}, "How long the sample was looked at."),
    source=described(
        {"enum": ["human", "accepted"]},
        "`accepted` if a person let a guess stand among many; else `human`, the default.",
    ),
    round_id=described(
        {"type": ["integer", "null"]},
        "The round_id of the card on screen, 0 if it had none: what is stored is then what "
        "was shown, even if the sample has been ranked anew meanwhile.",
    ),
)


def _answers(session: Session, visitor: Visitor, body: Json) -> Json:
    answers = [_new_answer(item) for item in at_most(MOST_ANSWERS, body["answers"])]
    refused = session.answer(visitor.name, answers, own=visitor.member is not None)
    saved = [answer.client_id for answer in answers if answer.client_id not in refused]
    return {"saved": saved, "refused": refused, **now(session)}


def _new_answer(item: Json) -> NewAnswer:
    client_id = str(item["client_id"])
    class_id, undoes, seconds, round_id = (
        item.get(name) for name in ("class_id", "undoes", "seconds", "round_id")
    )
    return NewAnswer(
        client_id=client_id,
        sample_id=str(item["sample_id"]),
        kind=str(item["kind"]),
        class_id=None if class_id is None else int(class_id),
        undoes=None if undoes is None else str(undoes),
        seconds=None if seconds is None else float(seconds),
        source="accepted" if item.get("source") == "accepted" else "human",
        round_id=None if round_id is None else int(round_id),
    )


def _history(session: Session, visitor: Visitor, _body: Json) -> Json:
    answers = session.store.answers.latest(visitor.name, HISTORY_LENGTH)
    samples = session.store.samples.many([answer.sample_id for answer in answers])
    names = {one.id: one.name for one in session.store.classes.all(archived=True)}
    return {
        "history": [
            {
                "client_id": answer.client_id,
                "sample_id": answer.sample_id,
                "name": next(iter(samples[answer.sample_id].paths), answer.sample_id[:12]),
                "kind": answer.kind,
                "class_id": answer.class_id,
                "class_name": None if answer.class_id is None else names[answer.class_id],
            }
            for answer in answers
        ]
    }


ANSWERS = Operation(
    "POST",
    "/api/answers",
    "Store answers, in their order. The reply comes when all that are not refused are on disk; "
    "without a reply, send them again as they are.",
    body=structure(answers=listed(ANSWER, maxItems=MOST_ANSWERS)),
    reply=structure(
        saved=described(listed(STRING), "The client_ids that are on disk."),
        refused=described(mapped(STRING), "The client_ids that will never be, with the reason."),
        **NOW,
    ),
    handle=_answers,
)
HISTORY = Operation(
    "GET",
    "/api/history",
    f"Your last {HISTORY_LENGTH} answers that stand, newest first.",
    reply=structure(
        history=listed(
            structure(
                client_id=STRING,
                sample_id=STRING,
                name=STRING,
                kind=STRING,
                class_id={"type": ["integer", "null"]},
                class_name={"type": ["string", "null"]},
            )
        )
    ),
    handle=_history,
)
