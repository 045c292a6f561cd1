"""The limit of what uploads may hold in memory together; Streamlit limits only a single file."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from labeling.api.endpoint import refusal

ROUTE = "/_stcore/upload_file/"
FULL = "The files that wait in memory are too many; add them to the project, or reload the page."


class UploadLimit:
    """ASGI middleware: uploads that arrive and those that are `held` stay below `most` bytes.

    A body without a length, which comes in chunks, is counted as it arrives.
    """

    def __init__(self, app: ASGIApp, held: Callable[[], int], most: int) -> None:
        self._app, self._held, self._most = app, held, most
        self._arriving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or ROUTE not in scope["path"] or scope["method"] != "PUT":
            await self._app(scope, receive, send)
            return
        announced = Request(scope).headers.get("content-length", "0")
        if self._is_full(int(announced) if announced.isdecimal() else 0):
            await refusal(413, FULL)(scope, receive, send)
            return
        await self._take(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the body on until it is too much, and say so in place of Streamlit."""
        arrived, cut = 0, False

        async def counted() -> Message:
            nonlocal arrived, cut
            message = await receive()
            size = len(message.get("body", b""))
            if cut or self._is_full(size):
                cut = True
                return {"type": "http.disconnect"}
            arrived += size
            self._arriving += size
            return message

        async def unless_cut(message: Message) -> None:
            if not cut:
                await send(message)

        try:
            await self._app(scope, counted, unless_cut)
        except Exception:
            if not cut:
                raise
        finally:
            self._arriving -= arrived
        if cut:
            await refusal(413, FULL)(scope, receive, send)

    def _is_full(self, more: int) -> bool:
        return self._held() + self._arriving + more > self._most
