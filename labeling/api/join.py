"""The door: an invitation link names a person, and the browser remembers it in a cookie."""

import math
import time
from html import escape

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from labeling.errors import StorageError
from labeling.session import Session
from labeling.store import Member
from labeling.tokens import DAY, cookie_name, for_member, issue
from labeling.workspace import Workspace

# The secret stands in this address: it goes to no other page, log or cache.
PRIVATE = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hone</title>
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 32rem; margin: 20vh auto; padding: 0 1rem; font: 1rem/1.5 system-ui; }}
</style><h1>{title}</h1><p>{text}</p></html>"""
WRONG = PAGE.format(
    title="This invitation is not valid",
    text="It was revoked, has run out, or the link is not complete. Ask the one who sent it for a "
    "new one.",
)
TOO_MANY = PAGE.format(
    title="Too many wrong invitations",
    text="Wait a minute, then open your link again.",
)


def join_route(workspace: Workspace) -> Route:
    """`/join/SECRET`: lets the bearer of an invitation in and goes on to the first screen."""

    async def join(request: Request) -> Response:
        client = request.client.host if request.client else ""
        if (wait := workspace.attempts.wait(client)) > 0:
            headers = PRIVATE | {"Retry-After": str(math.ceil(wait))}
            return HTMLResponse(TOO_MANY, status_code=429, headers=headers)
        try:
            found = await run_in_threadpool(_find, workspace, request.path_params["secret"])
        except StorageError as error:
            page = PAGE.format(title="Not just now", text=escape(str(error)))
            return HTMLResponse(page, status_code=503, headers=PRIVATE)
        if found is None:
            workspace.attempts.failed(client)
            return HTMLResponse(WRONG, status_code=403, headers=PRIVATE)
        return _enter(workspace, request, *found)

    return Route("/join/{secret}", join, name="join")


def _find(workspace: Workspace, secret: str) -> tuple[Session, Member] | None:
    """The open project that a secret invites to, and whom."""
    for session in workspace.sessions():
        member = session.store.people.by_secret(secret)
        if member is not None:
            session.store.people.saw(member.id)
            return session, member
    return None


def _enter(workspace: Workspace, request: Request, session: Session, member: Member) -> Response:
    project, left = session.project, member.expires - time.time()
    person = for_member(project.folder, member)
    # Relative, as Hone may live below a path.
    response = RedirectResponse("../", status_code=303, headers=PRIVATE)
    response.set_cookie(
        cookie_name(project.key),
        issue(person, workspace.secret, math.ceil(left / DAY)),
        max_age=math.ceil(left),
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
    )
    return response
