"""The current answers: counts and answers in memory are always what the store derives."""

from collections import Counter

import numpy as np

from labeling.answers.consensus import current as counting
from labeling.answers.current import CurrentAnswers
from labeling.settings import Overlap
from labeling.store import NewAnswer, Store
from tests.conftest import add_samples, label, standing


def test_after_any_history_memory_is_what_a_new_one_reads(store: Store) -> None:
    ids = add_samples(store, 12)
    classes = [store.classes.ensure(name).id for name in "abc"]
    current, rng = CurrentAnswers(store), np.random.default_rng(0)
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
        current.refresh()
        fresh = CurrentAnswers(store)
        assert current.counts() == fresh.counts()
        assert current.answers == fresh.answers == standing(store)
        assert current.last_answer == fresh.last_answer == len(store.answers.all())
    kinds = Counter(one.kind for one in standing(store).values())
    assert (current.counts().labels, current.counts().skipped) == (kinds["label"], kinds["skip"])


def test_after_any_history_of_a_team_memory_is_what_a_new_one_reads(store: Store) -> None:
    ids = add_samples(store, 6)
    classes = [store.classes.ensure(name).id for name in "abc"]
    overlap, rng = Overlap(1.0, 3), np.random.default_rng(1)
    current = CurrentAnswers(store, overlap)
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
        current.refresh()
        fresh = CurrentAnswers(store, overlap)
        assert current.counts() == fresh.counts()
        assert current.answers == fresh.answers
        for name in ("ann", "bob", "cem"):
            assert set(current.consensus.waiting(name)) == set(fresh.consensus.waiting(name))
        assert current.consensus.all() == fresh.consensus.all()
    assert counting(store.answers.standing()) == current.answers  # what exports write


def test_samples_that_left_the_pool_are_neither_counted_nor_open(store: Store) -> None:
    ids = add_samples(store, 3)
    cat = store.classes.ensure("cat").id
    store.answers.append("ann", [label(ids[0], cat), label(ids[1], cat)])
    store.samples.mark_unreadable(ids[0], "gone")
    current = CurrentAnswers(store)
    assert (current.counts().labels, current.counts().per_class) == (1, {cat: 1})
    assert [current.is_open(key) for key in ids] == [False, False, True]
    assert list(current.moment().sample_index) == ids[1:]


def test_a_moment_does_not_change_any_more(store: Store) -> None:
    ids = add_samples(store, 2)
    cat = store.classes.ensure("cat").id
    current = CurrentAnswers(store)
    before = current.moment()
    store.answers.append("ann", [label(ids[0], cat)])
    current.refresh()
    assert (len(before.answers), before.last_answer) == (0, 0)
    assert (len(current.moment().answers), current.moment().last_answer) == (1, 1)
