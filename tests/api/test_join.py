"""Invitation links and roles at the HTTP routes, each attack tried against the real routes."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from labeling.api import OPERATIONS, BrowserSecurity, routes
from labeling.api.operation import Operation
from labeling.loop.session import Session
from labeling.people.attempts import MOST_WRONG, Attempts
from labeling.people.tokens import Person, cookie_name, for_member, issue
from labeling.project.project import open_project
from labeling.store import Member, Role
from labeling.store import people as people_module
from tests.api.conftest import Opened
from tests.conftest import OpenSession, fill, label


@pytest.fixture
def workspace() -> Opened:
    workspace = Opened()
    workspace.login = True
    return workspace


@pytest.fixture
def session(open_session: OpenSession, workspace: Opened) -> Session:
    return workspace.add(open_session())


@pytest.fixture
def client(workspace: Opened) -> Iterator[TestClient]:
    with TestClient(
        Starlette(routes=routes(workspace)), "http://localhost", follow_redirects=False
    ) as client:
        yield client


def headers_of(workspace: Opened, session: Session, member: Member) -> dict[str, str]:
    token = issue(for_member(session.project.folder, member), workspace.secret)
    return {"Authorization": f"Bearer {token}"}


def call(client: TestClient, one: Operation, session: Session, headers: dict[str, str]) -> int:
    """The status of a well-formed request; 200 also where only a model is missing."""
    key = session.store.samples.ids()[0]
    bodies: dict[str, Any] = {
        "/api/next": {"holder": "t", "count": 1},
        "/api/watch": {"holder": "t", "count": 1, "after": 0},
        "/api/page": {"holder": "t", "count": 1, "class_id": 1},
        "/api/hold": {"holder": "t", "sample_ids": [key]},
        "/api/review": {"holder": "t", "count": 1},
        "/api/alike": {"sample_id": key, "class_ids": [1]},
        "/api/answers": {"answers": [{"client_id": "s", "sample_id": key, "kind": "skip"}]},
        "/api/classes": {"name": "fox"},
        "/api/classes/list": {"names": ["elk", "gnu"], "preview": False},
        "/api/classes/change": {"kind": "create", "name": "owl"},
        "/api/changes/undo": {"change": session.store.log.version()},
        "/api/rewind": {"to": "2000-01-01", "preview": True},
    }
    path = one.path.format(sample_id=key, size="thumb", class_id=1)
    body = bodies.get(one.path)
    status = client.request(one.method, path, json=body, headers=headers).status_code
    return 200 if (one.path, status) == ("/api/heat/{sample_id}/{class_id}", 409) else status


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_every_operation_is_open_from_its_role_on(
    client: TestClient, workspace: Opened, session: Session, role: Role
) -> None:
    member, _ = session.store.people.invite("ann", role, 1)
    headers = headers_of(workspace, session, member)
    for one in OPERATIONS:
        assert call(client, one, session, headers) == (200 if role >= one.role else 403), one.name


def test_an_annotator_cannot_make_classes() -> None:
    assert {one.path: one.role for one in OPERATIONS}["/api/classes"] is Role.REVIEWER


def test_every_operation_is_shut_to_whoever_is_no_member_any_more(
    client: TestClient, workspace: Opened, session: Session
) -> None:
    people = session.store.people
    people.invite("owner", Role.OWNER, 1)
    member, _ = people.invite("ann", Role.OWNER, 1)
    headers = headers_of(workspace, session, member)
    stranger = {"Authorization": f"Bearer {issue_local(workspace, session)}"}

    def statuses(headers: dict[str, str]) -> set[int]:
        return {call(client, one, session, headers) for one in OPERATIONS}

    assert statuses(headers) == {200}
    people.revoke(member.id)
    assert statuses(headers) == {401}  # without a second of delay
    people.renew(member.id, 1)
    assert statuses(headers) == {401}
    assert statuses(stranger) == {401}


def issue_local(workspace: Opened, session: Session) -> str:
    """A token for a name alone, as local use has it."""
    return issue(Person(session.project.key, "ann"), workspace.secret)


def test_a_member_of_one_project_is_nobody_in_another(
    client: TestClient, workspace: Opened, session: Session, tmp_path: Path
) -> None:
    elsewhere = Session(open_project(fill(tmp_path / "elsewhere", 2, first=500)))
    workspace.add(elsewhere)
    ours, _ = session.store.people.invite("ann", Role.ANNOTATOR, 1)
    theirs, _ = elsewhere.store.people.invite("eve", Role.OWNER, 1)
    assert ours.id == theirs.id  # so that only the project tells them apart
    key = session.store.samples.ids()[0]
    image = f"/api/samples/{key}/thumb"
    assert client.get(image, headers=headers_of(workspace, session, ours)).status_code == 200
    assert client.get(image, headers=headers_of(workspace, elsewhere, theirs)).status_code == 404
    elsewhere.close()


def test_an_annotator_cannot_undo_what_another_has_answered(
    client: TestClient, workspace: Opened, session: Session
) -> None:
    cat, key = session.store.classes.create("cat").id, session.store.samples.ids()[0]
    session.answer("bob", [label(key, cat, "1")])
    undo = {"client_id": "u", "sample_id": key, "kind": "undo", "undoes": "1"}
    member, _ = session.store.people.invite("ann", Role.ANNOTATOR, 1)
    headers = headers_of(workspace, session, member)
    reply = client.post("/api/answers", json={"answers": [undo]}, headers=headers).json()
    assert list(reply["refused"]) == ["u"]
    assert session.labels()[key].annotator == "bob"


def test_nobody_takes_a_lease_by_using_its_holders_name(
    client: TestClient, workspace: Opened, session: Session
) -> None:
    first, second = (session.store.people.invite(n, Role.ANNOTATOR, 1)[0] for n in ("a", "b"))
    held = [
        client.post(
            "/api/next",
            json={"holder": "tab", "count": 20},
            headers=headers_of(workspace, session, member),
        ).json()["cards"]
        for member in (first, second)
    ]
    keys = [{card["sample_id"] for card in cards} for cards in held]
    assert len(keys[0]) == len(keys[1]) == 20
    assert not keys[0] & keys[1]


# -- the door ----------------------------------------------------------------------------------


def test_a_link_lets_its_person_in_and_leaves_no_trace_of_the_secret(
    client: TestClient, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ann, secret = session.store.people.invite("Ann", Role.ANNOTATOR, 3)
    reply = client.get(f"/join/{secret}")
    assert (reply.status_code, reply.headers["location"]) == (303, "../")
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and secret not in cookie
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert reply.headers["cache-control"] == "no-store"
    token = client.cookies[cookie_name(session.project.key)]
    status = client.get("/api/status", headers={"Authorization": f"Bearer {token}"})
    assert status.status_code == 200
    assert client.get("/api/status").status_code == 401  # no cookie acts for a foreign page
    seen = session.store.people.get(ann.id)
    assert seen is not None and seen.seen is not None
    assert not any(
        secret in record.getMessage() for record in caplog.records if "httpx" not in record.name
    )


@pytest.mark.parametrize("end", ["revoke", "expire", "renew"])
def test_a_link_that_has_ended_lets_nobody_in(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    people = session.store.people
    ann, secret = people.invite("Ann", Role.ANNOTATOR, 3)
    if end == "revoke":
        people.revoke(ann.id)
    elif end == "renew":
        people.renew(ann.id, 3)
    else:
        monkeypatch.setattr(people_module.time, "time", lambda: ann.expires + 1)
    reply = client.get(f"/join/{secret}")
    assert reply.status_code == 403
    assert "set-cookie" not in reply.headers
    assert "Ask the person who sent it" in reply.text


def test_guessing_links_is_slowed_down_and_then_a_right_one_has_to_wait_too(
    client: TestClient, workspace: Opened, session: Session
) -> None:
    _, secret = session.store.people.invite("Ann", Role.ANNOTATOR, 3)
    clock = [0.0]
    workspace.attempts = Attempts(lambda: clock[0])
    for n in range(MOST_WRONG):
        assert client.get(f"/join/{secret[:-1]}{n}x").status_code == 403
    for guess in ("abc", secret):
        reply = client.get(f"/join/{guess}")
        assert reply.status_code == 429
        assert 0 < int(reply.headers["retry-after"]) <= 60
    clock[0] = 61.0
    assert client.get(f"/join/{secret}").status_code == 303


def test_what_a_proxy_forwards_needs_a_member_even_on_this_machine(
    client: TestClient, workspace: Opened, session: Session
) -> None:
    workspace.login = False
    headers = {"Authorization": f"Bearer {issue_local(workspace, session)}"}
    assert client.get("/api/status", headers=headers).status_code == 200
    forwarded = headers | {"X-Forwarded-For": "203.0.113.9"}
    assert client.get("/api/status", headers=forwarded).status_code == 401


# -- logging out -------------------------------------------------------------------------------


@pytest.fixture
def browser(workspace: Opened, session: Session) -> Iterator[TestClient]:
    """A browser that has followed the link of Ann, in front of the server's own guard."""
    _, secret = session.store.people.invite("Ann", Role.ANNOTATOR, 3)
    app = Starlette(routes=routes(workspace), middleware=[Middleware(BrowserSecurity)])
    with TestClient(app, "http://localhost", follow_redirects=False) as browser:
        assert browser.get(f"/join/{secret}").status_code == 303
        assert cookie_name(session.project.key) in browser.cookies
        yield browser


