"""The shortcut: Hone's own routes, before everything that Streamlit does for its pages."""

from collections.abc import Sequence

from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send


class FastPath:
    """ASGI middleware that answers `routes` itself and passes on everything else.

    Streamlit reads session cookies, compresses replies and tries its own routes first. The
    board sends several requests for each answer and needs nothing of that.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routed = ExceptionMiddleware(Router(routes, redirect_slashes=False, default=app))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_request = scope["type"] == "http"  # Streamlit starts and ends the server
        await (self._routed if is_request else self._app)(scope, receive, send)
