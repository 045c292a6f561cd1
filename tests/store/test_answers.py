"""Answers: appended and never changed, undone by answers, each delivered one stored once."""

import re
import threading
from pathlib import Path

import pytest

from labeling.errors import AnswerError
from labeling.store import NewAnswer, Store
from labeling.store import leases as leases_module
from tests.conftest import OpenStore, add_samples, decision, label, standing
from tests.store.conftest import together, undo


def test_an_answer_comes_back_with_all_it_was_given(store: Store, ids: list[str], cat: int) -> None:
    new = NewAnswer("c1", ids[0], "label", cat, seconds=1.5, source="accepted")
    (key,) = store.answers.append("ann", [new])
    (answer,) = store.answers.all()
    assert answer.id == key == store.answers.last_id()
    assert (answer.client_id, answer.sample_id, answer.kind) == ("c1", ids[0], "label")
    assert (answer.class_id, answer.annotator, answer.seconds) == (cat, "ann", 1.5)
    assert (answer.source, answer.shown, answer.query) == ("accepted", False, None)


def test_a_newer_label_counts_and_the_older_one_stays_in_the_history(
    store: Store, ids: list[str], cat: int, dog: int
) -> None:
    store.answers.append("ann", [label(ids[0], cat), label(ids[0], dog)])
    assert standing(store)[ids[0]].class_id == dog
    assert [answer.class_id for answer in store.answers.all()] == [cat, dog]


def test_undoing_a_label_leaves_the_sample_unanswered(
    store: Store, ids: list[str], cat: int
) -> None:
    store.answers.append("ann", [label(ids[0], cat, "a"), undo(ids[0], "a")])
    assert standing(store) == {}
    assert store.answers.latest("ann", 10) == []
    assert len(store.answers.all()) == 2


def test_undoing_a_relabel_makes_the_earlier_answer_count_again(
    store: Store, ids: list[str], cat: int, dog: int
) -> None:
    store.answers.append("ann", [label(ids[0], cat, "a"), label(ids[0], dog, "b")])
    store.answers.append("ann", [undo(ids[0], "b")])
    assert standing(store)[ids[0]].client_id == "a"
    store.answers.append("ann", [undo(ids[0], "a", "u2")])
    assert standing(store) == {}


def test_undoing_an_older_answer_leaves_the_newer_one_in_force(
    store: Store, ids: list[str], cat: int, dog: int
) -> None:
    store.answers.append("ann", [label(ids[0], cat, "a"), label(ids[0], dog, "b")])
    store.answers.append("ann", [undo(ids[0], "a")])
    assert standing(store)[ids[0]].client_id == "b"


def test_undoing_twice_is_harmless(store: Store, ids: list[str], cat: int, dog: int) -> None:
    store.answers.append("ann", [label(ids[0], cat, "a"), label(ids[0], dog, "b")])
    store.answers.append("ann", [undo(ids[0], "b", "u1"), undo(ids[0], "b", "u2")])
    assert standing(store)[ids[0]].client_id == "a"


@pytest.mark.parametrize("kind", ["skip", "unsure"])
def test_skip_and_unsure_are_answers_too(store: Store, ids: list[str], cat: int, kind: str) -> None:
    store.answers.append("ann", [label(ids[0], cat), NewAnswer("s", ids[0], kind)])
    assert standing(store)[ids[0]].kind == kind
    assert standing(store)[ids[0]].class_id is None


def test_an_answer_that_is_sent_again_is_stored_once(
    store: Store, ids: list[str], cat: int
) -> None:
    first = store.answers.append("ann", [label(ids[0], cat, "a")])
    again = store.answers.append("ann", [label(ids[0], cat, "a"), label(ids[0], cat, "a")])
    assert again == first * 2
    assert len(store.answers.all()) == 1


