"""Classes over HTTP."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from labeling.api.classes import KINDS
from labeling.loop.session import Session

Body = dict[str, Any]
# Each change of two classes, cat and dog (1 and 2), that is possible, and some that are not.
POSSIBLE: list[Body] = [
    {"kind": "create", "name": "fox"},
    {"kind": "rename", "class_id": 1, "name": "feline"},
    {"kind": "merge", "class_id": 1, "into": 2},
    {"kind": "split", "class_id": 1, "names": ["lion", "lynx"]},
    {"kind": "archive", "class_id": 1},
    {"kind": "bring_back", "class_id": 3},
    {"kind": "reorder", "order": [2, 1]},
    {"kind": "hotkey", "class_id": 1, "hotkey": "k"},
    {"kind": "describe", "class_id": 1, "description": "whiskers"},
    {"kind": "edit", "removed": [1], "renamed": {2: "hound"}, "names": ["fox"]},
]
IMPOSSIBLE: list[Body] = [
    {"kind": "create", "name": "cat"},
    {"kind": "create", "name": ""},
    {"kind": "create", "name": "c\u0430t"},
    {"kind": "rename", "class_id": 1, "name": "dog"},
    {"kind": "rename", "class_id": 1, "name": "\u3164"},
    {"kind": "rename", "class_id": 9, "name": "fox"},
    {"kind": "merge", "class_id": 1, "into": 1},
    {"kind": "merge", "class_id": 1, "into": 3},
    {"kind": "merge", "class_id": 1, "into": 10**30},
    {"kind": "split", "class_id": 1, "names": ["lion"]},
    {"kind": "split", "class_id": 1, "names": ["lion", "LION"]},
    {"kind": "split", "class_id": 3, "names": ["lion", "lynx"]},
    {"kind": "archive", "class_id": 3},
    {"kind": "bring_back", "class_id": 1},
    {"kind": "reorder", "order": [2, 9]},
    {"kind": "hotkey", "class_id": 1, "hotkey": "u"},
    {"kind": "describe", "class_id": 1, "examples": ["f" * 64]},
    {"kind": "describe", "class_id": 1, "description": "x" * 501},
    {"kind": "edit", "names": ["cat"]},
    {"kind": "edit"},
    {"kind": "edit", "renamed": {1: "x", 2: "X"}},
    {"kind": "explode", "class_id": 1},
]


@pytest.fixture
def three(session: Session) -> None:
    """Cat, dog and an archived fossil."""
    for name in ("cat", "dog", "fossil"):
        session.store.classes.create(name)
    session.store.classes.archive(3)


def test_every_kind_of_change_is_tried() -> None:
    assert {one["kind"] for one in POSSIBLE} == set(KINDS)


def test_a_preview_refuses_what_the_change_would_refuse(
    client: TestClient, session: Session, three: None
) -> None:
    before = session.store.classes.all(archived=True)
    for body in IMPOSSIBLE:
        looked = client.post("/api/classes/change", json=body | {"preview": True})
        done = client.post("/api/classes/change", json=body)
        assert (looked.status_code, looked.json()) == (done.status_code, done.json()), body
        assert done.status_code in (409, 422), body
    assert session.store.classes.all(archived=True) == before


@pytest.mark.parametrize("body", POSSIBLE, ids=str)
def test_a_preview_changes_nothing_and_the_change_does_what_it_said(
    client: TestClient, session: Session, three: None, body: Body
) -> None:
    def state() -> tuple[Any, ...]:
        store = session.store
        store.look_again()
        return store.classes.all(archived=True), store.log.all(), store.pulse()

    before = state()
    looked = client.post("/api/classes/change", json=body | {"preview": True})
    assert (looked.status_code, looked.json()["change"]) == (200, None)
    assert state() == before
    done = client.post("/api/classes/change", json=body)
    assert (done.status_code, done.json()["effect"]) == (200, looked.json()["effect"])
    assert state()[:2] != before[:2]


def test_a_preview_of_a_rewind_refuses_what_the_rewind_would_refuse(client: TestClient) -> None:
    body = {"to": "2199-01-01T00:00:00+00:00"}
    looked = client.post("/api/rewind", json=body | {"preview": True})
    done = client.post("/api/rewind", json=body)
    assert (looked.status_code, looked.json()) == (done.status_code, done.json())
    assert done.status_code == 409


def test_a_name_that_is_no_text_makes_no_class(client: TestClient) -> None:
    names: list[object] = [None, 7, True, ["cat"], {"a": "b"}]
    for name in names:
        assert client.post("/api/classes", json={"name": name}).status_code == 422, name
        listed = client.post("/api/classes/list", json={"names": ["dog", name]})
        assert listed.status_code == 422, name
        for body in ({"kind": "create", "name": name}, {"kind": "edit", "names": [name]}):
            assert client.post("/api/classes/change", json=body).status_code == 422, name
        assert client.post("/api/classes", json=name).status_code == 422, name
    assert client.get("/api/classes").json()["classes"] == []


def test_a_class_can_be_created_and_a_taken_name_is_refused_in_words(client: TestClient) -> None:
    reply = client.post("/api/classes", json={"name": " Cat "})
    assert reply.json()["class"]["name"] == "Cat"
    assert [one["name"] for one in reply.json()["classes"]] == ["Cat"]
    again = client.post("/api/classes", json={"name": "cat"})
    assert again.status_code == 409
    assert again.json()["error"] == "There is a class “Cat” already; choose another name."


def test_a_list_is_looked_at_first_and_then_created_by_one_request(client: TestClient) -> None:
    client.post("/api/classes", json={"name": "Cat"})
    lines = ["dog", "cat", "", "dog", "a\u0007b", *(f"class {number}" for number in range(40))]
    told = client.post("/api/classes/list", json={"names": lines, "preview": True}).json()
    assert len(told["names"]) == 41
    assert (told["known"], told["twice"]) == (["Cat"], ["dog"])
    assert [one["name"] for one in told["refused"]] == ["a\u0007b"]
    assert [one["name"] for one in told["classes"]] == ["Cat"]
    refused = client.post("/api/classes/list", json={"names": lines})
    assert refused.status_code == 409
    assert "control characters" in refused.json()["error"]
    made = client.post("/api/classes/list", json={"names": told["names"]}).json()
    assert [one["name"] for one in made["classes"]] == ["Cat", *told["names"]]
    (newest, _), (first, _) = (
        (one["text"], one["by"]) for one in client.get("/api/changes").json()["changes"]
    )
    assert newest.startswith("created 41 classes: “dog”")
    assert first == "created “Cat”"


def test_a_list_that_is_too_long_is_refused_in_words(client: TestClient) -> None:
    reply = client.post("/api/classes/list", json={"names": ["a"] * 1001})
    assert reply.status_code == 413
    assert "send 1,000 at most" in reply.json()["error"]
