"""Classes: created from the board while one labels."""

from dataclasses import asdict

from labeling.access import Visitor
from labeling.api.operation import Json, Operation
from labeling.api.schema import STRING, described, schema_of, structure
from labeling.api.status import NOW, now
from labeling.session import Session
from labeling.store import LabelClass, Role


def _create(session: Session, _visitor: Visitor, body: Json) -> Json:
    created = session.store.classes.create(str(body["name"]))
    session.changes.bump()
    return {"class": asdict(created), **now(session)}


CREATE_CLASS = Operation(
    "POST",
    "/api/classes",
    "Create a class.",
    body=structure(name=described(STRING, "Its name, up to 80 characters, unlike any other.")),
    reply=structure(**{"class": schema_of(LabelClass)}, **NOW),
    refusals={409: "The name is empty, too long or taken."},
    handle=_create,
    role=Role.REVIEWER,
)
