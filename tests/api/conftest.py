"""Sessions behind the real routes, and how a board asks them."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from labeling.api import routes
from labeling.loop.session import Session
from labeling.people.tokens import Person, issue
from labeling.workspace import Workspace
from tests.conftest import OpenSession


class Opened(Workspace):
    """A workspace of sessions that a test has opened itself."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: dict[str, Session] = {}

    def add(self, session: Session) -> Session:
        self.opened[session.project.key] = session
        return session

    def get(self, key: str) -> Session | None:
        return self.opened.get(key)

    def sessions(self) -> list[Session]:
        return list(self.opened.values())


@pytest.fixture
def workspace() -> Opened:
    return Opened()


@pytest.fixture
def session(open_session: OpenSession, workspace: Opened) -> Session:
    return workspace.add(open_session())


@pytest.fixture
def token(session: Session, workspace: Opened) -> str:
    return issue(Person(session.project.key, "ann"), workspace.secret)


@pytest.fixture
def anonymous(workspace: Opened) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=routes(workspace)), "http://localhost") as client:
        yield client


@pytest.fixture
def client(anonymous: TestClient, token: str) -> TestClient:
    anonymous.headers["Authorization"] = f"Bearer {token}"
    return anonymous


@pytest.fixture
def patient(client: TestClient, session: Session) -> TestClient:
    session.worker.wait()
    return client


def ask(client: TestClient, count: int = 3, keep: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    reply = client.post("/api/next", json={"holder": "tab", "count": count, "keep": list(keep)})
    assert reply.status_code == 200, reply.text
    cards: list[dict[str, Any]] = reply.json()["cards"]
    return cards


def new_answer(sample_id: str, class_id: int, client_id: str = "c1") -> dict[str, Any]:
    return {"client_id": client_id, "sample_id": sample_id, "kind": "label", "class_id": class_id}


def claim(client: TestClient, holder: str, count: int, **more: Any) -> list[str]:
    body = {"holder": holder, "count": count, **more}
    cards = client.post("/api/next", json=body).json()["cards"]
    return [card["sample_id"] for card in cards]


def version(client: TestClient) -> int:
    return int(client.get("/api/status").json()["status"]["version"])