def test_logging_out_ends_the_cookie_and_the_link_lets_in_again(
    browser: TestClient, session: Session
) -> None:
    reply = browser.post("/leave", headers={"Origin": "http://localhost"})
    assert (reply.status_code, reply.headers["location"]) == (303, "./")
    assert reply.headers["cache-control"] == "no-store"
    assert cookie_name(session.project.key) not in browser.cookies
    ann = session.store.people.named("Ann")
    assert ann.is_active
    secret = session.store.people.renew(ann.id, 3)
    assert browser.get(f"/join/{secret}").status_code == 303
    assert cookie_name(session.project.key) in browser.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_page_of_another_site_cannot_log_anybody_out(
    browser: TestClient, session: Session, headers: dict[str, str]
) -> None:
    reply = browser.post("/leave", headers=headers)
    assert reply.status_code == 403 and "set-cookie" not in reply.headers
    assert cookie_name(session.project.key) in browser.cookies


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_or_an_image_cannot_log_anybody_out(
    browser: TestClient, session: Session, method: str
) -> None:
    reply = browser.request(method, "/leave")
    assert reply.status_code == 405 and "set-cookie" not in reply.headers
    assert cookie_name(session.project.key) in browser.cookies


def test_logging_out_ends_the_login_by_an_identity_provider_too(browser: TestClient) -> None:
    browser.cookies.set("_streamlit_user", "signed")
    reply = browser.post("/leave")
    assert reply.headers["location"] == "auth/logout"
    assert "hone-" in reply.headers["set-cookie"]
