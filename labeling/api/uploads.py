"""The guard of Streamlit's route for uploads, which it would open to any visitor."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from labeling.api.endpoint import refusal
from labeling.errors import TokenError
from labeling.loop.session import Session
from labeling.people.access import admit
from labeling.people.tokens import check, cookie_name
from labeling.store import Role
from labeling.workspace import Workspace

ROUTE = "/_stcore/upload_file/"
OWNERS_ONLY = "Only an owner can add files; open your invitation link in this browser first."


class UploadGuard:
    """ASGI middleware: where a login is needed, an upload needs the cookie of an owner.

    An uploaded file stays in memory, so a stranger could fill it.
    """

    def __init__(self, app: ASGIApp, workspace: Workspace) -> None:
        self._app, self._workspace = app, workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ROUTE in scope["path"]:
            request = Request(scope)
            if request.method != "OPTIONS" and not self._may_upload(request):
                await refusal(403, OWNERS_ONLY)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _may_upload(self, request: Request) -> bool:
        if not self._workspace.needs_login(request.headers):
            return True
        return any(
            is_owner(one, request.cookies.get(cookie_name(one.project.key), ""), self._workspace)
            for one in self._workspace.sessions()
        )


def is_owner(session: Session, token: str, workspace: Workspace) -> bool:
    """Whether a cookie's token is that of an owner now."""
    try:
        visitor = admit(check(token, workspace.secret), session.store, login=True)
    except TokenError:
        return False
    return visitor.role >= Role.OWNER
