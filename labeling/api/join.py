"""The entrance: an invitation link names a person, and the browser remembers it in a cookie."""

import math
import time
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from labeling.api.browser_security import PLAIN_PAGE
from labeling.api.html import page
from labeling.api.threads import in_worker
from labeling.errors import StorageError, TokenError
from labeling.loop.session import Session
from labeling.people.access import admit
from labeling.people.attempts import WITHIN
from labeling.people.tokens import DAY, check, cookie_name, for_member, issue
from labeling.store import Member
from labeling.workspace import Workspace

# The address contains the secret: it must not reach another page, a log or a cache.
PRIVATE = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
# A form's request names its origin only if the page sends a referrer to its own server.
ASKING = PRIVATE | {"Referrer-Policy": "same-origin"}
WRONG = (
    "This invitation is not valid",
    "It was revoked, has expired, or the link is not complete. Ask the person who sent it for a "
    "new one.",
)
LOGGED_IN = "_streamlit_user"  # Streamlit's cookie of a login by an identity provider
TOO_MANY = ("Too many wrong invitations", "Wait a minute, then open your link again.")


def join_route(workspace: Workspace) -> Route:
    """`/join/SECRET`: lets the person with this invitation in and goes on to the first screen.

    If somebody else has joined in this browser, it asks first: otherwise a person who is tricked
    into opening another's link would label under the other's name without noticing it.
    """

    async def join(request: Request) -> Response:
        client = request.client.host if request.client else ""
        if (wait := workspace.attempts.wait(client)) > 0:
            headers = PRIVATE | {"Retry-After": str(math.ceil(wait))}
            return _said(*TOO_MANY, 429, headers)
        found = await in_worker(_find, workspace, request.path_params["secret"])
        if found is None:
            workspace.attempts.failed(client)
            if workspace.attempts.is_flood():
                return _said(*TOO_MANY, 429, PRIVATE | {"Retry-After": str(math.ceil(WITHIN))})
            return _said(*WRONG, 403)
        session, member = found
        before = await in_worker(_already, workspace, request, session)
        if request.method != "POST" and before is not None and before.id != member.id:
            return _html(_question(before, member), 200, ASKING)
        return await in_worker(_enter, workspace, request, session, member)

    async def enter(request: Request) -> Response:
        try:
            return await join(request)
        except StorageError as error:
            return _said("Not possible right now", str(error), 503)

    return Route("/join/{secret}", enter, methods=["GET", "POST"], name="join")


def leave_route(workspace: Workspace) -> Route:
    """`/leave`: ends the login of this browser, and goes on to the door.

    Only by POST: BrowserSecurity refuses one that a page of another site has sent.
    """

    async def leave(request: Request) -> Response:
        # The provider's login would let the person in again, so it ends too.
        by_provider = LOGGED_IN in request.cookies
        response = RedirectResponse("auth/logout" if by_provider else "./", 303, PRIVATE)
        for session in workspace.sessions():
            response.delete_cookie(
                cookie_name(session.project.key),
                httponly=True,
                secure=request.url.scheme == "https",
                samesite="lax",
            )
        return response

    return Route("/leave", leave, methods=["POST"], name="leave")


def _said(title: str, text: str, status: int, headers: Mapping[str, str] = PRIVATE) -> Response:
    return _html(page("join", title=title, text=text), status, headers)


def _html(text: str, status: int, headers: Mapping[str, str]) -> Response:
    policy = {"Content-Security-Policy": PLAIN_PAGE}
    return HTMLResponse(text, status_code=status, headers={**headers, **policy})


def _question(before: Member, member: Member) -> str:
    return page(
        "join_as",
        title=f"You are {before.name} in this browser",
        text=f"The link that you opened is for {member.name}.",
        name=member.name,
        before=before.name,
    )


def _find(workspace: Workspace, secret: str) -> tuple[Session, Member] | None:
    """The open project and the member of an invitation's secret."""
    is_flood = workspace.attempts.is_flood()
    for session in workspace.sessions():
        if is_flood and not session.store.people.may_know(secret):
            continue
        member = session.store.people.by_secret(secret)
        if member is not None:
            return session, member
    return None


def _already(workspace: Workspace, request: Request, session: Session) -> Member | None:
    """The member who has joined in this browser, if any."""
    try:
        person = check(request.cookies.get(cookie_name(session.project.key), ""), workspace.secret)
        visitor = admit(person, session.store, login=True)
    except TokenError:
        return None
    return None if visitor.member is None else session.store.people.get(visitor.member)


def _enter(workspace: Workspace, request: Request, session: Session, member: Member) -> Response:
    project, left = session.project, member.expires - time.time()
    session.store.people.saw(member.id)
    person = for_member(project.folder, member)
    # Relative, because Hone may run below a path.
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
