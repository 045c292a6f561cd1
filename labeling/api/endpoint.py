"""The endpoint: who has access, how large a request may be, and how a refusal is worded."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from labeling.api.forms import Asked, RefusedError, Reply, from_body, from_query, not_of_form
from labeling.api.operation import Operation
from labeling.api.threads import in_worker
from labeling.errors import BusyError, HoneError, TokenError
from labeling.loop.session import Session
from labeling.people.access import Visitor, admit
from labeling.people.tokens import check
from labeling.workspace import Workspace

LARGEST_BODY = 2_000_000
LONGEST_ARRIVAL = 30.0  # seconds
NOT_ALLOWED = "This needs the role {}; you are {}. Ask the owner of this project."
IMPOSSIBLE = (ValueError, OverflowError, RecursionError)  # values that no handler can work with

Endpoint = Callable[[Request], Awaitable[Response]]


class Refusal(Reply, frozen=True):
    """Why a request was refused."""

    error: str


def guarded(workspace: Workspace, operation: Operation) -> Endpoint:
    """An operation behind its checks: first the token, and each error gets a status."""

    async def enter(request: Request) -> Response:
        try:
            session, visitor = _enter(workspace, request, operation)
            if visitor.role < operation.role:
                raise RefusedError(403, NOT_ALLOWED.format(operation.role, visitor.role))
            asked = await _asked(request, operation)
            if operation.respond is not None:
                return await operation.respond(session, visitor, request, asked)
            assert operation.handle is not None
            return sent(await in_worker(operation.handle, session, visitor, asked))
        except TokenError as error:
            return refusal(401, str(error))
        except RefusedError as error:
            return refusal(error.status, str(error))
        except BusyError as error:
            return refusal(503, str(error))
        except HoneError as error:
            return refusal(409, str(error))
        except IMPOSSIBLE as error:
            return refusal(422, str(not_of_form(f"{error}.")))

    return enter


def sent(reply: Reply, status: int = 200) -> Response:
    """A reply as JSON."""
    return Response(msgspec.json.encode(reply), status, media_type="application/json")


def refusal(status: int, text: str) -> Response:
    """A refusal in words."""
    return sent(Refusal(text), status)


def _enter(workspace: Workspace, request: Request, operation: Operation) -> tuple[Session, Visitor]:
    """The session and the visitor of a request's token, checked for each request."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if operation.token_in_address:
        token = token or request.query_params.get("token", "")
    person = check(token, workspace.secret)
    session = workspace.get(person.project)
    if session is None:
        text = "This token is for a project that is not open on this server; reload the page."
        raise RefusedError(403, text)
    login = workspace.needs_login(request.headers)
    return session, admit(person, session.store, login=login)


async def _asked(request: Request, operation: Operation) -> Asked | None:
    """The message of a request, from its body or its address."""
    if operation.takes is None:
        return None
    if operation.has_body:
        return from_body(operation.takes, await _body(request))
    return from_query(operation.takes, request.query_params)


async def _body(request: Request) -> bytearray:
    content = bytearray()
    try:
        async with asyncio.timeout(LONGEST_ARRIVAL):
            async for chunk in request.stream():
                content += chunk
                if len(content) > LARGEST_BODY:
                    text = f"The body is larger than {LARGEST_BODY} bytes; send less at once."
                    raise RefusedError(413, text)
    except TimeoutError:
        raise RefusedError(408, "The body took too long to arrive; send it again.") from None
    return content
