"""Cards over HTTP: leased, held, given back, and sent with news."""

import time
from dataclasses import asdict
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from labeling.answers import current
from labeling.api import routes
from labeling.evidence.error_rate import Cut, error_rate
from labeling.loop.cards import Card
from labeling.loop.session import Session
from labeling.people import tokens
from labeling.people.tokens import issue
from labeling.store import Role, leases
from labeling.store.leases import LEASE_SECONDS
from labeling.workspace import Workspace
from tests.api.conftest import ask, claim, new_answer, version
from tests.conftest import label


def test_cards_come_with_status_and_classes(client: TestClient, session: Session) -> None:
    cat = session.store.classes.create("<b>cat")
    reply = client.post("/api/next", json={"holder": "tab", "count": 2}).json()
    assert len(reply["cards"]) == 2
    assert reply["classes"] == [{"id": cat.id, "name": "<b>cat", "hotkey": None}]
    assert reply["status"]["total"] == 40
    assert reply["status"]["ingest"]["stage"] == "done"
    assert "keep" not in reply
    cards = reply["cards"]
    again = ask(client, 2, keep=(cards[0]["sample_id"],))
    assert cards[0]["sample_id"] not in {card["sample_id"] for card in again}


def test_a_grid_page_comes_with_the_counts_of_all_classes(
    client: TestClient, session: Session
) -> None:
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    answers = [
        new_answer(key, dog if number % 2 else cat, f"c{number}")
        for number, key in enumerate(session.store.samples.ids()[:10])
    ]
    client.post("/api/answers", json={"answers": answers})
    session.worker.wait()
    body = {"holder": "grid", "class_id": cat, "count": 5, "confident": False}
    reply = client.post("/api/page", json=body).json()
    assert sum(reply["counts"].values()) == 30
    assert len(reply["cards"]) == min(5, reply["counts"][str(cat)])
    for card in reply["cards"]:
        assert next(iter(card["probabilities"])) == str(cat)


def test_a_page_of_the_grid_tells_its_error_rate_but_not_to_an_annotator(
    session: Session, workspace: Workspace
) -> None:
    session.change(audit_share=1.0)
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    for number in range(30):
        card = session.queue.next("tab", 1)[0]
        session.answer("ann", [label(card.sample_id, (cat, dog)[number % 2])])
        session.worker.wait()
    evidence = session.figures.latest(60.0)
    assert evidence is not None and evidence.uniform.sum() >= 15
    roles = (Role.OWNER, Role.REVIEWER, Role.ANNOTATOR)
    tokens_ = {
        role: issue(
            tokens.for_member(
                session.project.folder, session.store.people.invite(str(role), role, 1)[0]
            ),
            workspace.secret,
        )
        for role in roles
    }
    with TestClient(Starlette(routes=routes(workspace)), "http://localhost") as client:
        for least, below in ((0.0, None), (0.5, None), (0.0, 0.9)):
            body = {"holder": "g", "class_id": cat, "count": 2, "least": least, "below": below}
            replies = {
                role: client.post(
                    "/api/page", json=body, headers={"Authorization": f"Bearer {one}"}
                ).json()
                for role, one in tokens_.items()
            }
            cut = Cut(least, 2.0 if below is None else below)
            expected = asdict(error_rate(evidence, [cat], cut))
            assert [replies[role]["error_rate"] for role in roles] == [expected, expected, None]
            assert not any(reply["counting"] for reply in replies.values())


@pytest.mark.parametrize("least", [-0.1, 1.5, "much"])
def test_a_confidence_that_is_no_share_is_refused(client: TestClient, least: object) -> None:
    body = {"holder": "g", "class_id": 1, "count": 2, "least": least}
    reply = client.post("/api/page", json=body)
    assert reply.status_code == 422
    assert "least" in reply.json()["error"]


@pytest.mark.parametrize("count", [-5, 0, 10**9])
def test_a_count_out_of_range_is_brought_into_it(client: TestClient, count: int) -> None:
    assert len(ask(client, count)) == (40 if count > 0 else 0)


def test_two_holders_never_get_the_same_sample(client: TestClient) -> None:
    first = claim(client, "a", 25)
    second = claim(client, "b", 25)
    assert (len(first), len(second)) == (25, 15)
    assert not set(first) & set(second)


