"""Streamlit's route for uploads is open to owners alone, where a login is needed."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from labeling.api import UploadGuard
from labeling.loop.session import Session
from labeling.people.tokens import cookie_name, for_member, issue
from labeling.store import Role
from tests.api.conftest import Opened

UPLOAD = "/_stcore/upload_file/session/file"


@pytest.fixture
def arrived() -> list[bytes]:
    """What has come through to Streamlit's route."""
    return []


@pytest.fixture
def client(workspace: Opened, session: Session, arrived: list[bytes]) -> Iterator[TestClient]:
    async def take(request: Request) -> Response:
        arrived.append(await request.body())
        return Response(status_code=204)

    routes = [Route("/{rest:path}", take, methods=["PUT", "DELETE", "OPTIONS", "GET"])]
    guard = Middleware(UploadGuard, workspace=workspace)
    with TestClient(Starlette(routes=routes, middleware=[guard]), "http://localhost") as client:
        yield client


def cookie(workspace: Opened, session: Session, role: Role) -> dict[str, str]:
    member, _ = session.store.people.invite(f"the {role}", role, 1)
    token = issue(for_member(session.project.folder, member), workspace.secret)
    return {"Cookie": f"{cookie_name(session.project.key)}={token}"}


def test_on_this_machine_alone_everybody_uploads(client: TestClient, arrived: list[bytes]) -> None:
    assert client.put(UPLOAD, content=b"image").status_code == 204
    assert arrived == [b"image"]


@pytest.mark.parametrize("path", [UPLOAD, f"/hone{UPLOAD}"])
def test_where_a_login_is_needed_only_an_owner_uploads(
    workspace: Opened, session: Session, client: TestClient, arrived: list[bytes], path: str
) -> None:
    workspace.login = True
    for headers in (
        {},
        {"Cookie": f"{cookie_name(session.project.key)}=nonsense"},
        cookie(workspace, session, Role.REVIEWER),
    ):
        for method in ("PUT", "DELETE"):
            reply = client.request(method, path, content=b"190 MB", headers=headers)
            assert (reply.status_code, "Only an owner" in reply.json()["error"]) == (403, True)
    assert arrived == []
    owner = cookie(workspace, session, Role.OWNER)
    assert client.put(path, content=b"image", headers=owner).status_code == 204
    assert client.get("/other").status_code == 204


def test_a_request_from_elsewhere_needs_the_login_too(
    client: TestClient, arrived: list[bytes]
) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert client.put(UPLOAD, content=b"image", headers=forwarded).status_code == 403
    assert arrived == []


def test_a_revoked_owner_uploads_nothing_more(
    workspace: Opened, session: Session, client: TestClient
) -> None:
    workspace.login = True
    headers = cookie(workspace, session, Role.OWNER)
    (member,) = session.store.people.all()
    session.store.people.invite("another owner", Role.OWNER, 1)
    session.store.people.revoke(member.id)
    assert client.put(UPLOAD, content=b"image", headers=headers).status_code == 403
