"""Past changes, undoing them, going back to a moment, and the audit trail; for owners."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from labeling.api.classes import Changed
from labeling.api.forms import Asked, Reply, not_of_form
from labeling.api.operation import Operation
from labeling.api.status import Now, now
from labeling.loop.rewind import rewind, rewind_effect, undo
from labeling.loop.session import Session
from labeling.people.access import Visitor
from labeling.project.audit import Deed, trail
from labeling.project.snapshots import read_time
from labeling.store import Role
from labeling.store.history import MOST


class PastChange(Reply, frozen=True):
    """A change of the classes, or a rewind."""

    id: int
    at: float
    by: str
    kind: str
    text: str
    why_not: Annotated[
        str | None, Meta(description="Why it cannot be undone; null if it can be undone.")
    ]


class Changes(Reply, frozen=True):
    """Changes, newest first."""

    changes: list[PastChange]


class UndoChange(Asked, frozen=True):
    """Which change to undo."""

    change: Annotated[int, Meta(description="The id of the change.")]


class Undone(Now, frozen=True):
    """The change that was undone."""

    undone: Annotated[str, Meta(description="What was undone, in words.")]


class Rewind(Asked, frozen=True):
    """A moment to go back to: a time, or an answer."""

    to: Annotated[
        str | None,
        Meta(description="A time in ISO 8601; without an offset, in the server's time zone."),
    ] = None
    answer: Annotated[int | None, Meta(description="Or the moment just after this answer.")] = None
    preview: bool = False


class LogQuery(Asked, frozen=True):
    """Which part of the audit trail to list."""

    who: Annotated[str, Meta(description="Only this person's actions.")] = ""
    what: Annotated[
        str,
        Meta(description="Only this kind, or kinds that start with it: answer, class, export."),
    ] = ""
    since: Annotated[
        float,
        Meta(description="Only actions since this time, in seconds since 1970."),
    ] = 0.0


class Log(Reply, frozen=True):
    """The audit trail, oldest first."""

    deeds: list[Deed]


def _changes(session: Session, _visitor: Visitor, _asked: None) -> Changes:
    return Changes(
        [
            PastChange(one.id, one.at, one.by, one.kind, one.text, why_not)
            for one, why_not in session.store.history.changes()
        ]
    )


def _undo(session: Session, visitor: Visitor, asked: UndoChange) -> Undone:
    undone = undo(session, asked.change, visitor.name)
    return Undone(undone=undone.text, **now(session))


def _rewind(session: Session, visitor: Visitor, asked: Rewind) -> Changed:
    store = session.store
    if asked.answer is not None and asked.to is None:
        moment, said = store.history.at_answer(asked.answer), ""
    elif asked.to is not None and asked.answer is None:
        found: datetime = read_time(asked.to)
        moment, said = store.history.at(found.timestamp()), f"{found:%Y-%m-%d %H:%M:%S %Z}"
    else:
        raise not_of_form("name either `to` or `answer`.")
    effect, change = rewind_effect(store.history.taken(moment)), None
    if asked.preview:
        with store.trial():  # it may be refused
            store.history.rewind(moment)
    else:
        rewind(session, moment, visitor.name, said)
        change = store.log.version()
    return Changed(effect=effect, change=change, **now(session))


def _log(session: Session, _visitor: Visitor, asked: LogQuery) -> Log:
    return Log(trail(session.project, asked.who, asked.what, asked.since))


CHANGES = Operation(
    "GET",
    "/api/changes",
    f"The newest {MOST} changes of the classes and rewinds, newest first.",
    gives=Changes,
    handle=_changes,
    role=Role.OWNER,
)
UNDO_CHANGE = Operation(
    "POST",
    "/api/changes/undo",
    "Undo a change of the classes, or a rewind.",
    takes=UndoChange,
    gives=Undone,
    refusals={409: "It cannot be undone any more; the text says why."},
    handle=_undo,
    role=Role.OWNER,
)
REWIND = Operation(
    "POST",
    "/api/rewind",
    "Go back to a moment: later answers and changes do not count until you undo this. Nothing is "
    "deleted. With `preview`, describe the effect and change nothing.",
    takes=Rewind,
    gives=Changed,
    refusals={409: "That moment does not exist, or nothing has happened since."},
    handle=_rewind,
    role=Role.OWNER,
)
LOG = Operation(
    "GET",
    "/api/log",
    "The audit trail: who did what and when, oldest first.",
    takes=LogQuery,
    gives=Log,
    handle=_log,
    role=Role.OWNER,
)
