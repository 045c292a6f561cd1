"""The gate: who may come in, how much they may bring, and how a refusal is told."""

import json
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from labeling.access import Visitor, admit, is_forwarded
from labeling.api.operation import Json, Operation, RefusedError
from labeling.errors import HoneError, StorageError, TokenError
from labeling.session import Session
from labeling.tokens import check
from labeling.workspace import Workspace

LARGEST_BODY = 2_000_000
NOT_ALLOWED = "This takes the role {}, and yours is {}; ask the owner of this project."
MISFORMED = (KeyError, TypeError, ValueError, OverflowError, RecursionError)

Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(workspace: Workspace, operation: Operation) -> Endpoint:
    """An operation behind the gate: its token is checked first, and its errors get a status."""

    async def enter(request: Request) -> Response:
        try:
            session, visitor = _enter(workspace, request)
            if visitor.role < operation.role:
                raise RefusedError(403, NOT_ALLOWED.format(operation.role, visitor.role))
            if operation.respond is not None:
                return await operation.respond(session, request)
            assert operation.handle is not None
            body = await _body(request) if operation.body is not None else {}
            reply = await run_in_threadpool(operation.handle, session, visitor, body)
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


def _enter(workspace: Workspace, request: Request) -> tuple[Session, Visitor]:
    """The session and the visitor that a request's token speaks for, checked anew each time."""
    header = request.headers.get("authorization", "")
    token = header.removeprefix("Bearer ") or request.query_params.get("token", "")
    person = check(token, workspace.secret)
    session = workspace.get(person.project)
    if session is None:
        text = "This token is for a project that is not open on this server; reload the page."
        raise RefusedError(403, text)
    login = workspace.login or is_forwarded(request.headers)
    return session, admit(person, session.store, login=login)


async def _body(request: Request) -> Json:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise RefusedError(
                413, f"The body is larger than {LARGEST_BODY} bytes; send less at once."
            )
    body = json.loads(content)
    if not isinstance(body, dict):
        raise TypeError("the body is not a JSON object")
    return body
