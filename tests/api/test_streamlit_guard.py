"""Streamlit's routes: each is known, and where a login is needed a stranger gets no content."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from labeling.api import StreamlitGuard
from labeling.api.streamlit_guard import ROUTES
from labeling.loop.session import Session
from labeling.people.tokens import cookie_name, for_member, issue
from labeling.store import Role
from tests.api.conftest import Opened
from tests.api.test_safety import ELSEWHERE, Target, socket, target
from tests.conftest import fill

__all__ = ["target"]

ROOT = Path(__file__).parents[2]
UPLOAD = "/_stcore/upload_file/session/file"
MEDIA = "/media/0123456789abcdef.zip"
ANYBODYS = ["/", "/label", "/static/js/index.js", "/static/media/font.woff2", "/auth/login"]
ANYBODYS += ["/_stcore/health", "/_stcore/host-config", "/oauth2callback"]
NOBODYS = ["/_stcore/metrics", "/_stcore/script-health-check", "/_stcore/bidi-components/x/y.js"]
NOBODYS += ["/_stcore/agent/mcp", "/_stcore/agent/openapi.json", "/component/x/index.html"]
NOBODYS += ["/app/static/x.png", "/_stcore/made-up-tomorrow"]

RUNNING = """
import gc, json
from starlette.routing import Router
from starlette.testclient import TestClient
from app import app
from labeling.api import routes
from labeling.workspace import WORKSPACE

with TestClient(app):
    own = {route.path for route in routes(WORKSPACE)}
    found = {r.path for one in gc.get_objects() if isinstance(one, Router) for r in one.routes}
print(json.dumps(sorted(found - own)))
"""


def test_every_route_of_the_running_app_has_been_decided_about(tmp_path: Path) -> None:
    """A new route of Streamlit fails here until somebody enters who needs it."""
    pool = fill(tmp_path / "pool", 1)
    told = subprocess.run(
        [sys.executable, "-c", RUNNING],
        cwd=ROOT,
        env=os.environ | {"HONE_HOME": str(tmp_path / "home"), "HONE_POOL": str(pool)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = set(json.loads(told.stdout.splitlines()[-1]))
    assert {"", "/_stcore/health", "/_stcore/stream", "/media/{file_id:path}"} <= found
    agent = {f"/_stcore/agent/{name}" for name in ("interact", "mcp", "openapi.json")}
    assert found - {""} - agent <= set(ROUTES)  # "" are the files of the screens


@pytest.fixture
def arrived() -> list[str]:
    """What has come through to Streamlit's routes."""
    return []


@pytest.fixture
def claims() -> dict[str, Any]:
    """What an identity provider confirms of everybody."""
    return {}


@pytest.fixture(params=["", "hone"])
def base(request: pytest.FixtureRequest) -> str:
    """The path before all routes."""
    return str(request.param)


@pytest.fixture
def client(
    workspace: Opened, session: Session, arrived: list[str], claims: dict[str, Any], base: str
) -> Iterator[TestClient]:
    async def take(request: Request) -> Response:
        arrived.append(request.url.path)
        return Response(status_code=204)

    def confirmed(_cookies: Mapping[str, str]) -> Mapping[str, Any]:
        return claims

    routes = [Route("/{rest:path}", take, methods=["PUT", "DELETE", "OPTIONS", "GET"])]
    guard = Middleware(StreamlitGuard, workspace=workspace, claims=confirmed, base=base)
    address = f"http://localhost/{base}"
    with TestClient(Starlette(routes=routes, middleware=[guard]), address) as client:
        yield client


def cookie(workspace: Opened, session: Session, role: Role) -> dict[str, str]:
    member, _ = session.store.people.invite(f"the {role}", role, 1)
    token = issue(for_member(session.project.folder, member), workspace.secret)
    return {"Cookie": f"{cookie_name(session.project.key)}={token}"}


def test_on_this_machine_alone_everybody_gets_what_hone_uses(
    client: TestClient, arrived: list[str]
) -> None:
    for path in (*ANYBODYS, MEDIA):
        assert client.get(path).status_code == 204, path
    assert client.put(UPLOAD, content=b"image").status_code == 204
    assert len(arrived) == len(ANYBODYS) + 2


@pytest.mark.parametrize("login", [False, True])
def test_what_hone_does_not_use_is_closed_to_all(
    workspace: Opened, session: Session, client: TestClient, arrived: list[str], login: bool
) -> None:
    workspace.login = login
    owner = cookie(workspace, session, Role.OWNER)
    for path in NOBODYS:
        for method in ("GET", "OPTIONS"):
            assert client.request(method, path, headers=owner).status_code == 404, path
    assert arrived == []


def test_where_a_login_is_needed_a_page_still_begins(workspace: Opened, client: TestClient) -> None:
    workspace.login = True
    for path in ANYBODYS:
        assert client.get(path).status_code == 204, path