def others_with_that_id(ids: list[str], cat: int, dog: int) -> list[tuple[str, NewAnswer, str]]:
    """Who sends another answer with the client id of Ann's “a”, and why it is refused."""
    again = label(ids[0], cat, "a")
    return [
        ("bob", again, "answer of another person"),
        ("ann", label(ids[1], cat, "a"), "is a different one"),
        ("ann", label(ids[0], dog, "a"), "is a different one"),
        ("ann", label(ids[0], 999, "a"), "is a different one"),
        ("ann", label("f" * 64, cat, "a"), "is a different one"),
        ("ann", NewAnswer("a", ids[0], "skip"), "is a different one"),
        ("ann", decision(ids[0], cat, "a"), "is a different one"),
        ("ann", undo(ids[0], "a", "a"), "is a different one"),
        ("ann", NewAnswer("a", ids[0], "nonsense"), "Unknown kind"),
        ("ann", NewAnswer("a", ids[0], "label", cat, undoes="b"), "only an undo has one"),
    ]


@pytest.mark.parametrize("number", range(10))
def test_another_answer_with_a_known_client_id_is_refused_with_the_reason(
    store: Store, ids: list[str], cat: int, dog: int, number: int
) -> None:
    store.answers.append("ann", [label(ids[0], cat, "a")])
    person, answer, reason = others_with_that_id(ids, cat, dog)[number]
    with pytest.raises(AnswerError, match=reason):
        store.answers.append(person, [answer])
    (kept,) = store.answers.all()
    assert (kept.annotator, kept.sample_id, kept.class_id) == ("ann", ids[0], cat)


def test_an_undo_of_another_answer_with_a_known_client_id_is_refused(
    store: Store, ids: list[str], cat: int, dog: int
) -> None:
    first, second = label(ids[0], cat, "a"), label(ids[0], dog, "b")
    store.answers.append("ann", [first, second, undo(ids[0], "b")])
    with pytest.raises(AnswerError, match="is a different one"):
        store.answers.append("ann", [undo(ids[0], "a")])
    assert standing(store)[ids[0]].client_id == "a"


def test_an_answer_that_was_undone_is_not_called_stored_when_it_comes_again(
    store: Store, ids: list[str], cat: int
) -> None:
    store.answers.append("ann", [label(ids[0], cat, "a"), undo(ids[0], "a")])
    with pytest.raises(AnswerError, match="taken back later and does not count"):
        store.answers.append("ann", [label(ids[0], cat, "a")])
    store.answers.append("ann", [undo(ids[0], "a")])  # the undo itself stands
    assert standing(store) == {}
    assert len(store.answers.all()) == 2


def test_an_answer_that_a_rewind_took_back_is_not_called_stored_until_that_is_undone(
    store: Store, ids: list[str], cat: int
) -> None:
    (before,) = store.answers.append("ann", [label(ids[0], cat, "a")])
    store.answers.append("ann", [label(ids[1], cat, "b")])
    store.history.rewind(store.history.at_answer(before), "ann")
    with pytest.raises(AnswerError, match="does not count"):
        store.answers.append("ann", [label(ids[1], cat, "b")])
    store.history.undo(store.log.version(), "ann")
    store.answers.append("ann", [label(ids[1], cat, "b")])
    assert len(store.answers.all()) == 2


def test_an_answer_comes_again_after_its_class_was_archived_or_merged(
    store: Store, ids: list[str], cat: int, dog: int
) -> None:
    answers = [label(ids[0], cat, "a"), label(ids[1], dog, "b")]
    first = store.answers.append("ann", answers)
    store.reshaping.merge(cat, dog)
    store.classes.archive(dog)
    assert store.answers.append("ann", answers) == first


def test_eight_threads_delivering_the_same_answers_store_each_once(
    store: Store, ids: list[str], cat: int
) -> None:
    answers = [label(key, cat) for key in ids]
    keys = together(lambda number: sorted(store.answers.append("ann", answers[number % 3 :])))
    assert len(store.answers.all()) == len(ids)
    assert keys[0] == keys[3] == keys[6]


def test_eight_threads_answering_lose_nothing(store: Store, ids: list[str], cat: int) -> None:
    def work(number: int) -> None:
        for key in ids[number * 5 : number * 5 + 5]:
            store.answers.append(f"ann{number}", [label(key, cat)])

    together(work)
    assert set(standing(store)) == set(ids)
    history = [answer.id for answer in store.answers.all()]
    assert history == sorted(set(history))


