"""Classes that change while people label: what counts, who is asked again, what is still proven."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from labeling.errors import ClassNameError, HistoryError, HoneError
from labeling.exchange.exports import export
from labeling.exchange.formats.csv import read_csv
from labeling.loop.cards import REASONS
from labeling.loop.classes import ClassChange, carry_out, newest_examples, preview, propose_examples
from labeling.loop.rewind import rewind, rewind_effect, undo
from labeling.loop.session import Session
from labeling.store import Certificate, Draw, NewAnswer, Offer
from labeling.store.certificates import ABANDONED, ACCEPTED, PROVEN, TAKEN_BACK
from tests.conftest import OpenSession, label

LABELS = 12


@pytest.fixture
def session(open_session: OpenSession) -> Session:
    """Twelve images labeled by turns as cat, dog and fox, and a round that has seen them."""
    opened = open_session()
    classes = [opened.store.classes.create(name).id for name in ("cat", "dog", "fox")]
    for number, key in enumerate(opened.store.samples.ids()[:LABELS]):
        opened.answer("ann", [label(key, classes[number % 3])])
    opened.worker.wait()
    return opened


def ids_of(session: Session, *names: str) -> list[int]:
    by_name = {one.name: one.id for one in session.store.classes.all(archived=True)}
    return [by_name[name] for name in names]


def counts(session: Session) -> dict[str, int]:
    names = session.store.classes.names()
    found = session.status().per_class
    return {names[key]: count for key, count in sorted(found.items())}


def head_classes(session: Session) -> list[int]:
    session.worker.wait()
    assert session.round is not None and session.round.head is not None
    known: list[int] = session.round.head.classes.tolist()
    return known


def certify(session: Session, kind: str, end: str | None, predicted: list[int]) -> int:
    """A certificate about open samples that a frozen head put into these classes."""
    store, number = session.store.certificates, session.store.certificates.next_id()
    open_ = session.store.samples.ids()[LABELS:]
    draws = [Draw(at, open_[at], one, 0.9) for at, one in enumerate(predicted)]
    bet = {"strength": 1.0, "share": 0.9}
    store.add(Certificate(number, time.time(), kind, 1, len(draws), 0.9, 0.04, bet), draws)
    if end is not None:
        store.end(number, end, {"drawn": 1, "right": 1, "left": 1, "value": 0.9})
    session.certifier.reload()
    return number


def voided(session: Session) -> set[int]:
    return {one.id for one in session.store.certificates.all() if one.voided is not None}


# -- merging ---------------------------------------------------------------------------------


def test_a_merge_is_told_before_and_counts_in_labels_head_cards_and_exports(
    session: Session, tmp_path: Path
) -> None:
    cat, fox = ids_of(session, "cat", "fox")
    effect = preview(session, ClassChange("merge", cat, into=fox))
    assert effect.labels == 4
    assert effect.sentences[0].startswith("4 labels of “cat” will count as “fox”")
    assert "ann labels with “cat” now" in effect.sentences[1]
    assert counts(session) == {"cat": 4, "dog": 4, "fox": 4}
    carry_out(session, ClassChange("merge", cat, into=fox), "olga")
    assert counts(session) == {"dog": 4, "fox": 8}
    assert cat not in head_classes(session)
    assert all(cat not in card.probabilities for card in session.queue.next("tab", 5))
    assert cat not in session.queue.predicted_counts()
    file = export(session.project, "csv", tmp_path / "out").path
    labels = [one.label for one in read_csv(file / "labels.csv")]
    assert (labels.count("fox"), labels.count("cat")) == (8, 0)
    told = [
        one.label
        for one in read_csv(
            export(session.project, "csv_history", tmp_path / "all").path / "history.csv"
        )
    ]
    assert told.count("cat") == 4  # the words of then


def test_an_answer_for_a_merged_class_counts_for_the_target_and_goes_back_with_the_undo(
    session: Session,
) -> None:
    cat, fox = ids_of(session, "cat", "fox")
    merge = carry_out(session, ClassChange("merge", cat, into=fox), "olga")
    late = session.store.samples.ids()[LABELS]
    assert session.answer("bob", [label(late, cat)]) == {}
    assert session.labels()[late].class_id == fox
    undo(session, merge.id, "olga")
    assert session.labels()[late].class_id == cat
    assert counts(session) == {"cat": 5, "dog": 4, "fox": 4}
    assert sorted(head_classes(session)) == sorted(ids_of(session, "cat", "dog", "fox"))


def test_a_restart_after_a_merge_does_not_take_the_old_head(
    open_session: OpenSession, session: Session
) -> None:
    cat, fox = ids_of(session, "cat", "fox")
    session.close()
    store_only = open_session()
    store_only.worker.wait()
    store_only.store.reshaping.merge(cat, fox, "olga")  # as another process would
    store_only.rules.follow()
    assert cat not in head_classes(store_only)


@pytest.mark.parametrize(
    ("kind", "into", "reason"),
    [("merge", "cat", "into itself"), ("merge", "gone", "is archived; bring it back first")],
)
def test_a_merge_that_makes_no_sense_is_refused(
    session: Session, kind: str, into: str, reason: str
) -> None:
    session.store.classes.archive(session.store.classes.create("gone").id)
    cat, target = ids_of(session, "cat", into)
    before = session.store.log.version()
    with pytest.raises(ClassNameError, match=reason):
        carry_out(session, ClassChange(kind, cat, into=target), "olga")
    assert session.store.log.version() == before


# -- splitting -------------------------------------------------------------------------------


def test_the_samples_of_a_split_class_are_asked_first_without_a_guess(session: Session) -> None:
    (cat,) = ids_of(session, "cat")
    was = {key for key, one in session.labels().items() if one.class_id == cat}
    wanted = ClassChange("split", cat, names=("cat", "lynx"))
    assert "4 images will be asked again" in preview(session, wanted).sentences[0]
    split = carry_out(session, wanted, "olga")
    new_cat, lynx, old = ids_of(session, "cat", "lynx", "cat (split)")
    assert old == cat != new_cat
    names = [one.name for one in session.store.classes.all()]
    assert names == ["cat", "lynx", "dog", "fox"]  # in the place of the old one
    assert counts(session) == {"dog": 4, "fox": 4}
    cards = session.queue.next("tab", 6, annotator="bob")
    assert {card.sample_id for card in cards[:4]} == was
    for card in cards[:4]:
        assert (card.query, card.reason, card.probabilities) == ("split", REASONS["split"], {})
    assert not {card.sample_id for card in session.queue.page("grid", new_cat, 40)} & was
    first = cards[0].sample_id
    refused = session.answer("bob", [label(first, cat, "late")])
    assert refused == {"late": "“cat” was split: choose “cat” or “lynx”."}
    assert session.answer("bob", [label(first, lynx)]) == {}
    stored = session.labels()[first]
    assert (stored.class_id, stored.shown, stored.predicted_class) == (lynx, False, None)
    undo(session, split.id, "olga")
    assert counts(session) == {"cat": 3, "lynx": 1, "dog": 4, "fox": 4}
    assert session.labels()[first].class_id == lynx  # what was said since stays


def test_a_correction_before_a_split_does_not_bring_the_first_label_back(session: Session) -> None:
    cat, dog = ids_of(session, "cat", "dog")
    key = next(key for key, one in session.labels().items() if one.class_id == dog)
    session.answer("ann", [label(key, cat, "corrected")])
    carry_out(session, ClassChange("split", cat, names=("a", "b")), "olga")
    assert key not in session.labels()


def test_of_several_opinions_a_split_takes_out_only_those_for_the_class(
    session: Session,
) -> None:
    session.change(overlap_share=1.0, overlap_people=2)
    cat, dog = ids_of(session, "cat", "dog")
    key = session.store.samples.ids()[LABELS]
    session.answer("ann", [label(key, cat, "a")], own=True)
    session.answer("bob", [label(key, dog, "b")], own=True)
    assert session.labels()[key].kind == "unsure"  # they disagree
    carry_out(session, ClassChange("split", cat, names=("a", "b")), "olga")
    assert session.labels()[key].class_id == dog
    assert session.current.consensus.waits_for(key, "ann")
    assert not session.current.consensus.waits_for(key, "bob")


def test_a_blind_check_of_a_split_class_is_one_again_without_the_old_guess(
    session: Session,
) -> None:
    (cat,) = ids_of(session, "cat")
    key = session.store.samples.ids()[LABELS]
    offer = Offer(key, "audit", 1, None, 0.1, cat, 0.8, shown=False)
    session.store.leases.claim("tab", [offer], 1)
    session.answer("ann", [label(key, cat)])
    carry_out(session, ClassChange("split", cat, names=("a", "b")), "olga")
    (a,) = ids_of(session, "a")
    assert key in {card.sample_id for card in session.queue.next("tab", 40)}
    session.answer("ann", [label(key, a)])
    stored = session.labels()[key]
    assert (stored.query, stored.predicted_class, stored.shown) == ("audit", None, False)


# -- certificates ----------------------------------------------------------------------------


def test_a_merge_ends_what_runs_and_leaves_true_what_is_proven(session: Session) -> None:
    cat, dog, fox = ids_of(session, "cat", "dog", "fox")
    proven = certify(session, "accuracy", PROVEN, [cat, dog])
    running = certify(session, "accuracy", None, [cat, fox])
    effect = preview(session, ClassChange("merge", cat, into=fox))
    assert effect.certificates == (running,)
    assert f"Certificate {running} becomes void." in effect.sentences
    assert any(f"Certificate {proven} stays true" in one for one in effect.sentences)
    carry_out(session, ClassChange("merge", cat, into=fox), "olga")
    assert voided(session) == {running} and session.certifier.running is None
    assert session.store.certificates.all()[1].end == ABANDONED  # it counts as a try
    assert [one.predicted_class for one in session.store.certificates.draws(proven)] == [fox, dog]


def test_a_split_voids_what_rests_on_the_class_until_it_is_undone(session: Session) -> None:
    cat, dog = ids_of(session, "cat", "dog")
    about_cat = certify(session, "accept", ACCEPTED, [cat, dog])
    certify(session, "accuracy", PROVEN, [dog])
    wanted = ClassChange("split", cat, names=("a", "b"))
    assert preview(session, wanted).certificates == (about_cat,)
    split = carry_out(session, wanted, "olga")
    assert voided(session) == {about_cat}
    undo(session, split.id, "olga")
    assert voided(session) == set()


def test_a_void_certificate_accepts_nothing(session: Session) -> None:
    (cat,) = ids_of(session, "cat")
    certify(session, "accept", PROVEN, [cat])
    carry_out(session, ClassChange("split", cat, names=("a", "b")), "olga")
    with pytest.raises(HoneError, match="void since its classes changed"):
        session.certifier.to_accept(session.store.certificates.all()[-1])


# -- going back ------------------------------------------------------------------------------


def test_going_back_takes_answers_changes_and_certificates_along_and_comes_back(
    session: Session,
) -> None:
    (cat,) = ids_of(session, "cat")
    moment = session.store.history.at(time.time())
    then = counts(session)
    open_ = session.store.samples.ids()[LABELS:]
    for number, (who, key) in enumerate(zip(("ann", "bob", "bob"), open_, strict=False)):
        session.answer(who, [label(key, cat, f"late-{number}")])
    session.answer("bob", [NewAnswer("take-back", open_[0], "undo", undoes="late-0")])
    carry_out(session, ClassChange("rename", cat, name="feline"), "olga")
    number = certify(session, "accuracy", PROVEN, [cat])
    present = counts(session)
    effect = rewind_effect(session.store.history.taken(moment))
    assert effect.sentences == (
        "Takes back 2 answers by 1 person (bob 2).",
        "Takes back 1 change: renamed “cat” to “feline”.",
        f"Certificate {number} becomes void.",
        "Nothing is deleted: it can be undone.",
    )
    rewind(session, moment, "olga", "noon")
    assert counts(session) == then and voided(session) == {number}
    assert not set(open_[:3]) & session.labels().keys()
    assert session.answer("ann", [label(open_[5], cat)]) == {}  # labeling goes on
    undo(session, session.store.log.version(), "olga")
    assert counts(session) == present | {"feline": present["feline"] + 1}
    assert voided(session) == set()


def test_what_was_taken_back_after_the_moment_is_accepted_again(session: Session) -> None:
    (cat,) = ids_of(session, "cat")
    number = certify(session, "accept", ACCEPTED, [cat])
    key = session.store.samples.ids()[LABELS]
    given = NewAnswer("x", key, "label", cat, source="accepted", certificate_id=number)
    session.answer("ann", [given])
    moment = session.store.history.at(time.time())
    time.sleep(0.01)
    session.answer("ann", [NewAnswer("y", key, "undo", undoes="x")])
    session.store.certificates.end(number, TAKEN_BACK, {})
    rewind(session, moment, "olga")
    assert key in session.labels()
    (certificate,) = session.store.certificates.all()
    assert (certificate.end, certificate.voided) == (ACCEPTED, None)


def test_a_change_that_was_changed_again_says_what_to_undo_first(session: Session) -> None:
    (cat,) = ids_of(session, "cat")
    first = carry_out(session, ClassChange("rename", cat, name="feline"), "olga")
    carry_out(session, ClassChange("rename", cat, name="tomcat"), "otto")
    with pytest.raises(HistoryError, match=r"changed again by otto .*“tomcat”.*undo that first"):
        undo(session, first.id, "olga")
    known = {entry.id: why_not for entry, why_not in session.store.history.changes()}
    assert known[first.id] is not None and known[session.store.log.version()] is None
    undo(session, session.store.log.version(), "olga")
    with pytest.raises(HistoryError, match="undone already"):
        undo(session, max(known), "olga")
    undo(session, first.id, "olga")
    assert [one.name for one in session.store.classes.all()] == ["cat", "dog", "fox"]


def test_an_undo_that_would_merge_in_a_circle_is_refused(session: Session) -> None:
    cat, dog = ids_of(session, "cat", "dog")
    moment = session.store.history.at(time.time())
    time.sleep(0.01)
    carry_out(session, ClassChange("merge", cat, into=dog), "olga")
    rewind(session, moment, "olga")
    back = session.store.log.version()
    other_way = carry_out(session, ClassChange("merge", dog, into=cat), "olga")
    with pytest.raises(HistoryError, match="merged the other way round"):
        undo(session, back, "olga")
    undo(session, other_way.id, "olga")
    undo(session, back, "olga")
    assert counts(session) == {"dog": 8, "fox": 4}


# -- keys and descriptions -------------------------------------------------------------------


@pytest.mark.parametrize("key", ["u", "Z", "ab", "!", "é"])
def test_a_key_that_acts_or_is_none_is_refused(session: Session, key: str) -> None:
    with pytest.raises(ClassNameError, match="cannot be the key of a class"):
        carry_out(session, ClassChange("hotkey", ids_of(session, "cat")[0], hotkey=key), "olga")


def test_a_key_leaves_the_class_that_had_it(session: Session) -> None:
    cat, dog = ids_of(session, "cat", "dog")
    for one in (cat, dog):
        carry_out(session, ClassChange("hotkey", one, hotkey="Q"), "olga")
    keys: dict[str, str | None] = {one.name: one.hotkey for one in session.store.classes.all()}
    assert keys == {"cat": None, "dog": "q", "fox": None}


def test_examples_are_proposed_from_labels_of_the_class_and_kept(session: Session) -> None:
    (cat,) = ids_of(session, "cat")
    proposed = propose_examples(session, cat, 3)
    assert len(proposed) == 3
    assert all(session.labels()[key].class_id == cat for key in proposed)
    given = [key for key, one in session.labels().items() if one.class_id == cat]
    assert newest_examples(session, cat, 2) == (given[-1], given[-2])
    change = ClassChange("describe", cat, description=" whiskers ", examples=proposed)
    carry_out(session, change, "olga")
    found = session.store.classes.all()[0]
    assert (found.description, found.examples) == ("whiskers", proposed)
    with pytest.raises(ClassNameError, match="no sample"):
        carry_out(session, ClassChange("describe", cat, examples=("f" * 64,)), "olga")


REFUSALS: list[tuple[Callable[[int], ClassChange], str]] = [
    (lambda cat: ClassChange("split", cat, names=("a",)), "two or more different classes"),
    (lambda cat: ClassChange("split", cat, names=("a", "A")), "two or more different classes"),
    (lambda cat: ClassChange("bring_back", cat), "is not archived"),
    (lambda cat: ClassChange("archive", 10**30), "no class"),
    (lambda cat: ClassChange("explode", cat), "is not a change of a class"),
    (lambda cat: ClassChange("describe", cat, description="x" * 501), "at most 500"),
]


@pytest.mark.parametrize(("wanted", "reason"), REFUSALS)
def test_a_change_that_cannot_be_is_refused_with_the_mend(
    session: Session, wanted: Callable[[int], ClassChange], reason: str
) -> None:
    with pytest.raises(ClassNameError, match=reason):
        carry_out(session, wanted(ids_of(session, "cat")[0]), "olga")


# -- many in one -------------------------------------------------------------------------------


def test_an_edit_of_many_classes_is_told_before_and_one_entry_after(session: Session) -> None:
    cat, dog = ids_of(session, "cat", "dog")
    empty = session.store.classes.create("empty").id
    wanted = ClassChange("edit", removed=(empty,), renamed={cat: "Cat"}, names=("gnu", "elk"))
    assert preview(session, wanted).sentences == (
        "1 class removed: empty.",
        "1 class renamed: cat.",
        "2 classes created: gnu and elk.",
    )
    made = carry_out(session, wanted, "olga")
    assert (made.kind, made.by) == ("classes edited", "olga")
    assert [one.name for one in session.store.classes.all()] == ["Cat", "dog", "fox", "gnu", "elk"]
    undo(session, made.id, "olga")
    assert [one.name for one in session.store.classes.all()] == ["cat", "dog", "fox", "empty"]
    assert dog in head_classes(session)


def test_an_edit_does_not_remove_a_class_that_has_labels(session: Session) -> None:
    (cat,) = ids_of(session, "cat")
    with pytest.raises(ClassNameError, match="“cat” still has labels; merge, split or archive"):
        preview(session, ClassChange("edit", removed=(cat,)))
