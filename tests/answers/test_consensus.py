"""What several people say together: who is asked, what counts, and what a reviewer decides."""

import hashlib

import pytest

from labeling.answers.consensus import Consensus, by_sample, current
from labeling.settings import Overlap
from labeling.store import NewAnswer, Offer, Store
from labeling.store.answers import ADJUDICATED
from labeling.store.provenance import OVERLAP
from tests.conftest import add_samples, label, standing

Given = tuple[str, str]  # who, and the class, or "unsure", "skip"


def give(store: Store, sample_id: str, *given: Given) -> None:
    """Answers of a team to one sample, in order."""
    for who, what in given:
        count = len(store.answers.all())
        if what in ("unsure", "skip"):
            answer = NewAnswer(f"c{count}", sample_id, what)
        else:
            source = ADJUDICATED if who == "reviewer" else "human"
            class_id = store.classes.ensure(what).id
            answer = NewAnswer(f"c{count}", sample_id, "label", class_id, source=source)
        store.leases.claim(who, [Offer(sample_id, "audit", predicted_class=1)], 1)
        if sample_id in standing(store) and who != "reviewer":
            store.leases.claim(who, [Offer(sample_id, OVERLAP)], 1)
        store.answers.append(who, [answer], own=who != "reviewer")


def outcome(store: Store, sample_id: str) -> str:
    counting = current(store.answers.standing())[sample_id]
    names = store.classes.names()
    return counting.kind if counting.class_id is None else names[counting.class_id]


@pytest.mark.parametrize(
    "given, counts",
    [
        ([("ann", "cat")], "cat"),
        ([("ann", "cat"), ("ann", "dog")], "dog"),
        ([("ann", "cat"), ("bob", "cat")], "cat"),
        ([("ann", "cat"), ("bob", "dog")], "unsure"),
        ([("ann", "cat"), ("bob", "unsure")], "unsure"),
        ([("ann", "cat"), ("bob", "skip")], "cat"),
        ([("ann", "cat"), ("bob", "dog"), ("cem", "cat")], "cat"),
        ([("ann", "cat"), ("bob", "dog"), ("cem", "fox")], "unsure"),
        ([("ann", "cat"), ("bob", "dog"), ("cem", "cat"), ("dee", "dog")], "unsure"),
        ([("ann", "cat"), ("bob", "dog"), ("bob", "cat")], "cat"),
        ([("ann", "cat"), ("bob", "dog"), ("reviewer", "dog")], "dog"),
        ([("ann", "cat"), ("bob", "dog"), ("reviewer", "fox"), ("ann", "dog")], "fox"),
        ([("ann", "unsure"), ("reviewer", "cat")], "cat"),
    ],
)
def test_what_counts_of_a_sample(store: Store, given: list[Given], counts: str) -> None:
    store.classes.ensure("fox")
    (key,) = add_samples(store, 1)
    give(store, key, *given)
    assert outcome(store, key) == counts


def test_a_consensus_says_how_its_sample_was_come_by(store: Store) -> None:
    (key,) = add_samples(store, 1)
    store.classes.ensure("cat")
    give(store, key, ("ann", "cat"), ("bob", "cat"))
    first, second = store.answers.all()
    assert (first.query, second.query, second.predicted_class) == ("audit", OVERLAP, None)
    counting = current(store.answers.standing())[key]
    assert (counting.id, counting.query, counting.predicted_class) == (second.id, "audit", 1)


def test_people_who_are_often_right_settle_what_a_majority_of_guessers_says(store: Store) -> None:
    ids = add_samples(store, 12)
    for name in ("cat", "dog", "fox"):
        store.classes.ensure(name)
    for number, key in enumerate(ids[:-1]):
        wrong = ("dog", "fox")[number % 2]
        others = [("guess", wrong), ("other", ("fox", "dog")[number % 2])]
        give(store, key, *[(who, "cat") for who in ("ann", "bob", "cem")], *others)
    give(store, ids[-1], ("guess", "dog"), ("other", "dog"), ("ann", "cat"), ("bob", "cat"))
    assert outcome(store, ids[-1]) == "cat"


def waiting(store: Store, overlap: Overlap, *people: str) -> list[bool]:
    consensus = Consensus(overlap)
    consensus.settle(by_sample(store.answers.standing()))
    return [bool(list(consensus.waiting(who))) for who in people]


def test_a_covered_sample_waits_for_enough_different_people(store: Store) -> None:
    (key,) = add_samples(store, 1)
    overlap = Overlap(1.0, 3)
    assert waiting(store, overlap, "ann") == [False]  # nobody was first yet
    give(store, key, ("ann", "cat"))
    assert waiting(store, overlap, "ann", "bob") == [False, True]
    assert waiting(store, Overlap(0.0, 3), "bob") == [False]
    give(store, key, ("bob", "skip"), ("cem", "dog"))
    assert waiting(store, overlap, "ann", "bob", "cem", "dee") == [False, False, False, True]
    give(store, key, ("dee", "cat"))
    assert waiting(store, overlap, "eve") == [False]


def test_what_a_reviewer_has_decided_waits_for_nobody(store: Store) -> None:
    (key,) = add_samples(store, 1)
    give(store, key, ("ann", "cat"), ("reviewer", "cat"))
    assert waiting(store, Overlap(1.0, 3), "bob") == [False]


def test_imported_labels_are_nobodys_opinion(store: Store) -> None:
    (key,) = add_samples(store, 1)
    cat = store.classes.ensure("cat").id
    store.answers.append("import", [NewAnswer("i", key, "label", cat, source="imported")])
    assert waiting(store, Overlap(1.0, 2), "bob") == [False]


def test_the_share_is_what_was_asked_for_and_only_grows() -> None:
    ids = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(4000)]
    covered = [{key for key in ids if Overlap(share).covers(key)} for share in (0, 0.1, 0.4, 1)]
    assert not covered[0] and len(covered[3]) == 4000
    assert 320 < len(covered[1]) < 480 and 1500 < len(covered[2]) < 1700
    assert covered[1] < covered[2]


def test_an_opinion_stays_one_when_its_lease_has_run_out(store: Store) -> None:
    (key,) = add_samples(store, 1)
    cat, dog = store.classes.ensure("cat").id, store.classes.ensure("dog").id
    store.answers.append("ann", [label(key, cat, "1")], own=True)
    store.leases.claim("ann", [Offer(key, "margin")], 1)
    store.answers.append("ann", [label(key, cat, "2")], own=True)
    store.answers.append("bob", [label(key, dog, "3")], own=True)  # no lease any more
    assert store.answers.all()[-1].query == OVERLAP
    assert outcome(store, key) == "unsure"
    store.answers.append("bob", [label(key, cat, "4")], own=True)  # a slip mended in the history
    assert outcome(store, key) == "cat"


def test_changing_an_answer_takes_nobodys_lease_away(store: Store) -> None:
    (key,) = add_samples(store, 1)
    store.classes.ensure("cat")
    dog = store.classes.ensure("dog").id
    give(store, key, ("ann", "cat"))
    store.leases.claim("bob's tab", [Offer(key, OVERLAP)], 1)
    store.answers.append("ann", [label(key, dog, "mended")], own=True)
    assert store.leases.held() == 1
    store.answers.append("bob", [label(key, dog, "bob's")], own=True)
    assert store.leases.held() == 0
