"""Classes over HTTP."""

from starlette.testclient import TestClient


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
