"""A team at one pool: who gets what, what is to be decided, and how far people agree."""

import pytest

from labeling.answers.agreement import FEWEST, agreement
from labeling.answers.disputes import disputes
from labeling.loop.session import Session
from labeling.store import NewAnswer
from tests.conftest import OpenSession, decision, label


def team(open_session: OpenSession, people: int = 2) -> tuple[Session, int, int]:
    session = open_session(overlap_share=1.0, overlap_people=people, audit_share=0.0)
    return session, *(session.store.classes.ensure(name).id for name in ("cat", "dog"))


def cards(session: Session, who: str, count: int = 40) -> list[str]:
    return [one.sample_id for one in session.queue.next(who, count, annotator=who)]


def give(session: Session, who: str, sample_id: str, class_id: int | None) -> None:
    kind = "label" if class_id else "unsure"
    answer = NewAnswer(f"{who}-{sample_id}", sample_id, kind, class_id)
    assert session.answer(who, [answer], own=True) == {}


def test_a_second_person_is_asked_blind_and_never_what_another_holds(
    open_session: OpenSession,
) -> None:
    session, cat, dog = team(open_session)
    first = cards(session, "ann", 6)
    for number, key in enumerate(first[:4]):
        give(session, "ann", key, (cat, dog)[number % 2])
    session.worker.wait()
    shown = session.queue.next("bob", 40, annotator="bob")
    assert [one.sample_id for one in shown[:4]] == first[:4]
    for one in shown[:4]:
        assert (one.probabilities, one.neighbours, one.round_id) == ({}, [], None)
    bobs = [one.sample_id for one in shown]
    assert not set(bobs) & set(first[4:])  # ann's tab holds them
    assert cards(session, "cem") == []  # everything is held
    assert session.queue.hold("bob", bobs, "bob") == bobs
    assert session.queue.hold("ann", first[:4], "ann") == []
    assert set(cards(session, "ann")) == set(first[4:])  # nobody is asked twice


def test_two_who_disagree_are_decided_by_a_reviewer_and_the_model_learns_the_decision(
    open_session: OpenSession,
) -> None:
    session, cat, dog = team(open_session)
    agreed, contested, unsure = cards(session, "ann", 3)
    for key in (agreed, contested, unsure):
        give(session, "ann", key, cat)
    cards(session, "bob")
    give(session, "bob", agreed, cat)
    give(session, "bob", contested, dog)
    give(session, "bob", unsure, None)
    assert session.status().labels == 1
    assert session.status().unsure == 2
    found = {one.sample_id: one for one in disputes(session.current)}
    assert set(found) == {contested, unsure}
    assert [one.annotator for one in found[contested].opinions] == ["ann", "bob"]
    assert all(one.complete for one in found.values())
    session.answer("rita", [decision(contested, dog, "d1"), decision(unsure, dog, "d2")], own=True)
    session.worker.wait()
    assert disputes(session.current) == []
    assert session.labels()[contested].class_id == dog
    assert session.round is not None
    snapshot = session.round.snapshot
    place = snapshot.rows.tolist().index(session.round.table.row(contested))
    assert snapshot.labels[place] == dog
    # What a person changes later stays in the history and moves nothing.
    session.answer("ann", [label(contested, cat, "later")], own=True)
    assert session.labels()[contested].class_id == dog


def test_of_three_wanted_opinions_the_third_is_waited_for(open_session: OpenSession) -> None:
    session, cat, dog = team(open_session, people=3)
    (key,) = cards(session, "ann", 1)
    give(session, "ann", key, cat)
    assert cards(session, "bob", 1) == [key]
    give(session, "bob", key, dog)
    assert [one.complete for one in disputes(session.current)] == [False]
    assert cards(session, "cem", 1) == [key]
    give(session, "cem", key, cat)
    assert disputes(session.current) == []
    assert session.labels()[key].class_id == cat


def test_agreement_is_told_per_class_and_per_pair(open_session: OpenSession) -> None:
    session, cat, dog = team(open_session)
    assert agreement(session.current) is None
    keys = session.store.samples.ids()[: FEWEST + 2]
    for number, key in enumerate(keys):
        give(session, "ann", key, (cat, dog)[number % 2])
        give(session, "bob", key, cat if number == 1 else (cat, dog)[number % 2])
    found = agreement(session.current)
    assert found is not None and found.samples == len(keys)
    assert 0 < found.alpha.low < found.alpha.value < 1
    assert set(found.classes) == {cat, dog}
    (pair,) = found.pairs
    assert (pair.first, pair.second) == ("ann", "bob")
    assert (pair.agreed, pair.kappa.items) == (len(keys) - 1, len(keys))
    assert pair.mixed == (cat, dog)
    assert pair.kappa.value == pytest.approx(found.fleiss.value, abs=0.02)


def test_without_overlap_the_latest_answer_counts_and_nobody_is_asked_again(
    open_session: OpenSession,
) -> None:
    session = open_session()
    cat, dog = (session.store.classes.ensure(name).id for name in ("cat", "dog"))
    (key,) = cards(session, "ann", 1)
    session.answer("ann", [label(key, cat, "1")])
    assert key not in cards(session, "bob")
    session.answer("ann after marrying", [label(key, dog, "2")])
    assert session.labels()[key].class_id == dog
    session.change(overlap_share=1.0, overlap_people=3)
    assert key in cards(session, "cem")
