"""Answers over HTTP: stored once, refused in words, listed as history."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from labeling.loop.session import Session
from labeling.people.tokens import Person, issue
from labeling.pool.scan import Scanned
from labeling.project.pool_labels import import_labels
from tests.api.conftest import Opened, ask, new_answer

Send = Callable[..., dict[str, Any]]


def test_answers_are_stored_for_the_person_in_the_token_and_once_only(
    client: TestClient, session: Session
) -> None:
    cat = session.store.classes.create("cat").id
    card = ask(client, 1)[0]
    body = {"answers": [new_answer(card["sample_id"], cat) | {"seconds": 1.5, "annotator": "eve"}]}
    for _ in range(2):
        reply = client.post("/api/answers", json=body)
        assert reply.status_code == 200
        assert (reply.json()["saved"], reply.json()["refused"]) == (["c1"], {})
    (stored,) = session.store.answers.all()
    assert (stored.annotator, stored.seconds, stored.source) == ("ann", 1.5, "human")
    assert reply.json()["status"]["labels"] == 1


def test_refused_answers_are_named_and_the_others_are_stored(
    client: TestClient, session: Session
) -> None:
    cat = session.store.classes.create("cat").id
    first, second = session.store.samples.ids()[:2]
    answers = [
        new_answer(first, cat, "good"),
        new_answer("f" * 64, cat, "stranger"),
        new_answer(second, 10**30, "huge"),
        new_answer(second, cat, "odd") | {"kind": "wish"},
    ]
    reply = client.post("/api/answers", json={"answers": answers}).json()
    assert reply["saved"] == ["good"]
    assert set(reply["refused"]) == {"stranger", "huge", "odd"}
    assert "no sample" in reply["refused"]["stranger"]


@pytest.fixture
def other(session: Session, workspace: Opened, anonymous: TestClient) -> Send:
    """Sends answers as Bob."""
    token = issue(Person(session.project.key, "bob"), workspace.secret)
    headers = {"Authorization": f"Bearer {token}"}
    return lambda *answers: anonymous.post(
        "/api/answers", json={"answers": answers}, headers=headers
    ).json()


@pytest.fixture
def send(client: TestClient) -> Send:
    """Sends answers as Ann."""
    return lambda *answers: client.post("/api/answers", json={"answers": answers}).json()


def test_another_persons_answer_with_a_known_id_is_refused_and_not_called_saved(
    send: Send, other: Send, session: Session
) -> None:
    cat = session.store.classes.create("cat").id
    sample = session.store.samples.ids()[0]
    answer = new_answer(sample, cat, f"by name {sample}")
    assert send(answer)["saved"] == [answer["client_id"]]
    reply = other(answer)
    assert reply["saved"] == []
    assert "another person" in reply["refused"][answer["client_id"]]
    assert other(new_answer(sample, cat, "a new one"))["saved"] == ["a new one"]
    assert [one.annotator for one in session.store.answers.all()] == ["ann", "bob"]


def test_one_id_for_two_different_answers_is_refused_in_any_order(
    send: Send, session: Session
) -> None:
    cat = session.store.classes.create("cat").id
    first, second = session.store.samples.ids()[:2]
    invalid, valid = new_answer("f" * 64, cat, "x"), new_answer(first, cat, "x")
    for pair in ((invalid, valid), (valid, invalid), (valid, new_answer(second, cat, "x"))):
        reply = send(*pair, new_answer(second, cat, "good"))
        assert reply["saved"] == ["good"]
        assert "stored none of them" in reply["refused"]["x"]
    assert [one.client_id for one in session.store.answers.all()] == ["good"]
    reply = send(valid, valid)  # the same answer twice is one
    assert (reply["saved"], reply["refused"]) == (["x"], {})
    reply = send(valid, invalid)
    assert (reply["saved"], list(reply["refused"])) == ([], ["x"])
    assert [one.client_id for one in session.store.answers.all()] == ["good", "x"]


def test_an_undone_answer_that_comes_again_is_told_that_it_does_not_count(
    send: Send, session: Session
) -> None:
    cat = session.store.classes.create("cat").id
    sample = session.store.samples.ids()[0]
    answer = new_answer(sample, cat, "a")
    back = {"client_id": "u", "sample_id": sample, "kind": "undo", "undoes": "a"}
    assert send(answer, back)["saved"] == ["a", "u"]
    for answers, saved in (((answer,), []), ((answer, back), ["u"])):  # no reply came: once more
        reply = send(*answers)
        assert reply["saved"] == saved
        assert "does not count" in reply["refused"]["a"]
        assert reply["status"]["labels"] == 0
    assert send(answer | {"client_id": "b"})["status"]["labels"] == 1
    assert [one.client_id for one in session.store.answers.all()] == ["a", "u", "b"]


def test_nobody_can_take_the_ids_of_answers_that_are_accepted_or_imported(
    send: Send, session: Session
) -> None:
    cat = session.store.classes.create("cat").id
    first, second = session.store.samples.ids()[:2]
    send(new_answer(first, cat, f"import:{second}"))
    assert import_labels(session.project, [Scanned("a.png", second, 1, 1, label="dog")])
    assert [one.annotator for one in session.store.answers.all()] == ["ann", "import"]


def test_undo_skip_and_unsure_go_through_the_same_door(
    client: TestClient, session: Session
) -> None:
    cat = session.store.classes.create("cat").id
    a, b, c = session.store.samples.ids()[:3]
    answers = [
        new_answer(a, cat, "1"),
        {"client_id": "2", "sample_id": a, "kind": "undo", "undoes": "1"},
        {"client_id": "3", "sample_id": b, "kind": "skip"},
        {"client_id": "4", "sample_id": c, "kind": "unsure", "class_id": None},
    ]
    reply = client.post("/api/answers", json={"answers": answers}).json()
    assert reply["saved"] == ["1", "2", "3", "4"]
    status = reply["status"]
    assert (status["labels"], status["skipped"], status["unsure"]) == (0, 1, 1)


def test_a_browser_cannot_claim_that_its_answers_were_imported(
    client: TestClient, session: Session
) -> None:
    cat = session.store.classes.create("cat").id
    a, b = session.store.samples.ids()[:2]
    answers = [
        new_answer(a, cat, "1") | {"source": "imported"},
        new_answer(b, cat, "2") | {"source": "accepted"},
    ]
    client.post("/api/answers", json={"answers": answers})
    assert [one.source for one in session.store.answers.all()] == ["human", "accepted"]


def test_the_history_is_the_persons_own_newest_first(client: TestClient, session: Session) -> None:
    cat = session.store.classes.create("cat").id
    keys = session.store.samples.ids()[:12]
    answers = [new_answer(key, cat, f"c{number}") for number, key in enumerate(keys)]
    client.post("/api/answers", json={"answers": answers})
    undo = {"client_id": "u", "sample_id": keys[11], "kind": "undo", "undoes": "c11"}
    client.post("/api/answers", json={"answers": [undo]})
    history = client.get("/api/history").json()["history"]
    assert [one["client_id"] for one in history] == [f"c{number}" for number in range(10, -1, -1)]
    assert history[0]["name"].endswith(".png")
    assert (history[0]["class_id"], history[0]["class_name"]) == (cat, "cat")
