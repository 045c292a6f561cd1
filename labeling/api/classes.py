"""Classes: list them with all details, create them, and change them while people label."""

from dataclasses import fields
from typing import Annotated

from msgspec import Meta, field

from labeling.api.forms import Asked, Reply
from labeling.api.operation import Operation
from labeling.api.status import Now, now
from labeling.errors import ClassNameError
from labeling.loop.classes import ClassChange, carry_out, preview
from labeling.loop.effect import Effect
from labeling.loop.session import Session
from labeling.people.access import Visitor
from labeling.store import LabelClass, Role
from labeling.store.class_lists import RefusedName

MOST_NAMES = 1000  # at once
KINDS = [
    *("create", "rename", "merge", "split", "archive", "bring_back"),
    *("reorder", "hotkey", "describe", "edit"),
]


class Classes(Reply, frozen=True):
    """Every class, also archived and merged ones."""

    classes: list[LabelClass]


class CreateClass(Asked, frozen=True):
    """A new class."""

    name: Annotated[str, Meta(description="Its name: unique, up to 80 characters.")]


class ClassCreated(Now, frozen=True):
    """The class that was created."""

    class_: LabelClass = field(name="class")


class CreateClasses(Asked, frozen=True):
    """A list of names, such as the lines of a text."""

    names: Annotated[
        list[str],
        Meta(max_length=MOST_NAMES, description="One class each; empty ones are left out."),
    ]
    preview: bool = False


class ClassesCreated(Now, frozen=True):
    """What a list of names became, or would become."""

    names: Annotated[tuple[str, ...], Meta(description="The new classes.")]
    known: Annotated[tuple[str, ...], Meta(description="Names of classes that exist already.")]
    twice: Annotated[tuple[str, ...], Meta(description="Names that the list has more than once.")]
    refused: Annotated[
        tuple[RefusedName, ...],
        Meta(description="Names that cannot be classes, each with the reason."),
    ]


class ChangeClass(Asked, frozen=True):
    """A change; its kind says which fields count."""

    kind: Annotated[str, Meta(extra_json_schema={"enum": KINDS})]
    class_id: Annotated[int, Meta(description="The class to change.")] = 0
    into: Annotated[int, Meta(description="For merge: the class that gets all its labels.")] = 0
    name: Annotated[str, Meta(description="For create and rename.")] = ""
    names: Annotated[
        tuple[str, ...],
        Meta(
            max_length=MOST_NAMES,
            description="For split: two or more classes that replace it. For edit: new classes.",
        ),
    ] = ()
    order: Annotated[
        tuple[int, ...], Meta(description="For reorder: ids of classes in their new order.")
    ] = ()
    hotkey: Annotated[
        str, Meta(description="For hotkey: a digit or a letter except U and Z; empty for none.")
    ] = ""
    description: Annotated[
        str, Meta(description="For describe: what belongs to the class, in up to 500 characters.")
    ] = ""
    examples: Annotated[
        tuple[str, ...], Meta(description="For describe: ids of up to 8 samples that show it.")
    ] = ()
    removed: Annotated[
        tuple[int, ...],
        Meta(max_length=MOST_NAMES, description="For edit: classes without labels to archive."),
    ] = ()
    renamed: Annotated[
        dict[int, str],
        Meta(max_length=MOST_NAMES, description="For edit: ids of classes with their new names."),
    ] = field(default_factory=dict)
    preview: bool = False


class Changed(Now, frozen=True):
    """What a change does or would do."""

    effect: Annotated[
        Effect,
        Meta(description="Its effect, in sentences; the change makes `certificates` void."),
    ]
    change: Annotated[int | None, Meta(description="The id to undo it with; null for a preview.")]


def _list(session: Session, _visitor: Visitor, _asked: None) -> Classes:
    return Classes(session.store.classes.all(archived=True))


def _create(session: Session, visitor: Visitor, asked: CreateClass) -> ClassCreated:
    with session.reshaping():
        created = session.store.classes.create(asked.name, visitor.name)
    return ClassCreated(class_=created, **now(session))


def _create_all(session: Session, visitor: Visitor, asked: CreateClasses) -> ClassesCreated:
    lists = session.store.class_lists
    with session.reshaping():
        found = lists.sift(asked.names)
        if not asked.preview:
            for one in found.refused:
                raise ClassNameError(one.reason)
            lists.create(found.names, visitor.name)
    return ClassesCreated(**vars(found), **now(session))


def _change(session: Session, visitor: Visitor, asked: ChangeClass) -> Changed:
    wanted = ClassChange(**{one.name: getattr(asked, one.name) for one in fields(ClassChange)})
    effect = preview(session, wanted)
    done = None if asked.preview else carry_out(session, wanted, visitor.name).id
    return Changed(effect=effect, change=done, **now(session))


LIST_CLASSES = Operation(
    "GET",
    "/api/classes",
    "Every class with its description and examples, also archived and merged ones.",
    gives=Classes,
    handle=_list,
)
CREATE_CLASS = Operation(
    "POST",
    "/api/classes",
    "Create a class.",
    takes=CreateClass,
    gives=ClassCreated,
    refusals={409: "The name is empty, too long or taken."},
    handle=_create,
    role=Role.REVIEWER,
)
CREATE_CLASSES = Operation(
    "POST",
    "/api/classes/list",
    "Create the classes of a list of names, all in one change that can be undone, or none if a "
    "name is impossible. With `preview`, say what the list would become and change nothing.",
    takes=CreateClasses,
    gives=ClassesCreated,
    refusals={409: "A name is impossible, or no name is new; the text says which."},
    handle=_create_all,
    role=Role.REVIEWER,
)
CHANGE_CLASS = Operation(
    "POST",
    "/api/classes/change",
    "Change a class while people label: every board follows at once. With `preview`, describe the "
    "effect and change nothing.",
    takes=ChangeClass,
    gives=Changed,
    refusals={409: "The change is not possible now; the text says why."},
    handle=_change,
    role=Role.OWNER,
)