def bad_answers(sample: str, class_id: int) -> list[tuple[NewAnswer, str]]:
    return [
        (label("f" * 64, class_id), "no sample ffff"),
        (label(sample, 999), "no class 999.*choose another class"),
        (label(sample, 10**30), "no class 1000"),
        (label(sample, -1), "no class -1"),
        (NewAnswer("x", sample, "label"), "A label needs a class"),
        (NewAnswer("x", sample, "skip", class_id), "only a label has one"),
        (NewAnswer("x", sample, "maybe"), "Unknown kind.*maybe"),
        (NewAnswer("x", sample, "label", class_id, source="robot"), "Unknown source.*robot"),
        (NewAnswer("x", sample, "undo"), "An undo needs the answer"),
        (NewAnswer("x", sample, "skip", undoes="y"), "only an undo has one"),
        (undo(sample, "nothing"), "answer to undo is not in this project"),
    ]


@pytest.mark.parametrize("number", range(11))
def test_a_wrong_answer_is_refused_with_its_reason_and_none_of_its_batch_is_stored(
    store: Store, ids: list[str], cat: int, number: int
) -> None:
    answer, reason = bad_answers(ids[0], cat)[number]
    with pytest.raises(AnswerError, match=reason):
        store.answers.append("ann", [label(ids[1], cat), answer])
    assert store.answers.all() == []


def test_an_undo_that_names_another_sample_or_an_undo_is_refused(
    store: Store, ids: list[str], cat: int
) -> None:
    store.answers.append("ann", [label(ids[0], cat, "a"), undo(ids[0], "a", "u")])
    for wrong in (undo(ids[1], "a", "x"), undo(ids[0], "u", "x")):
        with pytest.raises(AnswerError, match="is not in this project, or is of another sample"):
            store.answers.append("ann", [wrong])


def test_an_archived_class_can_no_longer_be_chosen_but_its_answers_stay(
    store: Store, ids: list[str], cat: int
) -> None:
    store.answers.append("ann", [label(ids[0], cat)])
    store.classes.archive(cat)
    with pytest.raises(AnswerError, match="choose another class"):
        store.answers.append("ann", [label(ids[1], cat)])
    assert standing(store)[ids[0]].class_id == cat


@pytest.mark.parametrize("seconds", [-1.0, 3601.0, float("nan"), float("inf"), None])
def test_a_time_that_nobody_spent_looking_is_not_stored(
    store: Store, ids: list[str], cat: int, seconds: float | None
) -> None:
    store.answers.append("ann", [NewAnswer("a", ids[0], "label", cat, seconds=seconds)])
    assert store.answers.all()[0].seconds is None


def test_the_history_is_each_annotators_own_newest_first(
    store: Store, ids: list[str], cat: int
) -> None:
    for number, key in enumerate(ids[:6]):
        store.answers.append("ann" if number % 2 else "bob", [label(key, cat)])
    assert [answer.sample_id for answer in store.answers.latest("ann", 2)] == [ids[5], ids[3]]


def test_a_sample_counts_as_ever_answered_after_its_answer_was_undone(
    store: Store, ids: list[str], cat: int
) -> None:
    store.answers.append("ann", [label(ids[0], cat, "a"), undo(ids[0], "a")])
    assert store.answers.ever_answered(ids) == {ids[0]}
    assert store.answers.ever_answered([]) == set()


def test_no_statement_changes_or_deletes_an_answer() -> None:
    package = Path(leases_module.__file__).parent
    text = "".join(file.read_text() for file in package.rglob("*.py"))
    assert not re.search(r"(update|delete)\(ANSWERS\)", text)


def test_whoever_follows_by_the_last_id_misses_no_answer_of_any_process(
    open_store: OpenStore,
) -> None:
    stores = [open_store() for _ in range(3)]
    ids = add_samples(stores[0], 40)
    cat = stores[0].classes.create("cat").id
    seen, past, done = list[str](), 0, threading.Event()

    def follow() -> None:
        nonlocal past
        while True:
            finished = done.is_set()
            samples, _, past = stores[2].answers.news(past)
            seen.extend(samples)
            if finished:
                return

    def work(number: int) -> None:
        for key in ids[number * 5 : number * 5 + 5]:
            stores[number % 2].answers.append(f"ann{number}", [label(key, cat)])

    follower = threading.Thread(target=follow)
    follower.start()
    together(work)
    done.set()
    follower.join(20)
    assert sorted(seen) == sorted(ids)
