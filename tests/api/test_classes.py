"""Classes over HTTP."""

from starlette.testclient import TestClient


def test_a_class_can_be_created_and_a_taken_name_is_refused_in_words(client: TestClient) -> None:
    reply = client.post("/api/classes", json={"name": " Cat "})
    assert reply.json()["class"]["name"] == "Cat"
    assert [one["name"] for one in reply.json()["classes"]] == ["Cat"]
    again = client.post("/api/classes", json={"name": "cat"})
    assert again.status_code == 409
    assert again.json()["error"] == "There is a class “Cat” already; choose another name."
