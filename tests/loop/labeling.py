"""How the tests of the loop label: in a session, with one answer or many."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from labeling.loop.session import Session
from labeling.store import NewAnswer


def classes_of(session: Session) -> tuple[int, int]:
    return session.store.classes.ensure("cat").id, session.store.classes.ensure("dog").id


def answer(session: Session, kind: str, sample_id: str, class_id: int | None = None) -> str:
    """Give one answer and return its client id."""
    client_id = uuid.uuid4().hex
    assert session.answer("ann", [NewAnswer(client_id, sample_id, kind, class_id)]) == {}
    return client_id


def undo(session: Session, sample_id: str, client_id: str) -> None:
    new = NewAnswer(uuid.uuid4().hex, sample_id, "undo", undoes=client_id)
    assert session.answer("ann", [new]) == {}


def label_all_but(session: Session, count: int) -> None:
    """Label the pool until `count` samples are open."""
    cat, dog = classes_of(session)
    open_ids = [key for key in session.store.samples.ids() if key not in session.labels()]
    answers = [
        NewAnswer(f"l{key}", key, "label", dog if number % 2 else cat)
        for number, key in enumerate(open_ids[: len(open_ids) - count])
    ]
    assert session.answer("ann", answers) == {}
    session.worker.wait()


def ids(cards: Sequence[Any]) -> list[str]:
    return [card.sample_id for card in cards]


def either_database(test: Callable[..., None]) -> Callable[..., None]:
    """A test that is run with each of them."""
    both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
    return pytest.mark.usefixtures("database")(both(test))
