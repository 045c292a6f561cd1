"""The HTTP routes as a browser, a script and an attacker would use them."""

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from labeling.answers import current
from labeling.api import LARGEST_BODY, OPERATIONS, routes
from labeling.api.schema import schema_of
from labeling.api.status import news
from labeling.loop.cards import Card
from labeling.loop.session import Session
from labeling.people import tokens
from labeling.people.tokens import Person, issue
from labeling.project.project import open_project
from labeling.store import Role, leases
from labeling.store.leases import LEASE_SECONDS
from labeling.workspace import Workspace
from tests.conftest import OpenSession, fill, label

POSTS = ("/api/next", "/api/page", "/api/answers", "/api/classes")
POSTS += ("/api/classes/change", "/api/changes/undo", "/api/rewind")
GETS = ("/api/status", "/api/history", "/api/classes", "/api/changes", "/api/log")


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


@pytest.fixture
def session(open_session: OpenSession, workspace: Workspace) -> Session:
    opened = open_session()
    workspace._sessions[opened.project.key] = opened
    return opened


@pytest.fixture
def token(session: Session, workspace: Workspace) -> str:
    return issue(Person(session.project.key, "ann"), workspace.secret)


@pytest.fixture
def anonymous(workspace: Workspace) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=routes(workspace)), "http://localhost") as client:
        yield client


@pytest.fixture
def client(anonymous: TestClient, token: str) -> TestClient:
    anonymous.headers["Authorization"] = f"Bearer {token}"
    return anonymous


