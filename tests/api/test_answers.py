"""Answers over HTTP: stored once, refused in words, listed as history."""

from starlette.testclient import TestClient

from labeling.loop.session import Session
from tests.api.conftest import ask, new_answer


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