def test_an_abandoned_lease_comes_back_when_it_ends_and_at_once_when_given_back(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = claim(client, "a", 40)
    assert claim(client, "b", 5) == []
    claim(client, "a", 0, keep=held[:38])
    assert set(claim(client, "b", 5)) == set(held[38:])
    later = time.time() + LEASE_SECONDS + 1
    monkeypatch.setattr(leases.time, "time", lambda: later)
    assert len(claim(client, "c", 40)) == 40


def test_a_holder_hears_which_of_its_samples_are_lost(client: TestClient, session: Session) -> None:
    mine = claim(client, "a", 4)
    other = claim(client, "b", 1)
    cat = session.store.classes.create("cat").id
    client.post("/api/answers", json={"answers": [new_answer(mine[1], cat, "1")]})
    body = {"holder": "a", "sample_ids": [*mine, *other]}
    assert client.post("/api/hold", json=body).json()["held"] == [mine[0], *mine[2:]]


def test_what_is_spare_stays_held_and_comes_again_with_the_newest_round(
    client: TestClient, session: Session
) -> None:
    spare = claim(client, "a", 10)
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    left = [key for key in session.store.samples.ids() if key not in spare]
    answers = [new_answer(left[0], cat, "1"), new_answer(left[1], dog, "2")]
    client.post("/api/answers", json={"answers": answers})
    session.worker.wait()
    assert not set(claim(client, "b", 28)) & set(spare)
    body = {"holder": "a", "count": 10, "spare": spare}
    cards = client.post("/api/next", json=body).json()["cards"]
    assert {card["sample_id"] for card in cards} == set(spare)
    assert all(card["round_id"] for card in cards)


def test_the_page_ahead_is_another_one_and_both_stay_held(
    client: TestClient, session: Session
) -> None:
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    answers = [
        new_answer(key, dog if number % 2 else cat, f"c{number}")
        for number, key in enumerate(session.store.samples.ids()[:4])
    ]
    client.post("/api/answers", json={"answers": answers})
    session.worker.wait()

    def page(holder: str, keep: list[str]) -> list[str]:
        body = {"holder": holder, "class_id": cat, "count": 4, "keep": keep}
        return [card["sample_id"] for card in client.post("/api/page", json=body).json()["cards"]]

    first = page("a", [])
    second = page("a", first)
    assert first and second and not set(first) & set(second)
    assert not set(page("b", [])) & {*first, *second}


def test_news_of_a_round_bring_what_it_ranks_best_and_only_what_is_dropped_goes_back(
    patient: TestClient, session: Session
) -> None:
    held = claim(patient, "a", 10)
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    before = version(patient)
    both = [label(key, one) for key, one in zip(held[:2], (cat, dog), strict=True)]
    body = {"holder": "a", "count": 5, "keep": held[2:4], "drop": held[7:], "after": before}

    def watch(**more: Any) -> dict[str, Any]:
        reply: dict[str, Any] = patient.post("/api/watch", json=body | more).json()
        return reply

    assert watch(drop=[])["cards"] == []  # there is no round yet
    session.answer("ann", both)
    session.worker.wait()
    reply = watch(wait=20)
    cards = [card["sample_id"] for card in reply["cards"]]
    assert reply["status"]["seen"] == 2
    assert all(card["round_id"] for card in reply["cards"])
    assert len(cards) == 5
    assert not set(cards) & {*held[:4]}
    free = set(session.store.samples.ids()) - {*held[:7], *cards}
    assert set(claim(patient, "b", 40)) == free  # what was dropped and did not come again is free


def test_who_gives_all_back_while_waiting_gets_no_leases_either(
    patient: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    answers = [label(key, one) for key, one in zip(claim(patient, "a", 2), (cat, dog), strict=True)]
    session.answer("ann", answers)
    session.worker.wait()
    best = session.queue.next

    def leave_then(*asked: Any) -> list[Card]:  # as a page that is closed just then
        monkeypatch.undo()
        assert claim(patient, "a", 0) == []
        return best(*asked)

    monkeypatch.setattr(session.queue, "next", leave_then)
    body = {"holder": "a", "count": 5, "after": 0}
    assert patient.post("/api/watch", json=body).json()["cards"] == []
    assert session.store.leases.held() == 0


def test_one_of_a_team_cannot_take_the_pool_away_from_the_others_by_made_up_names(
    session: Session, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "LEAST_HELD", 5)  # of forty images
    members = [session.store.people.invite(name, Role.ANNOTATOR, 1)[0] for name in ("eve", "ann")]
    eve, ann = (
        {
            "Authorization": "Bearer "
            + issue(tokens.for_member(session.project.folder, one), workspace.secret)
        }
        for one in members
    )
    with TestClient(Starlette(routes=routes(workspace)), "http://localhost") as client:
        keys = session.store.samples.ids()
        for number in range(10):
            body = {"holder": f"made up {number}", "count": 500}
            assert client.post("/api/next", json=body, headers=eve).status_code == 200
            hold = {"holder": f"made up too {number}", "sample_ids": keys}
            assert client.post("/api/hold", json=hold, headers=eve).status_code == 200
        assert session.store.leases.held() == 10  # a quarter of forty
        got = client.post("/api/next", json={"holder": "tab", "count": 8}, headers=ann)
    assert len(got.json()["cards"]) == 8
