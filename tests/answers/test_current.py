"""The ledger: counts and answers in memory are always what the store derives."""

from collections import Counter

import numpy as np

from labeling.answers.consensus import current
from labeling.answers.current import Ledger
from labeling.settings import Overlap
from labeling.store import NewAnswer, Store
from tests.conftest import add_samples, label, standing


def test_after_any_history_the_ledger_is_what_a_new_one_reads(store: Store) -> None:
    ids = add_samples(store, 12)
    classes = [store.classes.ensure(name).id for name in "abc"]
    ledger, rng = Ledger(store), np.random.default_rng(0)
    given: list[NewAnswer] = []
    for number in range(80):
        kind = str(rng.choice(["label", "skip", "unsure", "undo"]))
        key, undoes = str(rng.choice(ids)), None
        if kind == "undo":
            if not given:
                continue
            taken_back = given[int(rng.integers(len(given)))]
            key, undoes = taken_back.sample_id, taken_back.client_id
        class_id = int(rng.choice(classes)) if kind == "label" else None
        answer = NewAnswer(f"c{number}", key, kind, class_id, undoes)
        store.answers.append("ann", [answer])
        if kind != "undo":
            given.append(answer)
        ledger.refresh()
        fresh = Ledger(store)
        assert ledger.counts() == fresh.counts()
        assert ledger.current == fresh.current == standing(store)
        assert ledger.last_answer == fresh.last_answer == len(store.answers.all())
    kinds = Counter(one.kind for one in standing(store).values())
    assert (ledger.counts().labels, ledger.counts().skipped) == (kinds["label"], kinds["skip"])


def test_after_any_history_of_a_team_the_ledger_is_what_a_new_one_reads(store: Store) -> None:
    ids = add_samples(store, 6)
    classes = [store.classes.ensure(name).id for name in "abc"]
    overlap, rng = Overlap(1.0, 3), np.random.default_rng(1)
    ledger = Ledger(store, overlap)
    given: list[tuple[str, NewAnswer]] = []
    for number in range(120):
        who, key = str(rng.choice(["ann", "bob", "cem", "dee"])), str(rng.choice(ids))
        if number % 7 == 6:
            who, taken_back = given[int(rng.integers(len(given)))]
            key = taken_back.sample_id
            answer = NewAnswer(f"c{number}", key, "undo", undoes=taken_back.client_id)
        else:
            kind = str(rng.choice(["label", "label", "label", "skip", "unsure"]))
            class_id = int(rng.choice(classes)) if kind == "label" else None
            source = "adjudicated" if who == "dee" and kind == "label" else "human"
            answer = NewAnswer(f"c{number}", key, kind, class_id, source=source)
            given.append((who, answer))
        store.answers.append(who, [answer], own=who != "dee")
        ledger.refresh()
        fresh = Ledger(store, overlap)
        assert ledger.counts() == fresh.counts()
        assert ledger.current == fresh.current
        for name in ("ann", "bob", "cem"):
            assert set(ledger.panel.waiting(name)) == set(fresh.panel.waiting(name))
        assert ledger.panel.all() == fresh.panel.all()
    assert current(store.answers.standing()) == ledger.current  # what exports write


def test_samples_that_left_the_pool_are_neither_counted_nor_open(store: Store) -> None:
    ids = add_samples(store, 3)
    cat = store.classes.ensure("cat").id
    store.answers.append("ann", [label(ids[0], cat), label(ids[1], cat)])
    store.samples.mark_unreadable(ids[0], "gone")
    ledger = Ledger(store)
    assert (ledger.counts().labels, ledger.counts().per_class) == (1, {cat: 1})
    assert [ledger.is_open(key) for key in ids] == [False, False, True]
    assert list(ledger.moment().roster) == ids[1:]


def test_a_moment_does_not_change_any_more(store: Store) -> None:
    ids = add_samples(store, 2)
    cat = store.classes.ensure("cat").id
    ledger = Ledger(store)
    before = ledger.moment()
    store.answers.append("ann", [label(ids[0], cat)])
    ledger.refresh()
    assert (len(before.answers), before.last_answer) == (0, 0)
    assert (len(ledger.moment().answers), ledger.moment().last_answer) == (1, 1)
