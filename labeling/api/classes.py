"""Classes: told with all that is known of them, created, and changed while people label."""

from dataclasses import asdict

from labeling.api.operation import Json, Operation, at_most
from labeling.api.schema import (
    BOOLEAN,
    INTEGER,
    STRING,
    described,
    listed,
    schema_of,
    structure,
)
from labeling.api.status import NOW, now
from labeling.loop.classes import ClassChange, carry_out, preview
from labeling.loop.effect import Effect
from labeling.loop.session import Session
from labeling.people.access import Visitor
from labeling.store import LabelClass, Role

MOST_PARTS = 100  # of one split
KINDS = [
    *("create", "rename", "merge", "split", "archive", "bring_back"),
    *("reorder", "hotkey", "describe"),
]
EFFECT = described(
    schema_of(Effect), "What it does, in sentences; `certificates` become void by it."
)


def _list(session: Session, _visitor: Visitor, _body: Json) -> Json:
    return {"classes": [asdict(one) for one in session.store.classes.all(archived=True)]}


def _create(session: Session, visitor: Visitor, body: Json) -> Json:
    with session.reshaping():
        created = session.store.classes.create(str(body["name"]), visitor.name)
    return {"class": asdict(created), **now(session)}


def _change(session: Session, visitor: Visitor, body: Json) -> Json:
    wanted = ClassChange(
        kind=str(body["kind"]),
        class_id=int(body.get("class_id", 0)),
        into=int(body.get("into", 0)),
        name=str(body.get("name", "")),
        names=tuple(str(name) for name in at_most(MOST_PARTS, body.get("names", []))),
        order=tuple(int(key) for key in body.get("order", [])),
        hotkey=str(body.get("hotkey", "")),
        description=str(body.get("description", "")),
        examples=tuple(str(key) for key in body.get("examples", [])),
    )
    effect = preview(session, wanted)
    done = None
    if not body.get("preview"):
        done = carry_out(session, wanted, visitor.name).id
    return {"effect": asdict(effect), "change": done, **now(session)}


LIST_CLASSES = Operation(
    "GET",
    "/api/classes",
    "Every class with its description and examples, archived and merged ones too.",
    reply=structure(classes=listed(schema_of(LabelClass))),
    handle=_list,
)
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
CHANGE_CLASS = Operation(
    "POST",
    "/api/classes/change",
    "Change a class while people label: every board follows at once. With `preview`, tell what it "
    "would do and change nothing.",
    body=structure(
        (*tuple(ClassChange.__dataclass_fields__)[1:], "preview"),
        kind={"enum": KINDS},
        class_id=described(INTEGER, "The class to change."),
        into=described(INTEGER, "For merge: the class that all its labels count as from now on."),
        name=described(STRING, "For create and rename."),
        names=described(
            listed(STRING, maxItems=MOST_PARTS),
            "For split: two or more classes to choose from instead.",
        ),
        order=described(listed(INTEGER), "For reorder: ids of classes in their new order."),
        hotkey=described(STRING, "For hotkey: a digit, or a letter but U and Z; empty for none."),
        description=described(STRING, "For describe: what it is, in up to 500 characters."),
        examples=described(listed(STRING), "For describe: ids of up to 8 samples that show it."),
        preview=BOOLEAN,
    ),
    reply=structure(
        effect=EFFECT,
        change=described({"type": ["integer", "null"]}, "By which it can be undone."),
        **NOW,
    ),
    refusals={409: "It cannot be done as things are; the text says why."},
    handle=_change,
    role=Role.OWNER,
)
