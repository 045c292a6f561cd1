"""A store of some samples and classes, and work by many threads at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from labeling.store import NewAnswer, RoundRecord, Store
from tests.conftest import add_samples

THREADS = 8


@pytest.fixture
def ids(store: Store) -> list[str]:
    return add_samples(store, 40)


@pytest.fixture
def cat(store: Store) -> int:
    return store.classes.create("cat").id


@pytest.fixture
def dog(store: Store) -> int:
    return store.classes.create("dog").id


@pytest.fixture
def round_id(store: Store) -> int:
    store.rounds.add(RoundRecord(1, 1.0, 0, "b", "margin", "h.npz", {"labels": 2}, {"fit": 0.1}))
    return 1


def undo(sample_id: str, undoes: str, client_id: str = "u") -> NewAnswer:
    return NewAnswer(client_id, sample_id, "undo", undoes=undoes)


def together(work: Callable[[int], object]) -> list[object]:
    """Run work(0) … work(7) at the same moment; the first error is raised."""
    gate = threading.Barrier(THREADS)

    def run(number: int) -> object:
        gate.wait(20)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))
