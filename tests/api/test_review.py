"""Review over HTTP: lists that a reviewer decides, and decisions that only a reviewer may take."""

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from labeling.loop.session import Session
from labeling.people.tokens import for_member, issue
from labeling.store import Role
from tests.api.conftest import Opened, ask, new_answer
from tests.conftest import OpenSession, label
from tests.mislabeled import mislabeled, wrong

__all__ = ["mislabeled"]


@pytest.fixture
def session(
    mislabeled: Path, tmp_path: Path, open_session: OpenSession, workspace: Opened
) -> Session:
    """A session with 32 labels, two of them wrong."""
    shutil.copytree(mislabeled, tmp_path / "project")
    opened = workspace.add(open_session(tmp_path / "project"))
    opened.worker.wait()
    return opened


def listed(client: TestClient, name: str = "", **more: Any) -> dict[str, Any]:
    body = {"holder": "tab", "count": 50, "name": name, **more}
    reply = client.post("/api/review", json=body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def ids(page: dict[str, Any]) -> list[str]:
    return [one["sample_id"] for one in page["items"]]


def decided(sample_id: str, class_id: int, client_id: str = "d1") -> dict[str, Any]:
    return new_answer(sample_id, class_id, client_id) | {"source": "adjudicated"}


def give(client: TestClient, *answers: dict[str, Any]) -> dict[str, Any]:
    reply = client.post("/api/answers", json={"answers": list(answers)})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def be(client: TestClient, session: Session, workspace: Opened, name: str, role: Role) -> None:
    """Send the next requests as a new member with that role."""
    member, _ = session.store.people.invite(name, role, 1)
    token = issue(for_member(session.project.folder, member), workspace.secret)
    client.headers["Authorization"] = f"Bearer {token}"


def test_a_decision_is_stored_as_one_and_can_be_undone(
    client: TestClient, session: Session
) -> None:
    page = listed(client)
    assert page["name"] == "suspects"
    assert set(ids(page)[:2]) == wrong(session)
    first, second = page["items"][:2]
    assert first["predicted"] != first["given"] and first["opinions"][0]["annotator"] == "ann"
    assert (
        first["probabilities"][str(first["given"])]
        < first["probabilities"][str(first["predicted"])]
    )
    keep, mend = (
        decided(first["sample_id"], first["given"]),
        decided(second["sample_id"], second["predicted"], "d2"),
    )
    assert give(client, keep, mend)["saved"] == ["d1", "d2"]
    by_id = {one.client_id: one for one in session.store.answers.all()}
    assert [by_id[key].source for key in ("d1", "d2")] == ["adjudicated"] * 2
    # Neither before nor after the next round is anybody asked again.
    assert not wrong(session) & set(ids(listed(client, "suspects")))
    session.worker.wait()
    assert not wrong(session) & set(ids(listed(client, "suspects")))
    undo = {"client_id": "u", "sample_id": second["sample_id"], "kind": "undo", "undoes": "d2"}
    assert give(client, undo)["saved"] == ["u"]
    session.worker.wait()
    assert session.labels()[second["sample_id"]].class_id == second["given"]
    assert second["sample_id"] in ids(listed(client, "suspects"))


def test_only_a_reviewer_may_decide_and_see_the_lists(
    client: TestClient, session: Session, workspace: Opened
) -> None:
    first = listed(client)["items"][0]
    be(client, session, workspace, "bob", Role.ANNOTATOR)
    for path, body in (
        ("review", {"holder": "t", "count": 1}),
        ("alike", {"sample_id": "x", "class_ids": []}),
    ):
        assert client.post(f"/api/{path}", json=body).status_code == 403
    assert client.get(f"/api/heat/{first['sample_id']}/{first['given']}").status_code == 403
    reply = give(client, decided(first["sample_id"], first["predicted"]))
    assert reply["saved"] == [] and "Only a reviewer" in reply["refused"]["d1"]
    assert session.labels()[first["sample_id"]].class_id == first["given"]
    be(client, session, workspace, "rita", Role.REVIEWER)
    assert give(client, decided(first["sample_id"], first["predicted"]))["saved"] == ["d1"]
    skip = decided(first["sample_id"], first["given"], "d2") | {"kind": "unsure", "class_id": None}
    assert "A decision is a label" in give(client, skip)["refused"]["d2"]


def test_a_decision_of_a_member_leaves_a_blind_check_one(
    client: TestClient, session: Session, workspace: Opened
) -> None:
    key = next(key for key, one in session.labels().items() if one.query == "audit")
    be(client, session, workspace, "rita", Role.REVIEWER)
    given = session.labels()[key].class_id
    assert given is not None
    give(client, decided(key, given))
    now = session.labels()[key]
    assert (now.annotator, now.source, now.query) == ("rita", "adjudicated", "audit")


def test_what_a_browser_holds_is_not_sent_again_and_changes_elsewhere_are_named(
    client: TestClient, session: Session
) -> None:
    whole = listed(client, "class", class_id=1)
    assert len(whole["items"]) == whole["total"] > 4
    held = {one["sample_id"]: one["answer"] for one in whole["items"][:3]}
    rest = listed(client, "class", class_id=1, held=held)
    assert ids(rest) == ids(whole)[3:] and rest["changed"] == {}
    assert ids(listed(client, "class", class_id=1, held=held, count=2)) == ids(whole)[3:5]
    a, b, c = held
    session.answer("rita", [label(a, 2, "by rita")])
    undone = next(one for one in session.store.answers.standing() if one.sample_id == b)
    undo = {"client_id": "u", "sample_id": b, "kind": "undo", "undoes": undone.client_id}
    give(client, undo, decided(c, 2))
    changed = listed(client, "class", class_id=1, held=held)["changed"]
    assert changed[a]["given"] == 2 and changed[a]["opinions"][0]["annotator"] == "rita"
    assert not changed[a]["decided"] and changed[c]["decided"]
    assert changed[b] is None


def test_two_reviewers_get_different_samples_first(client: TestClient) -> None:
    whole = ids(listed(client, "class", class_id=1))
    listed(client, "class", class_id=1, screen=3)
    body = {"holder": "other", "count": 50, "name": "class", "class_id": 1}
    others = ids(client.post("/api/review", json=body).json())
    assert others == whole[3:] + whole[:3]


def test_suspects_of_one_pair_are_a_list_of_their_own(client: TestClient, session: Session) -> None:
    page = listed(client, "suspects")
    assert sum(number for *_, number in page["pairs"]) == page["total"]
    given, predicted, number = page["pairs"][0]
    found = listed(client, "suspects", given=given, predicted=predicted)["items"]
    assert len(found) == number > 0
    assert {(one["given"], one["predicted"]) for one in found} == {(given, predicted)}


def test_classes_with_few_labels_are_named_and_not_judged(
    client: TestClient, session: Session
) -> None:
    rare = session.store.classes.create("rare").id
    (card, *_) = ask(client, 1)
    give(client, new_answer(card["sample_id"], rare))
    session.worker.wait()
    page = listed(client, "suspects")
    assert page["thin"] == [rare] and page["enough"] == 5
    assert all(rare not in (one["given"], one["predicted"]) for one in page["items"])


def test_disagreements_come_with_everybodys_answer_and_before_all_else(
    client: TestClient, session: Session
) -> None:
    session.change(overlap_share=1.0)
    (key,) = [card.sample_id for card in session.queue.next("a", 1, annotator="ann")]
    assert session.answer("ann", [label(key, 1, "x1")], own=True) == {}
    session.queue.next("b", 5, annotator="bob")
    assert session.answer("bob", [label(key, 2, "x2")], own=True) == {}
    (unsure,) = [card.sample_id for card in session.queue.next("c", 1, (key,), annotator="cem")][:1]
    page = listed(client)
    assert page["name"] == "disagreements" and page["team"]
    (item,) = [one for one in page["items"] if one["sample_id"] == key]
    said = [(one["annotator"], one["class_id"]) for one in item["opinions"]]
    assert said == [("ann", 1), ("bob", 2)]
    assert item["given"] is None and item["complete"] and unsure != key
    give(client, decided(key, 2))
    assert key not in ids(listed(client, "disagreements"))
    assert session.labels()[key].class_id == 2


def test_unsure_answers_come_before_the_least_sure_labels(
    client: TestClient, session: Session
) -> None:
    (card, *_) = ask(client, 1)
    give(client, {"client_id": "u", "sample_id": card["sample_id"], "kind": "unsure"})
    page = listed(client, "unsure")
    assert ids(page)[0] == card["sample_id"] and page["items"][0]["given"] is None
    assert page["items"][0]["probabilities"]


def test_why_shows_labeled_samples_and_where_the_model_looks(
    client: TestClient, session: Session
) -> None:
    first = listed(client, "suspects")["items"][0]
    classes = [first["predicted"], first["given"]]
    body = {"sample_id": first["sample_id"], "class_ids": classes}
    alike = client.post("/api/alike", json=body).json()["alike"]
    labels = session.labels()
    for class_id in classes:
        assert {labels[key].class_id for key, _ in alike[str(class_id)]} == {class_id}
    reply = client.get(f"/api/heat/{first['sample_id']}/{classes[0]}")
    assert reply.headers["cache-control"] == "no-store"
    assert Image.open(io.BytesIO(reply.content)).size == (300, 300)
    reply = client.get(f"/api/heat/{first['sample_id']}/9999")
    assert reply.status_code == 409 and "does not know that class" in reply.json()["error"]
    assert client.get(f"/api/heat/{first['sample_id']}/x").status_code == 404
