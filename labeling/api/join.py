"""The door: an invitation link names a person, and the browser remembers it in a cookie."""

import math
import time
from collections.abc import Mapping
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from labeling.api.browser_security import PLAIN_PAGE
from labeling.api.threads import in_worker
from labeling.errors import StorageError, TokenError
from labeling.loop.session import Session
from labeling.people.access import admit
from labeling.people.attempts import WITHIN
from labeling.people.tokens import DAY, check, cookie_name, for_member, issue
from labeling.store import Member
from labeling.workspace import Workspace

# The secret stands in this address: it goes to no other page, log or cache.
PRIVATE = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
# A form's request says where it comes from only on a page that lets its own server know.
ASKING = PRIVATE | {"Referrer-Policy": "same-origin"}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hone</title>
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 32rem; margin: 20vh auto; padding: 0 1rem; font: 1rem/1.5 system-ui; }}
button {{ font: inherit; padding: .4rem 1rem; }}
</style><h1>{title}</h1><p>{text}</p>{more}</html>"""
WRONG = PAGE.format(
    title="This invitation is not valid",
    text="It was revoked, has run out, or the link is not complete. Ask the one who sent it for a "
    "new one.",
    more="",
)
TOO_MANY = PAGE.format(
    title="Too many wrong invitations",
    text="Wait a minute, then open your link again.",
    more="",
)
SOMEBODY_ELSE = """\
<form method="post"><button autofocus>Go on as {name}</button></form>
<p><a href="../">Stay {before}</a></p>"""


def join_route(workspace: Workspace) -> Route:
    """`/join/SECRET`: lets the bearer of an invitation in and goes on to the first screen.

    A browser that is somebody else already is asked first: who is made to open a link of
    another's would label in that one's name from then on, and not notice.
    """

    async def join(request: Request) -> Response:
        client = request.client.host if request.client else ""
        if (wait := workspace.attempts.wait(client)) > 0:
            headers = PRIVATE | {"Retry-After": str(math.ceil(wait))}
            return _page(TOO_MANY, 429, headers)
        found = await in_worker(_find, workspace, request.path_params["secret"])
        if found is None:
            workspace.attempts.failed(client)
            if workspace.attempts.is_flood():
                return _page(TOO_MANY, 429, PRIVATE | {"Retry-After": str(math.ceil(WITHIN))})
            return _page(WRONG, 403)
        session, member = found
        before = await in_worker(_already, workspace, request, session)
        if request.method != "POST" and before is not None and before.id != member.id:
            return _page(_question(before, member), 200, ASKING)
        return await in_worker(_enter, workspace, request, session, member)

    async def enter(request: Request) -> Response:
        try:
            return await join(request)
        except StorageError as error:
            text = PAGE.format(title="Not just now", text=escape(str(error)), more="")
            return _page(text, 503)

    return Route("/join/{secret}", enter, methods=["GET", "POST"], name="join")


def _page(text: str, status: int, headers: Mapping[str, str] = PRIVATE) -> Response:
    policy = {"Content-Security-Policy": PLAIN_PAGE}
    return HTMLResponse(text, status_code=status, headers={**headers, **policy})


def _question(before: Member, member: Member) -> str:
    more = SOMEBODY_ELSE.format(name=escape(member.name), before=escape(before.name))
    title = f"You are {escape(before.name)} in this browser"
    text = f"The link that you have opened is for {escape(member.name)}."
    return PAGE.format(title=title, text=text, more=more)


def _find(workspace: Workspace, secret: str) -> tuple[Session, Member] | None:
    """The open project that a secret invites to, and whom."""
    is_flood = workspace.attempts.is_flood()
    for session in workspace.sessions():
        if is_flood and not session.store.people.may_know(secret):
            continue
        member = session.store.people.by_secret(secret)
        if member is not None:
            return session, member
    return None


def _already(workspace: Workspace, request: Request, session: Session) -> Member | None:
    """Who this browser is now."""
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