def ask(client: TestClient, count: int = 3, keep: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    reply = client.post("/api/next", json={"holder": "tab", "count": count, "keep": list(keep)})
    assert reply.status_code == 200, reply.text
    cards: list[dict[str, Any]] = reply.json()["cards"]
    return cards


def new_answer(sample_id: str, class_id: int, client_id: str = "c1") -> dict[str, Any]:
    return {"client_id": client_id, "sample_id": sample_id, "kind": "label", "class_id": class_id}


# -- tokens ----------------------------------------------------------------------------------


def test_health_needs_no_token(anonymous: TestClient) -> None:
    assert anonymous.get("/api/health").json() == {"ok": True}


def refused_everywhere(
    client: TestClient, session: Session, token: str | None, status: int = 401
) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    sample = session.store.samples.ids()[0]
    image = f"/api/images/{sample}/thumb" + ("" if token is None else f"?token={token}")
    replies = [client.post(path, json={}, headers=headers) for path in POSTS]
    replies += [client.get(path, headers=headers) for path in GETS]
    replies.append(client.get(image))
    for reply in replies:
        assert reply.status_code == status, reply.request.url
        assert "reload the page" in reply.json()["error"]


def test_without_a_token_nothing_is_told(anonymous: TestClient, session: Session) -> None:
    refused_everywhere(anonymous, session, None)


def test_a_wrong_or_foreign_token_is_refused(
    anonymous: TestClient, session: Session, token: str, workspace: Workspace
) -> None:
    refused_everywhere(anonymous, session, token[:-4])
    refused_everywhere(anonymous, session, issue(Person(session.project.key, "ann"), "s" * 64))


def test_a_token_for_a_project_that_is_not_open_is_refused_as_foreign(
    anonymous: TestClient, session: Session, workspace: Workspace
) -> None:
    other_project = issue(Person("0123456789ab", "ann"), workspace.secret)
    refused_everywhere(anonymous, session, other_project, 403)


def test_a_token_of_one_open_project_gives_nothing_of_another(
    anonymous: TestClient, session: Session, workspace: Workspace, tmp_path: Path
) -> None:
    elsewhere = Session(open_project(fill(tmp_path / "elsewhere", 3, first=500)))
    workspace._sessions[elsewhere.project.key] = elsewhere
    token = issue(Person(elsewhere.project.key, "ann"), workspace.secret)
    (sample, *_) = session.store.samples.ids()
    assert anonymous.get(f"/api/images/{sample}/thumb?token={token}").status_code == 404
    headers = {"Authorization": f"Bearer {token}"}
    body = {"answers": [{"client_id": "c", "sample_id": sample, "kind": "skip"}]}
    reply = anonymous.post("/api/answers", json=body, headers=headers).json()
    assert set(reply["refused"]) == {"c"}
    assert session.store.answers.all() == []
    elsewhere.close()


def test_an_expired_token_is_refused(
    anonymous: TestClient, session: Session, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.time() + 3 * tokens.DAY
    monkeypatch.setattr(tokens.time, "time", lambda: later)
    refused_everywhere(anonymous, session, token)


# -- the loop --------------------------------------------------------------------------------


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


def test_a_class_can_be_created_and_a_taken_name_is_refused_in_words(client: TestClient) -> None:
    reply = client.post("/api/classes", json={"name": " Cat "})
    assert reply.json()["class"]["name"] == "Cat"
    assert [one["name"] for one in reply.json()["classes"]] == ["Cat"]
    again = client.post("/api/classes", json={"name": "cat"})
    assert again.status_code == 409
    assert again.json()["error"] == "There is a class “Cat” already; choose another name."


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


# -- images ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["thumb", "view"])
def test_an_image_is_served_once_and_then_never_again(
    anonymous: TestClient, session: Session, token: str, size: str
) -> None:
    url = f"/api/images/{session.store.samples.ids()[0]}/{size}?token={token}"
    reply = anonymous.get(url)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "image/webp"
    assert "immutable" in reply.headers["cache-control"]
    assert "private" in reply.headers["cache-control"]
    with Image.open(io.BytesIO(reply.content)) as image:
        assert image.size == (32, 32)
    again = anonymous.get(url, headers={"If-None-Match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == reply.headers["etag"]


@pytest.mark.parametrize(
    "path", ["f" * 64 + "/thumb", "../../etc/passwd/thumb", "..%2f..%2fetc%2fpasswd/thumb"]
)
def test_only_samples_of_the_project_have_images(
    anonymous: TestClient, token: str, path: str
) -> None:
    assert anonymous.get(f"/api/images/{path}?token={token}").status_code == 404


@pytest.mark.parametrize("size", ["huge", "..", "%2e%2e", "thumb.webp"])
def test_only_known_sizes_have_images(
    anonymous: TestClient, session: Session, token: str, size: str
) -> None:
    key = session.store.samples.ids()[0]
    assert anonymous.get(f"/api/images/{key}/{size}?token={token}").status_code == 404


def test_a_vanished_file_is_gone_by_name_and_leaves_the_pool(
    anonymous: TestClient, session: Session, token: str
) -> None:
    key, other = session.store.samples.ids()[:2]
    read = session.project.source.read

    def vanished(path: str) -> bytes:
        if path == session.store.samples.many([key])[key].paths[0]:
            raise FileNotFoundError(2, "No such file or directory", path)
        return read(path)

    session.project.source.read = vanished  # type: ignore[method-assign]
    reply = anonymous.get(f"/api/images/{key}/view?token={token}")
    assert reply.status_code == 410
    assert ".png" in reply.json()["error"] and "cannot be shown" in reply.json()["error"]
    assert key not in session.store.samples.ids()
    assert session.store.samples.problems()
    assert anonymous.get(f"/api/images/{other}/view?token={token}").status_code == 200


def test_a_replaced_file_is_not_shown_as_the_sample_that_it_was(
    anonymous: TestClient, session: Session, token: str
) -> None:
    key, other = session.store.samples.ids()[:2]
    foreign = session.project.source.read(session.store.samples.many([other])[other].paths[0])
    session.project.source.read = lambda path: foreign  # type: ignore[method-assign]
    reply = anonymous.get(f"/api/images/{key}/view?token={token}")
    assert reply.status_code == 410
    assert "it was changed after it was scanned" in reply.json()["error"]


# -- wrong requests --------------------------------------------------------------------------


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"{}", b"[" * 200_000, b"1e999"]
)
def test_a_body_that_is_no_request_is_refused_as_such(
    client: TestClient, path: str, content: bytes
) -> None:
    reply = client.post(path, content=content)
    assert reply.status_code == 422
    assert "not of the expected form" in reply.json()["error"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/next", '{"holder": "t", "count": "many"}'),
        ("/api/next", '{"holder": "t", "count": null}'),
        ("/api/next", '{"holder": "t", "count": Infinity}'),
        ("/api/next", '{"holder": "t", "count": 1, "keep": 7}'),
        ("/api/watch", '{"holder": "t", "count": 1, "after": 0, "drop": {"a": 1}, "wait": "x"}'),
        ("/api/watch", '{"holder": "t", "count": 1, "after": 0, "wait": NaN}'),
        ("/api/page", '{"holder": "t", "count": 1}'),
        ("/api/page", '{"holder": "t", "count": 1, "class_id": 1e400}'),
        ("/api/answers", '{"answers": "abc"}'),
        ("/api/answers", '{"answers": [{"client_id": "c"}]}'),
        ("/api/answers", '{"answers": [null]}'),
        (
            "/api/answers",
            '{"answers": [{"client_id": "c", "sample_id": "s", "kind": "k", "class_id": NaN}]}',
        ),
        (
            "/api/answers",
            '{"answers": [{"client_id": "c", "sample_id": "s", "kind": "k", "class_id": 1e999}]}',
        ),
        (
            "/api/answers",
            '{"answers": [{"client_id": "\\ud800", "sample_id": "s", "kind": "skip"}]}',
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_as_such(
    client: TestClient, path: str, body: str
) -> None:
    reply = client.post(path, content=body.encode())
    assert reply.status_code == 422, reply.text
    assert "not of the expected form" in reply.json()["error"]


def test_a_body_that_is_too_large_is_refused_with_the_limit(client: TestClient) -> None:
    reply = client.post("/api/answers", content=b" " * (LARGEST_BODY + 1))
    assert reply.status_code == 413
    assert str(LARGEST_BODY) in reply.json()["error"]


def test_a_body_that_never_arrives_is_not_waited_for(
    token: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("labeling.api.endpoint"), "LONGEST_ARRIVAL", 0.05)
    told: list[Any] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/answers",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())],
    }

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    async def send(message: Any) -> None:
        told.append(message)

    asyncio.run(Starlette(routes=routes(workspace))(scope, receive, send))
    assert told[0]["status"] == 408
    assert b"took too long" in told[1]["body"]


@pytest.mark.parametrize("count", [-5, 0, 10**9])
def test_a_count_out_of_range_is_brought_into_it(client: TestClient, count: int) -> None:
    assert len(ask(client, count)) == (40 if count > 0 else 0)


@pytest.mark.parametrize("path", [path for path in POSTS if path not in GETS])
def test_a_get_of_a_post_route_is_not_allowed(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 405


# -- leases ----------------------------------------------------------------------------------


def claim(client: TestClient, holder: str, count: int, **more: Any) -> list[str]:
    body = {"holder": holder, "count": count, **more}
    cards = client.post("/api/next", json=body).json()["cards"]
    return [card["sample_id"] for card in cards]


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


# -- news ------------------------------------------------------------------------------------


def version(client: TestClient) -> int:
    return int(client.get("/api/status").json()["status"]["version"])


def while_waiting(client: TestClient, after: int, act: Callable[[], object]) -> dict[str, Any]:
    """What one who waits for news after a version is told when `act` happens."""
    replies: list[dict[str, Any]] = []
    url = f"/api/status?after={after}&wait=20"
    waiting = threading.Thread(target=lambda: replies.append(client.get(url).json()))
    waiting.start()
    while not session_of(client).notifier.waiting:
        time.sleep(0.005)
    act()
    waiting.join()
    return replies[0]


def session_of(client: TestClient) -> Session:
    session: Session = client.session  # type: ignore[attr-defined]
    return session


@pytest.fixture
def patient(client: TestClient, session: Session) -> TestClient:
    session.worker.wait()
    client.session = session  # type: ignore[attr-defined]
    return client


def test_who_waits_is_told_of_a_change(patient: TestClient, session: Session) -> None:
    before = version(patient)
    told = while_waiting(patient, before, lambda: session.notifier.bump())
    assert told["status"]["version"] == before + 1


def test_who_waits_hears_of_a_round_with_all_that_it_has_seen(
    patient: TestClient, session: Session
) -> None:
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    first, second = session.store.samples.ids()[:2]
    both = [label(first, cat), label(second, dog)]
    told = while_waiting(patient, version(patient), lambda: session.answer("ann", both))
    if not told["status"]["seen"]:  # on a busy machine the answers are told before the round
        told = patient.get(f"/api/status?after={told['status']['version']}&wait=20").json()
    assert (told["status"]["seen"], told["status"]["labels"]) == (2, 2)


def test_who_has_missed_something_or_met_another_server_need_not_wait(
    patient: TestClient, session: Session
) -> None:
    now = version(patient)
    session.notifier.bump(ranked=True)
    for old in (now, now + 1000):
        reply = patient.get(f"/api/status?after={old}&wait=20").json()
        assert reply["status"]["version"] == now + 1


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
    best = session.next

    def leave_then(*asked: Any) -> list[Card]:  # as a page that is closed just then
        monkeypatch.undo()
        assert claim(patient, "a", 0) == []
        return best(*asked)

    monkeypatch.setattr(session, "next", leave_then)
    body = {"holder": "a", "count": 5, "after": 0}
    assert patient.post("/api/watch", json=body).json()["cards"] == []
    assert session.store.leases.held() == 0


def test_who_has_gone_while_waiting_gets_no_leases(session: Session) -> None:
    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    request = Request({"type": "http"}, receive=gone)
    assert not asyncio.run(news(session, request, session.notifier.version, 20))


def test_without_news_the_wait_ends_in_time(patient: TestClient) -> None:
    now = version(patient)
    reply = patient.get(f"/api/status?after={now}&wait=0.05")
    assert (reply.status_code, reply.json()["status"]["version"]) == (200, now)


@pytest.mark.parametrize("query", ["after=x", "after=1&wait=soon", "after=1&wait=inf", "after="])
def test_a_wait_that_makes_no_sense_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/api/status?{query}").status_code == 422


# -- the description -------------------------------------------------------------------------


def test_every_route_is_described_and_every_description_is_a_route(
    anonymous: TestClient, workspace: Workspace
) -> None:
    document = anonymous.get("/api/openapi.json").json()
    described = {
        (path, method.upper()) for path, one in document["paths"].items() for method in one
    }
    mounted = {
        (route.path, method)
        for route in routes(workspace)
        if isinstance(route, Route) and route.methods
        for method in route.methods - {"HEAD"}
    }
    free = {"/api/health", "/api/openapi.json", "/api/docs", "/api/board/{version:str}/{name:path}"}
    free.add("/join/{secret}")
    assert described == {one for one in mounted if one[0] not in free}


def test_replies_are_as_described(client: TestClient, session: Session) -> None:
    cat, dog = (session.store.classes.create(name).id for name in ("cat", "dog"))
    for number, key in enumerate(session.store.samples.ids()[:6]):
        session.answer("ann", [label(key, (cat, dog)[number % 2])])
    session.worker.wait()
    bodies: dict[str, Any] = {
        "/api/next": {"holder": "t", "count": 9, "keep": [], "spare": []},
        "/api/watch": {"holder": "t", "count": 3, "after": 0, "wait": 0, "keep": [], "drop": []},
        "/api/page": {"holder": "u", "count": 3, "class_id": cat, "confident": False, "keep": []},
        "/api/hold": {"holder": "t", "sample_ids": [key]},
        "/api/answers": {"answers": [{"client_id": "s", "sample_id": key, "kind": "skip"}]},
        "/api/classes": {"name": "fox"},
        "/api/classes/change": {"kind": "merge", "class_id": cat, "into": dog, "preview": False},
        "/api/changes/undo": {"change": 2},
        "/api/rewind": {"answer": 3, "preview": True},
    }
    for one in OPERATIONS:
        if one.reply is None:
            continue
        if one.body is not None:
            jsonschema.validate(bodies[one.path], one.body)
        if one.path == "/api/changes/undo":  # the merge before it
            bodies[one.path]["change"] = session.store.log.version()
        reply = client.request(one.method, one.path, json=bodies.get(one.path))
        assert reply.status_code == 200, reply.text
        jsonschema.validate(reply.json(), one.reply)
        jsonschema.Draft202012Validator.check_schema(one.reply)


def test_refusals_are_as_described(client: TestClient, anonymous: TestClient) -> None:
    document = anonymous.get("/api/openapi.json").json()
    for path, method, content, status in (
        ("/api/next", "post", b"{", "422"),
        ("/api/answers", "post", b" " * (LARGEST_BODY + 1), "413"),
        ("/api/classes", "post", b'{"name": ""}', "409"),
    ):
        reply = client.request(method, path, content=content)
        assert str(reply.status_code) == status
        response = document["paths"][path][method]["responses"][status]
        jsonschema.validate(reply.json(), response["content"]["application/json"]["schema"])


def test_the_readable_page_names_every_operation(anonymous: TestClient) -> None:
    page = anonymous.get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    for one in OPERATIONS:
        assert f"{one.method} {one.path}" in page.text


def test_a_type_without_a_schema_is_named() -> None:
    @dataclass
    class Odd:
        value: complex

    with pytest.raises(TypeError, match="complex"):
        schema_of(Odd)


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
