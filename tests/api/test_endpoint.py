"""Which requests are let in, and how the others are refused."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from labeling.api import LARGEST_BODY, endpoint, routes
from labeling.loop.session import Session
from labeling.people import tokens
from labeling.people.tokens import Person, issue
from labeling.project.project import open_project
from tests.api.conftest import Opened
from tests.conftest import fill

POSTS = ("/api/next", "/api/page", "/api/answers", "/api/classes", "/api/classes/list")
POSTS += ("/api/classes/change", "/api/changes/undo", "/api/rewind")
GETS = ("/api/status", "/api/history", "/api/classes", "/api/changes", "/api/log")


def refused_everywhere(
    client: TestClient, session: Session, token: str | None, status: int = 401
) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    sample = session.store.samples.ids()[0]
    image = f"/api/samples/{sample}/thumb" + ("" if token is None else f"?token={token}")
    replies = [client.post(path, json={}, headers=headers) for path in POSTS]
    replies += [client.get(path, headers=headers) for path in GETS]
    replies.append(client.get(image))
    for reply in replies:
        assert reply.status_code == status, reply.request.url
        assert "reload the page" in reply.json()["error"]


def test_without_a_token_nothing_is_told(anonymous: TestClient, session: Session) -> None:
    refused_everywhere(anonymous, session, None)


def test_a_wrong_or_foreign_token_is_refused(
    anonymous: TestClient, session: Session, token: str, workspace: Opened
) -> None:
    refused_everywhere(anonymous, session, token[:-4])
    refused_everywhere(anonymous, session, issue(Person(session.project.key, "ann"), "s" * 64))


def test_a_token_for_a_project_that_is_not_open_is_refused_as_foreign(
    anonymous: TestClient, session: Session, workspace: Opened
) -> None:
    other_project = issue(Person("0123456789ab", "ann"), workspace.secret)
    refused_everywhere(anonymous, session, other_project, 403)


def test_a_token_of_one_open_project_gives_nothing_of_another(
    anonymous: TestClient, session: Session, workspace: Opened, tmp_path: Path
) -> None:
    elsewhere = Session(open_project(fill(tmp_path / "elsewhere", 3, first=500)))
    workspace.add(elsewhere)
    token = issue(Person(elsewhere.project.key, "ann"), workspace.secret)
    (sample, *_) = session.store.samples.ids()
    assert anonymous.get(f"/api/samples/{sample}/thumb?token={token}").status_code == 404
    headers = {"Authorization": f"Bearer {token}"}
    body = {"answers": [{"client_id": "c", "sample_id": sample, "kind": "skip"}]}
    reply = anonymous.post("/api/answers", json=body, headers=headers).json()
    assert set(reply["refused"]) == {"c"}
    assert session.store.answers.all() == []
    elsewhere.close()


def test_an_expired_token_is_refused(
    anonymous: TestClient, session: Session, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.time() + 3 * tokens.DAY
    monkeypatch.setattr(tokens.time, "time", lambda: later)
    refused_everywhere(anonymous, session, token)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"{}", b"[" * 200_000, b"1e999"]
)
def test_a_body_that_is_no_request_is_refused_as_such(client: TestClient, content: bytes) -> None:
    for path in POSTS:
        reply = client.post(path, content=content)
        assert reply.status_code == 422, path
        assert "not have the expected form" in reply.json()["error"]


WRONG_KINDS = [
    ("/api/next", '{"holder": "t", "count": "many"}'),
    ("/api/next", '{"holder": "t", "count": null}'),
    ("/api/next", '{"holder": "t", "count": Infinity}'),
    ("/api/next", '{"holder": "t", "count": 1, "keep": 7}'),
    ("/api/watch", '{"holder": "t", "count": 1, "after": 0, "drop": {"a": 1}, "wait": "x"}'),
    ("/api/watch", '{"holder": "t", "count": 1, "after": 0, "wait": NaN}'),
    ("/api/page", '{"holder": "t", "count": 1}'),
    ("/api/page", '{"holder": "t", "count": 1, "class_id": 1e400}'),
    ("/api/answers", '{"answers": "abc"}'),
    ("/api/answers", '{"answers": [{"client_id": "c"}]}'),
    ("/api/answers", '{"answers": [null]}'),
    (
        "/api/answers",
        '{"answers": [{"client_id": "c", "sample_id": "s", "kind": "k", "class_id": NaN}]}',
    ),
    (
        "/api/answers",
        '{"answers": [{"client_id": "c", "sample_id": "s", "kind": "k", "class_id": 1e999}]}',
    ),
    (
        "/api/answers",
        '{"answers": [{"client_id": "\\ud800", "sample_id": "s", "kind": "skip"}]}',
    ),
]


def test_a_value_of_the_wrong_kind_is_refused_as_such(client: TestClient) -> None:
    for path, body in WRONG_KINDS:
        reply = client.post(path, content=body.encode())
        assert reply.status_code == 422, (path, body, reply.text)
        assert "not have the expected form" in reply.json()["error"]


def test_a_body_that_is_too_large_is_refused_with_the_limit(client: TestClient) -> None:
    reply = client.post("/api/answers", content=b" " * (LARGEST_BODY + 1))
    assert reply.status_code == 413
    assert str(LARGEST_BODY) in reply.json()["error"]


def test_a_body_that_never_arrives_is_not_waited_for(
    token: str, workspace: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "LONGEST_ARRIVAL", 0.05)
    told: list[Any] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/answers",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())],
    }

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    async def send(message: Any) -> None:
        told.append(message)

    asyncio.run(Starlette(routes=routes(workspace))(scope, receive, send))
    assert told[0]["status"] == 408
    assert b"took too long" in told[1]["body"]


def test_a_get_of_a_post_route_is_not_allowed(client: TestClient) -> None:
    for path in {*POSTS} - {*GETS}:
        assert client.get(path).status_code == 405, path
