"""Routes without a token: the board's own files, the API's description, and a health check."""

from functools import cache, partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from labeling.api.browser_security import PLAIN_PAGE
from labeling.api.document import openapi, page
from labeling.api.endpoint import refusal
from labeling.api.operation import Operation
from labeling.api.samples import IMMUTABLE

BOARD = Path(__file__).parents[1] / "board"


def open_routes(operations: tuple[Operation, ...]) -> list[BaseRoute]:
    """The routes that need no token."""
    described = cache(partial(openapi, operations))  # few ask, and a start need not wait for it

    async def document(_request: Request) -> Response:
        return JSONResponse(described())

    async def readable(_request: Request) -> Response:
        policy = {"Content-Security-Policy": PLAIN_PAGE}
        return HTMLResponse(page(operations), headers=policy)

    return [
        Route("/api/health", _health),
        Route("/api/openapi.json", document),
        Route("/api/docs", readable),
        Route("/api/board/{version:str}/{name:path}", _board_file),
    ]


async def _health(_request: Request) -> Response:
    return JSONResponse({"ok": True})


async def _board_file(request: Request) -> Response:
    """A module of the board; its address changes with its content, so it may be cached for good."""
    # Looked up in the list of existing files: no path from a browser reaches the file system.
    files = {path.relative_to(BOARD).as_posix(): path for path in BOARD.rglob("*.js")}
    file = files.get(request.path_params["name"])
    if file is None:
        return refusal(404, "There is no such file.")
    return FileResponse(file, media_type="text/javascript", headers={"Cache-Control": IMMUTABLE})
