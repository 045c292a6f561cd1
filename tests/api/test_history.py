"""Changing classes, going back and the audit trail over HTTP; boards hear of it at once."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from labeling.api import routes
from labeling.loop.session import Session
from labeling.people.tokens import Person, issue
from labeling.store import Store
from tests.api.conftest import Opened
from tests.conftest import OpenSession, label


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    return open_session()


@pytest.fixture
def client(session: Session) -> Iterator[TestClient]:
    workspace = Opened()
    workspace.add(session)
    with TestClient(Starlette(routes=routes(workspace)), base_url="http://localhost") as client:
        token = issue(Person(session.project.key, "olga"), workspace.secret)
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def made(session: Session, *names: str) -> list[int]:
    return [session.store.classes.create(name).id for name in names]


def test_a_preview_changes_nothing_and_the_change_then_does_what_it_said(
    client: TestClient, session: Session
) -> None:
    cat, dog = made(session, "cat", "dog")
    session.answer("ann", [label(session.store.samples.ids()[0], cat)])
    body = {"kind": "merge", "class_id": cat, "into": dog}
    told = client.post("/api/classes/change", json=body | {"preview": True}).json()
    assert told["change"] is None and told["merged"] == {}
    assert told["status"]["per_class"] == {str(cat): 1}
    done = client.post("/api/classes/change", json=body).json()
    assert done["effect"] == told["effect"]
    assert done["merged"] == {str(cat): dog}
    assert [one["name"] for one in done["classes"]] == ["dog"]
    assert done["status"]["per_class"] == {str(dog): 1}
    (history,) = client.get("/api/history").json()["history"] or [None]
    assert history is None  # they were ann's
    (change, *_) = client.get("/api/changes").json()["changes"]
    assert (change["id"], change["by"], change["why_not"]) == (done["change"], "olga", None)
    undone = client.post("/api/changes/undo", json={"change": change["id"]}).json()
    assert undone["merged"] == {} and undone["status"]["per_class"] == {str(cat): 1}
    again = client.post("/api/changes/undo", json={"change": change["id"]})
    assert again.status_code == 409 and "undone already" in again.json()["error"]


def wait_for_news(client: TestClient, after: int, told: list[dict[str, Any]]) -> threading.Thread:
    def wait() -> None:
        told.append(client.get(f"/api/status?after={after}&wait=20").json())

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.3)
    return thread


def test_whoever_waits_hears_of_a_change_at_once_be_it_of_another_process(
    client: TestClient, session: Session
) -> None:
    cat, dog, fox = made(session, "cat", "dog", "fox")
    now = client.get("/api/status").json()["status"]
    told: list[dict[str, Any]] = []
    thread = wait_for_news(client, now["version"], told)
    client.post("/api/classes/change", json={"kind": "merge", "class_id": cat, "into": dog})
    thread.join(5)
    assert told[0]["merged"] == {str(cat): dog} and told[0]["status"]["changed"] > now["changed"]
    session.worker.wait()
    now = client.get("/api/status?after=0&wait=1").json()["status"]
    thread = wait_for_news(client, now["version"], told)
    other = Store(session.project.store.path)
    other.reshaping.merge(fox, dog, "otto")
    other.close()
    thread.join(15)  # it is looked for each second; without news the reply comes after 20
    assert told[1]["merged"] == {str(cat): dog, str(fox): dog}


def test_going_back_over_http_is_previewed_done_and_undone(
    client: TestClient, session: Session
) -> None:
    (cat,) = made(session, "cat")
    first, second = session.store.samples.ids()[:2]
    session.answer("ann", [label(first, cat), label(second, cat)])
    body: dict[str, Any] = {"answer": 1}
    told = client.post("/api/rewind", json=body | {"preview": True}).json()
    assert told["effect"]["sentences"][0] == "Takes back 1 answer by 1 person (ann 1)."
    assert told["status"]["labels"] == 2
    done = client.post("/api/rewind", json=body).json()
    assert done["status"]["labels"] == 1
    refused = client.post("/api/rewind", json={"to": "2999-01-01"})
    assert refused.status_code == 409 and "since that moment" in refused.json()["error"]
    undone = client.post("/api/changes/undo", json={"change": done["change"]}).json()
    assert undone["status"]["labels"] == 2


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({}, 422, "either `to` or `answer`"),
        ({"to": "noon"}, 409, "“noon” is not a time"),
        ({"answer": 99}, 409, "no answer 99"),
        ({"answer": 10**30}, 409, "no answer 1000"),
    ],
)
def test_a_moment_that_is_none_is_refused(
    client: TestClient, body: dict[str, Any], status: int, reason: str
) -> None:
    reply = client.post("/api/rewind", json=body)
    assert (reply.status_code, reason in reply.json()["error"]) == (status, True)


def test_the_log_tells_who_did_what_and_is_filtered(client: TestClient, session: Session) -> None:
    (cat,) = made(session, "cat")
    session.answer("ann", [label(session.store.samples.ids()[0], cat)])
    client.post("/api/classes/change", json={"kind": "rename", "class_id": cat, "name": "feline"})
    deeds = client.get("/api/log").json()["deeds"]
    assert [(one["who"], one["what"]) for one in deeds] == [
        ("", "class created"),
        ("ann", "answer"),
        ("olga", "class renamed"),
    ]
    assert "as “feline”" in deeds[1]["detail"] and deeds[1]["counts"] is True
    only = client.get("/api/log", params={"who": "olga", "what": "class"}).json()["deeds"]
    assert [one["detail"] for one in only] == ["renamed “cat” to “feline”"]
    assert client.get("/api/log", params={"since": time.time() + 9}).json()["deeds"] == []
    assert client.get("/api/log", params={"since": "soon"}).status_code == 422


def test_classes_are_told_with_what_is_known_of_them(client: TestClient, session: Session) -> None:
    (cat,) = made(session, "cat")
    key = session.store.samples.ids()[0]
    body = {"kind": "describe", "class_id": cat, "description": "<b>soft</b>", "examples": [key]}
    assert client.post("/api/classes/change", json=body).status_code == 200
    (told,) = client.get("/api/classes").json()["classes"]
    assert (told["description"], told["examples"]) == ("<b>soft</b>", [key])
