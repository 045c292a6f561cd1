"""The guard of Streamlit's own routes, most of which it opens to any visitor."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from labeling.api.endpoint import refusal
from labeling.api.sockets import trust
from labeling.api.threads import in_worker
from labeling.errors import StorageError
from labeling.people.access import Visitor, recognized
from labeling.store import Role
from labeling.workspace import Workspace

ANYBODY: Final = "anybody"
NOBODY: Final = "nobody"
Need = Literal["anybody", "nobody"] | Role

# Each of Streamlit's routes, and who needs it where a login is needed. A page begins with the first
# group, and its socket checks the visitor each time. What is of no use to Hone is closed always.
ROUTES: dict[str, Need] = {
    "/_stcore/health": ANYBODY,
    "/_stcore/host-config": ANYBODY,
    "/_stcore/stream": ANYBODY,
    "/auth/login": ANYBODY,
    "/auth/logout": ANYBODY,
    "/oauth2callback": ANYBODY,
    "/media/{file_id:path}": Role.ANNOTATOR,  # exports, images, charts
    "/_stcore/upload_file/{session_id}/{file_id}": Role.OWNER,
    "/_stcore/metrics": NOBODY,
    "/_stcore/script-health-check": NOBODY,
    "/_stcore/bidi-components/{path:path}": NOBODY,  # Hone's own come over the socket
    "/_stcore/agent/{path:path}": NOBODY,
    "/component/{path:path}": NOBODY,
    "/app/static/{path:path}": NOBODY,
    "/_stcore/{path:path}": NOBODY,  # routes of a newer Streamlit
    "/{path:path}": ANYBODY,  # the files that all screens are made of
}

REFUSED = {
    Role.ANNOTATOR: "Only people of this project get this; open your invitation link first.",
    Role.OWNER: "Only an owner can add files; open your invitation link in this browser first.",
}
CLOSED = "There is nothing at this address."


class StreamlitGuard:
    """ASGI middleware that lets a request pass to Streamlit's routes if its visitor needs them.

    `claims` says what an identity provider confirms of the person of some cookies, and `base` is
    the path that Streamlit puts before its routes.
    """

    def __init__(
        self,
        app: ASGIApp,
        workspace: Workspace,
        claims: Callable[[Mapping[str, str]], Mapping[str, Any]],
        base: str = "",
    ) -> None:
        self._app, self._workspace, self._claims = app, workspace, claims
        prefix = f"/{base.strip('/')}".rstrip("/")
        self._routes = [(compile_path(prefix + path)[0], need) for path, need in ROUTES.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = await self._refusal(Request(scope)) if scope["type"] == "http" else None
        if scope["type"] == "websocket" and await self._is_known(HTTPConnection(scope)):
            trust(scope)
        await (refused or self._app)(scope, receive, send)

    async def _is_known(self, page: HTTPConnection) -> bool:
        """Whether a socket is opened by a person, as far as one can tell now."""
        if not self._workspace.needs_login(page.headers):
            return True
        try:
            return bool(await in_worker(self._roles, page.cookies))
        except StorageError:
            return False

    async def _refusal(self, request: Request) -> Response | None:
        """The reply to a request that must not pass."""
        need = self._need(request.scope["path"])
        if need == NOBODY:
            return refusal(404, CLOSED)
        if not isinstance(need, Role) or not self._workspace.needs_login(request.headers):
            return None
        try:
            found = await in_worker(self._roles, request.cookies)
        except StorageError as error:
            return refusal(503, str(error))
        return None if max(found, default=0) >= need else refusal(403, REFUSED[need])

    def _need(self, path: str) -> Need:
        return next((need for route, need in self._routes if route.match(path)), ANYBODY)

    def _roles(self, cookies: Mapping[str, str]) -> list[Role]:
        """What the person of these cookies is in the open projects."""
        return [found.role for found in self._visitors(cookies)]

    def _visitors(self, cookies: Mapping[str, str]) -> Iterator[Visitor]:
        claims = self._claims(cookies)
        for session in self._workspace.sessions():
            project, store = session.project, session.store
            found = recognized(project.key, store, cookies, claims, self._workspace.secret)
            if found is not None:
                yield found