def test_where_a_login_is_needed_content_needs_a_member_and_an_upload_an_owner(
    workspace: Opened, session: Session, client: TestClient, arrived: list[str]
) -> None:
    workspace.login = True
    wrong = {"Cookie": f"{cookie_name(session.project.key)}=nonsense"}
    reviewer, owner = (cookie(workspace, session, role) for role in (Role.REVIEWER, Role.OWNER))
    for headers in ({}, wrong):
        assert client.get(MEDIA, headers=headers).status_code == 403
    for headers in ({}, wrong, reviewer):
        for method in ("PUT", "DELETE"):
            reply = client.request(method, UPLOAD, content=b"190 MB", headers=headers)
            assert (reply.status_code, "Only an owner" in reply.json()["error"]) == (403, True)
    assert arrived == []
    assert client.get(MEDIA, headers=reviewer).status_code == 204
    assert client.put(UPLOAD, content=b"image", headers=owner).status_code == 204


def test_a_request_from_elsewhere_needs_the_login_too(
    client: TestClient, arrived: list[str]
) -> None:
    assert client.put(UPLOAD, content=b"image", headers=ELSEWHERE).status_code == 403
    assert client.get(MEDIA, headers=ELSEWHERE).status_code == 403
    assert arrived == []


def test_who_was_revoked_gets_and_uploads_nothing_more(
    workspace: Opened, session: Session, client: TestClient
) -> None:
    workspace.login = True
    headers = cookie(workspace, session, Role.OWNER)
    (member,) = session.store.people.all()
    session.store.people.invite("another owner", Role.OWNER, 1)
    session.store.people.revoke(member.id)
    assert client.put(UPLOAD, content=b"image", headers=headers).status_code == 403
    assert client.get(MEDIA, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, 204),
        ({"email_verified": "false"}, 403),
        ({"email": "eve@x.example"}, 403),
        ({"is_logged_in": False}, 403),
    ],
)
def test_the_login_of_an_identity_provider_counts_as_on_the_screens(
    workspace: Opened,
    session: Session,
    client: TestClient,
    claims: dict[str, Any],
    more: dict[str, Any],
    status: int,
) -> None:
    workspace.login = True
    session.store.people.invite("Olga", Role.OWNER, 1, email="olga@x.example")
    claims.update({"email": "olga@x.example", "email_verified": True, "is_logged_in": True}, **more)
    assert client.get(MEDIA).status_code == status
    assert client.put(UPLOAD, content=b"image").status_code == status


# -- the server as it runs ---------------------------------------------------------------------


@contextmanager
def prepared_export(target: Target) -> Iterator[str]:
    """The address of an export that the person at this machine has prepared."""

    def told(opened: Any, ask: BackMsg) -> list[Any]:
        opened.send(ask.SerializeToString())
        elements = []
        while True:
            message = ForwardMsg.FromString(opened.recv(timeout=30))
            elements.append(message.delta.new_element)
            if message.WhichOneof("type") == "script_finished":
                return elements

    ask = BackMsg()
    ask.rerun_script.query_string = ""
    ask.rerun_script.page_name = "export"
    with socket(target, {}) as opened:
        shown = told(opened, ask)
        (press,) = (one.button.id for one in shown if one.button.label == "Prepare")
        state = ask.rerun_script.widget_states.widgets.add()
        state.id, state.trigger_value = press, True
        shown = told(opened, ask)
        (address,) = (one.download_button.url for one in shown if one.download_button.url)
        yield str(address)


def test_a_prepared_export_is_given_to_people_of_the_project_alone(target: Target) -> None:
    ann, _, _ = target.member("ann")
    cookie = {"Cookie": f"{cookie_name(target.key)}={ann}"} | ELSEWHERE
    forged = {"Cookie": f"{cookie_name(target.key)}={ann[:-2]}"} | ELSEWHERE
    with prepared_export(target) as address:
        for stranger in (ELSEWHERE, forged):
            for method in ("GET", "HEAD"):
                assert target.ask(address, method, headers=stranger)[0] == 403
        for person in ({}, cookie):
            status, _, text = target.ask(address, headers=person)
            assert status == 200 and text
    guessed = [target.ask("/media/guessed.zip", headers=one)[0] for one in (ELSEWHERE, cookie)]
    assert guessed == [403, 404]  # a stranger does not learn what is there


def test_a_stranger_gets_the_page_and_nothing_that_hone_does_not_use(target: Target) -> None:
    for path in ("/", "/label", "/_stcore/health", "/_stcore/host-config"):
        assert target.ask(path, headers=ELSEWHERE)[0] == 200, path
    for headers in ({}, ELSEWHERE):
        for path in NOBODYS:
            assert target.ask(path, headers=headers)[0] == 404, path
