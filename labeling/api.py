"""HTTP routes beside Streamlit's: what the board, and any script with a token, talks to.

Every route but `health` and the board's own files needs a token, in the header
`Authorization: Bearer …` or, for images, as `?token=…`. Bodies and answers are JSON.

    POST /api/next     {holder, count, keep}            -> {cards, status, classes}
    POST /api/page     {holder, class_id, count, …}     -> {cards, counts, status, classes}
    POST /api/answers  {answers: [{client_id, …}]}      -> {saved, refused, status}
    POST /api/classes  {name}                           -> {class, classes}
    GET  /api/status                                    -> {status, classes}
    GET  /api/history                                   -> {history}
    GET  /api/images/{sample id}/{thumb or view}        -> WebP
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from labeling.errors import HoneError, TokenError, UnreadableImageError
from labeling.images import SIZES, cached_copy
from labeling.samples import read_sample
from labeling.session import Session
from labeling.store import NewAnswer
from labeling.tokens import check
from labeling.workspace import Workspace

Json = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Session, str, Json], Json]

BOARD = Path(__file__).with_name("board")
LARGEST_BODY = 2_000_000
HISTORY = 10
MOST_CARDS = 500
IMMUTABLE = "private, max-age=31536000, immutable"


def routes(workspace: Workspace) -> list[BaseRoute]:
    """All routes, to be mounted beside Streamlit's."""

    def post(path: str, handler: Handler) -> Route:
        return Route(path, _endpoint(workspace, handler), methods=["POST"])

    return [
        Route("/api/health", _health),
        Route("/api/board/{version:str}/{name:str}", _board_file),
        post("/api/next", _next),
        post("/api/page", _page),
        post("/api/answers", _answers),
        post("/api/classes", _create_class),
        Route("/api/status", _endpoint(workspace, _status)),
        Route("/api/history", _endpoint(workspace, _history)),
        Route("/api/images/{sample_id:str}/{size:str}", _images(workspace)),
    ]


def _endpoint(workspace: Workspace, handler: Handler) -> Endpoint:
    """Wrap a handler: check the token, read the body, run it in a thread, name its errors."""

    async def endpoint(request: Request) -> Response:
        try:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            session, annotator = _session(workspace, token)
            body = await _body(request)
            return JSONResponse(await run_in_threadpool(handler, session, annotator, body))
        except TokenError as error:
            return JSONResponse({"error": str(error)}, status_code=401)
        except HoneError as error:
            return JSONResponse({"error": str(error)}, status_code=409)
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            text = f"The request is not of the expected form: {error!r}"
            return JSONResponse({"error": text}, status_code=422)

    return endpoint


def _session(workspace: Workspace, token: str) -> tuple[Session, str]:
    person = check(token, workspace.secret)
    session = workspace.get(person.project)
    if session is None:
        raise TokenError("This project is not open on the server any more; reload the page.")
    return session, person.annotator


async def _body(request: Request) -> Json:
    if request.method != "POST":
        return {}
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise ValueError(f"a body of more than {LARGEST_BODY} bytes")
    body = json.loads(content)
    if not isinstance(body, dict):
        raise TypeError("the body is not a JSON object")
    return body


async def _health(_request: Request) -> Response:
    return JSONResponse({"ok": True})


async def _board_file(request: Request) -> Response:
    """A module of the board; its address changes with its content, so it may be kept for ever."""
    file = {path.name: path for path in BOARD.glob("*.js")}.get(request.path_params["name"])
    if file is None:
        return JSONResponse({"error": "There is no such file."}, status_code=404)
    return FileResponse(file, media_type="text/javascript", headers={"Cache-Control": IMMUTABLE})


def _next(session: Session, _annotator: str, body: Json) -> Json:
    keep = [str(key) for key in body.get("keep", [])]
    cards = session.next(_holder(body), _count(body), keep)
    return {"cards": [asdict(card) for card in cards], **_now(session)}


def _page(session: Session, _annotator: str, body: Json) -> Json:
    cards = session.page(
        _holder(body),
        int(body["class_id"]),
        _count(body),
        confident=bool(body.get("confident", True)),
    )
    return {
        "cards": [asdict(card) for card in cards],
        "counts": session.predicted_counts(),
        **_now(session),
    }


def _answers(session: Session, annotator: str, body: Json) -> Json:
    answers = [
        NewAnswer(
            client_id=str(item["client_id"]),
            sample_id=str(item["sample_id"]),
            kind=str(item["kind"]),
            class_id=None if item.get("class_id") is None else int(item["class_id"]),
            undoes=None if item.get("undoes") is None else str(item["undoes"]),
            seconds=None if item.get("seconds") is None else float(item["seconds"]),
            source="accepted" if item.get("source") == "accepted" else "human",
        )
        for item in body["answers"]
    ]
    refused = session.answer(annotator, answers)
    saved = [answer.client_id for answer in answers if answer.client_id not in refused]
    return {"saved": saved, "refused": refused, **_now(session)}


def _create_class(session: Session, _annotator: str, body: Json) -> Json:
    created = session.store.classes.create(str(body["name"]))
    return {"class": asdict(created), **_now(session)}


def _status(session: Session, _annotator: str, _body: Json) -> Json:
    return _now(session)


def _history(session: Session, annotator: str, _body: Json) -> Json:
    answers = session.store.answers.latest(annotator, HISTORY)
    samples = session.store.samples.many([answer.sample_id for answer in answers])
    return {
        "history": [
            {
                "client_id": answer.client_id,
                "sample_id": answer.sample_id,
                "name": samples[answer.sample_id].paths[0]
                if samples[answer.sample_id].paths
                else answer.sample_id[:12],
                "kind": answer.kind,
                "class_id": answer.class_id,
            }
            for answer in answers
        ]
    }


def _now(session: Session) -> Json:
    """What every reply carries, so that the board is always up to date."""
    return {
        "status": asdict(session.status()),
        "classes": [{"id": one.id, "name": one.name} for one in session.store.classes.all()],
    }


def _images(workspace: Workspace) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            session, _ = _session(workspace, request.query_params.get("token", ""))
            sample_id, size = request.path_params["sample_id"], request.path_params["size"]
            return await run_in_threadpool(_image, session, sample_id, size, request)
        except TokenError as error:
            return JSONResponse({"error": str(error)}, status_code=401)

    return endpoint


def _image(session: Session, sample_id: str, size: str, request: Request) -> Response:
    sample = session.store.samples.get(sample_id) if size in SIZES else None
    if sample is None or not sample.paths:
        return JSONResponse({"error": "There is no such image in this project."}, status_code=404)
    etag = f'"{sample_id[:32]}-{size}"'
    headers = {
        "Cache-Control": IMMUTABLE,
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    try:
        content = cached_copy(
            session.project.thumbnails,
            sample_id,
            size,
            lambda: read_sample(session.project.source, sample_id, sample.paths),
        )
    except (UnreadableImageError, OSError, KeyError) as error:
        reason = f"{sample.paths[0]} cannot be shown: {error}"
        session.leave_out(sample_id, reason)
        return JSONResponse({"error": reason}, status_code=410)
    return Response(content, media_type="image/webp", headers=headers)


def _holder(body: Json) -> str:
    return str(body["holder"])[:64]


def _count(body: Json) -> int:
    return max(0, min(int(body["count"]), MOST_CARDS))
