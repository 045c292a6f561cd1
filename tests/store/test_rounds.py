"""Rounds: remembered in order."""

from labeling.store import Store


def test_rounds_are_remembered_in_order(store: Store, round_id: int) -> None:
    assert store.rounds.next_id() == round_id + 1
    latest = store.rounds.latest()
    assert latest == store.rounds.get(round_id) == store.rounds.all()[-1]
    assert latest is not None
    assert (latest.metrics, latest.seconds) == ({"labels": 2}, {"fit": 0.1})
    assert store.rounds.get(99) is None
    assert store.rounds.get(None) is None


def test_a_store_without_rounds_says_so(store: Store) -> None:
    assert (store.rounds.latest(), store.rounds.all(), store.rounds.next_id()) == (None, [], 1)
