"""What was changed, undoing it, going back to a moment, and the audit trail; for owners."""

from dataclasses import asdict
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from labeling.api.classes import EFFECT
from labeling.api.operation import Json, Operation
from labeling.api.schema import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    described,
    listed,
    schema_of,
    structure,
)
from labeling.api.status import NOW, now
from labeling.api.threads import in_worker
from labeling.loop.rewind import rewind, rewind_effect, undo
from labeling.loop.session import Session
from labeling.people.access import Visitor
from labeling.project.audit import Deed, trail
from labeling.project.snapshots import read_time
from labeling.store import Role
from labeling.store.history import MOST


def _changes(session: Session, _visitor: Visitor, _body: Json) -> Json:
    return {
        "changes": [
            {
                "id": one.id,
                "at": one.at,
                "by": one.by,
                "kind": one.kind,
                "text": one.text,
                "why_not": why_not,
            }
            for one, why_not in session.store.history.changes()
        ]
    }


def _undo(session: Session, visitor: Visitor, body: Json) -> Json:
    undone = undo(session, int(body["change"]), visitor.name)
    return {"undone": undone.text, **now(session)}


def _rewind(session: Session, visitor: Visitor, body: Json) -> Json:
    history = session.store.history
    if ("to" in body) == ("answer" in body):
        raise ValueError("name either `to` or `answer`")
    if "answer" in body:
        moment, said = history.at_answer(int(body["answer"])), ""
    else:
        found: datetime = read_time(str(body["to"]))
        moment, said = history.at(found.timestamp()), f"{found:%Y-%m-%d %H:%M:%S %Z}"
    effect, change = rewind_effect(history.taken(moment)), None
    if not body.get("preview"):
        rewind(session, moment, visitor.name, said)
        change = session.store.log.version()
    return {"effect": asdict(effect), "change": change, **now(session)}


async def _log(session: Session, _visitor: Visitor, request: Request, _body: Json) -> Response:
    asked = request.query_params
    since = float(asked.get("since", "0"))
    deeds = await in_worker(
        trail, session.project, asked.get("who", ""), asked.get("what", ""), since
    )
    return JSONResponse({"deeds": [vars(one) for one in deeds]})


CHANGES = Operation(
    "GET",
    "/api/changes",
    f"The newest {MOST} changes of the classes, and rewinds, newest first.",
    reply=structure(
        changes=listed(
            structure(
                id=INTEGER,
                at=NUMBER,
                by=STRING,
                kind=STRING,
                text=STRING,
                why_not=described(
                    {"type": ["string", "null"]}, "Why it cannot be undone; null if it can."
                ),
            )
        )
    ),
    handle=_changes,
    role=Role.OWNER,
)
UNDO_CHANGE = Operation(
    "POST",
    "/api/changes/undo",
    "Undo a change of the classes, or a rewind.",
    body=structure(change=described(INTEGER, "The id of the change.")),
    reply=structure(undone=described(STRING, "What was undone, in words."), **NOW),
    refusals={409: "It cannot be undone any more; the text says why."},
    handle=_undo,
    role=Role.OWNER,
)
REWIND = Operation(
    "POST",
    "/api/rewind",
    "Go back to a moment: what came after it does not count, until that is undone. Nothing is "
    "deleted. With `preview`, tell what it would take back and change nothing.",
    body=structure(
        ("to", "answer", "preview"),
        to=described(STRING, "A time in ISO 8601; without an offset, by the server's clock."),
        answer=described(INTEGER, "Or just after this answer."),
        preview=BOOLEAN,
    ),
    reply=structure(
        effect=EFFECT,
        change=described({"type": ["integer", "null"]}, "By which it can be undone."),
        **NOW,
    ),
    refusals={409: "There is no such moment, or nothing has happened since."},
    handle=_rewind,
    role=Role.OWNER,
)
LOG = Operation(
    "GET",
    "/api/log",
    "The audit trail: who did what and when, oldest first.",
    reply=structure(deeds=listed(schema_of(Deed))),
    query={
        "who": described(STRING, "Only what this person did."),
        "what": described(STRING, "Only this kind, or kinds that begin so: answer, class, export."),
        "since": described(NUMBER, "Only what was done since this moment, in seconds since 1970."),
    },
    respond=_log,
    role=Role.OWNER,
)
