"""One operation of the API: its address, its messages, and the function behind it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from labeling.api.forms import Asked, Reply
from labeling.loop.session import Session
from labeling.people.access import Visitor
from labeling.store import Role

Handler = Callable[[Session, Visitor, Any], Reply]
RequestHandler = Callable[[Session, Visitor, Request, Any], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """A route and its description; routes and documentation are both made from it.

    `takes` is in the body of a POST and in the query of a GET. Exactly one of two functions is
    set: `handle` takes the session, the visitor and the request's message and runs in a thread;
    `respond` takes the HTTP request too and runs in the event loop. Visitors with less than `role`
    are refused. With `token_in_address` the token may be in the address, as `?token=…`, which logs
    and browser histories keep.
    """

    method: str
    path: str
    summary: str
    takes: type[Asked] | None = None
    gives: type[Reply] | None = None
    in_path: type[Asked] | None = None
    refusals: Mapping[int, str] = field(default_factory=dict)
    media: tuple[str, ...] = ("application/json",)
    handle: Handler | None = None
    respond: RequestHandler | None = None
    role: Role = Role.ANNOTATOR
    token_in_address: bool = False

    @property
    def has_body(self) -> bool:
        """Whether the message is in the body."""
        return self.takes is not None and self.method != "GET"

    @property
    def name(self) -> str:
        """Its name in generated clients."""
        words = [part for part in self.path.split("/")[2:] if not part.startswith("{")]
        return "_".join([self.method.lower(), *words])
