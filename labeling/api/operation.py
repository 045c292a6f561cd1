"""One operation of the API: where it is, what it takes and gives, and the function behind it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from labeling.loop.session import Session
from labeling.people.access import Visitor
from labeling.store import Role

Json = dict[str, Any]
JsonHandler = Callable[[Session, Visitor, Json], Json]
RequestHandler = Callable[[Session, Visitor, Request, Json], Awaitable[Response]]


class RefusedError(Exception):
    """An answer with an HTTP status and a reason in words."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def at_most(count: int, items: list[Any]) -> list[Any]:
    """A list of a request, unless it holds more than one request may bring."""
    if len(items) > count:
        raise RefusedError(413, f"{len(items):,} at once are too many; send {count:,} at most.")
    return items


@dataclass(frozen=True)
class Operation:
    """A route and its description; routes and documentation are both made from it.

    `body` and `reply` are JSON schemas. Exactly one of two functions is set: `handle` takes a
    checked-in session, the visitor and the body and runs in a thread; `respond` takes the request
    too and runs in the event loop. Whoever has less than `role` is refused. With
    `token_in_address` the token may stand there, where logs and histories keep it, as `?token=…`.
    """

    method: str
    path: str
    summary: str
    reply: Json | None = None
    body: Json | None = None
    query: Mapping[str, Json] = field(default_factory=dict)
    in_path: Mapping[str, Json] = field(default_factory=dict)
    refusals: Mapping[int, str] = field(default_factory=dict)
    media: str = "application/json"
    handle: JsonHandler | None = None
    respond: RequestHandler | None = None
    role: Role = Role.ANNOTATOR
    token_in_address: bool = False

    @property
    def name(self) -> str:
        """What generated clients call it."""
        words = [part for part in self.path.split("/")[2:] if not part.startswith("{")]
        return "_".join([self.method.lower(), *words])
