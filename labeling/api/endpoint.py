"""The gate: who may come in, how much they may bring, and how a refusal is told."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from labeling.api.operation import Json, Operation, RefusedError
from labeling.api.threads import in_worker
from labeling.errors import HoneError, StorageError, TokenError
from labeling.loop.session import Session
from labeling.people.access import Visitor, admit, is_from_elsewhere
from labeling.people.tokens import check
from labeling.workspace import Workspace

LARGEST_BODY = 2_000_000
LONGEST_ARRIVAL = 30.0  # seconds
NOT_ALLOWED = "This takes the role {}, and yours is {}; ask the owner of this project."
MISFORMED = (KeyError, TypeError, ValueError, OverflowError, RecursionError)

Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(workspace: Workspace, operation: Operation) -> Endpoint:
    """An operation behind the gate: its token is checked first, and its errors get a status."""

    async def enter(request: Request) -> Response:
        try:
            session, visitor = _enter(workspace, request, operation)
            if visitor.role < operation.role:
                raise RefusedError(403, NOT_ALLOWED.format(operation.role, visitor.role))
            body = await _body(request) if operation.body is not None else {}
            if operation.respond is not None:
                return await operation.respond(session, visitor, request, body)
            assert operation.handle is not None
            reply = await in_worker(operation.handle, session, visitor, body)
            return JSONResponse(reply)
        except TokenError as error:
            return told(401, str(error))
        except RefusedError as error:
            return told(error.status, str(error))
        except StorageError as error:
            return told(503, str(error))
        except HoneError as error:
            return told(409, str(error))
        except MISFORMED as error:
            return told(422, f"The request is not of the expected form: {error!r}")

    return enter


def told(status: int, text: str) -> JSONResponse:
    """A refusal in words."""
    return JSONResponse({"error": text}, status_code=status)


def _enter(workspace: Workspace, request: Request, operation: Operation) -> tuple[Session, Visitor]:
    """The session and the visitor that a request's token speaks for, checked anew each time."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if operation.token_in_address:
        token = token or request.query_params.get("token", "")
    person = check(token, workspace.secret)
    session = workspace.get(person.project)
    if session is None:
        text = "This token is for a project that is not open on this server; reload the page."
        raise RefusedError(403, text)
    login = workspace.login or is_from_elsewhere(request.headers)
    return session, admit(person, session.store, login=login)


async def _body(request: Request) -> Json:
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
    body = json.loads(content)
    if not isinstance(body, dict):
        raise TypeError("the body is not a JSON object")
    return body
