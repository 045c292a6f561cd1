"""The store: append-only answers, undo, leases, classes, samples, migrations, concurrency."""

import re
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import pytest
import sqlalchemy as sa

from labeling.errors import AnswerError, ClassNameError, ProjectError
from labeling.store import Answer, NewAnswer, Offer, RoundRecord, Store
from labeling.store import leases as leases_module
from labeling.store.samples import FileRecord, Unreadable
from labeling.store.sql.schema import METADATA
from tests.conftest import OpenStore, add_samples, label, standing

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


# -- transactions ----------------------------------------------------------------------------


def test_answers_wait_for_the_disk_and_leases_do_so_where_a_crash_could_lose_them(
    store: Store,
) -> None:
    ask, firm, loose = "PRAGMA synchronous", 2, 1
    if store.path is None:
        ask, firm, loose = "SHOW synchronous_commit", "on", "on"
    database = store.leases._database
    for passing, care in ((False, firm), (True, loose), (False, firm)):
        with database.write(passing=passing) as connection:
            assert connection.exec_driver_sql(ask).scalar() == care


# -- answers ---------------------------------------------------------------------------------


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


def test_one_client_id_is_stored_once_however_often_it_is_delivered(
    store: Store, ids: list[str], cat: int, dog: int
) -> None:
    first = store.answers.append("ann", [label(ids[0], cat, "a")])
    assert store.answers.append("ann", [label(ids[0], cat, "a"), label(ids[1], dog, "a")]) == (
        first * 2
    )
    assert len(store.answers.all()) == 1


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
        (NewAnswer("x", sample, "label", class_id, source="robot"), "Unknown kind.*robot"),
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


# -- leases ----------------------------------------------------------------------------------


def offers(ids: list[str]) -> list[Offer]:
    return [Offer(key, "margin") for key in ids]


def claimed(store: Store, holder: str, ids: list[str], count: int, keep: tuple[str, ...] = ()):
    return [offer.sample_id for offer in store.leases.claim(holder, offers(ids), count, list(keep))]


def test_eight_threads_claim_disjoint_samples(store: Store, ids: list[str]) -> None:
    parts = together(lambda number: claimed(store, f"tab{number}", ids, 5))
    everything = [key for part in parts for key in part]  # type: ignore[attr-defined]
    assert sorted(everything) == sorted(ids)


def test_what_a_holder_does_not_keep_goes_back_to_the_pool(store: Store, ids: list[str]) -> None:
    assert claimed(store, "a", ids, 3) == ids[:3]
    assert claimed(store, "a", ids, 1, keep=(ids[0],)) == [ids[1]]
    assert claimed(store, "b", ids, 2) == [ids[2], ids[3]]


def test_under_however_many_names_a_person_holds_no_more_than_allowed(
    store: Store, ids: list[str]
) -> None:
    def ask(name: str, count: int, keep: tuple[str, ...] = ()) -> list[str]:
        found = store.leases.claim(name, offers(ids), count, keep, most=6)
        return [offer.sample_id for offer in found]

    assert ask("1:a", 4) == ids[:4]
    assert ask("1:b", 4) == ids[4:8]  # two of the first go back
    assert store.leases.held() == 6
    assert ask("1:c", 99) == [*ids[2:4], *ids[8:12]]
    assert store.leases.held() == 6
    assert ask("2:a", 3) == ids[:2] + ids[4:5]  # the others are left what went back
    assert ask("1:c", 99, keep=tuple(ids[8:12])) == ids[2:4]  # what is on screen stays
    assert store.leases.hold("1:d", ids[20:40], most=6) == ids[20:26]
    for key in ids[26:40]:
        assert store.leases.hold("1:d", [key], most=6) == []
    assert store.leases.held() == 9
    assert ask("12:a", 6) != [] and store.leases.held() == 15  # 12 is not 1
    for _ in range(9):  # each keeps all that it has
        store.leases.claim("3:a", offers(ids), 5, spare=None, most=6)
    assert 15 < store.leases.held() <= 21
    assert len(store.leases.claim("at this machine", offers(ids), 15, most=6)) == 15


def test_a_holder_that_keeps_nothing_gives_everything_back(store: Store, ids: list[str]) -> None:
    claimed(store, "a", ids, 3)
    store.leases.claim("a", [], 0)
    assert claimed(store, "b", ids, 3) == ids[:3]


def test_an_expired_lease_is_given_out_again(
    store: Store, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(leases_module.time, "time", lambda: now[0])
    claimed(store, "a", ids, 2)
    now[0] += leases_module.LEASE_SECONDS - 1
    assert claimed(store, "b", ids, 1) == [ids[2]]
    now[0] += 2
    assert claimed(store, "c", ids, 2) == ids[:2]


def offer_of(sample_id: str, round_id: int, class_id: int, shown: bool = True) -> Offer:
    return Offer(sample_id, "margin", round_id, 0.5, 0.25, class_id, 0.75, shown)


@pytest.fixture
def round_id(store: Store) -> int:
    store.rounds.add(RoundRecord(1, 1.0, 0, "b", "margin", "h.npz", {"labels": 2}, {"fit": 0.1}))
    return 1


def test_the_offer_travels_into_the_answer_and_its_lease_ends(
    store: Store, ids: list[str], cat: int, round_id: int
) -> None:
    store.leases.claim("a", [offer_of(ids[0], round_id, cat)], 1)
    store.answers.append("ann", [label(ids[0], cat, "l")])
    answer = store.answers.all()[0]
    facts = (answer.round_id, answer.query, answer.score, answer.acquisition_probability)
    assert facts == (round_id, "margin", 0.5, 0.25)
    assert (answer.predicted_class, answer.predicted_confidence, answer.shown) == (cat, 0.75, True)
    store.answers.append("ann", [undo(ids[0], "l")])
    assert (store.answers.all()[1].query, store.answers.all()[1].shown) == (None, False)
    assert claimed(store, "b", ids, 1) == [ids[0]]


def test_a_kept_sample_keeps_the_facts_of_its_offer_even_when_its_lease_had_expired(
    store: Store, ids: list[str], cat: int, round_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(leases_module.time, "time", lambda: now[0])
    store.leases.claim("a", [offer_of(ids[0], round_id, cat)], 1)
    now[0] += leases_module.LEASE_SECONDS + 1
    assert claimed(store, "a", ids, 1, keep=(ids[0],)) == [ids[1]]
    assert claimed(store, "b", ids, 1) == [ids[2]]
    store.answers.append("ann", [label(ids[0], cat)])
    assert store.answers.all()[0].query == "margin"


def test_the_leases_that_hold_now_are_counted(
    store: Store, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    offers = [Offer(key, "random") for key in ids]
    store.leases.claim("a", offers, 5)
    store.leases.claim("b", offers, 3)
    assert store.leases.held() == 8
    store.leases.claim("a", [], 0)
    assert store.leases.held() == 3
    monkeypatch.setattr(leases_module, "LEASE_SECONDS", -1.0)
    store.leases.claim("c", offers, 4)
    assert store.leases.held() == 3


def test_a_sample_brought_back_by_undo_is_leased_anew(store: Store, ids: list[str]) -> None:
    assert claimed(store, "a", ids, 0, keep=(ids[0], ids[0])) == []
    assert claimed(store, "b", ids, 1) == [ids[1]]


def test_keeping_what_another_holds_does_not_take_it_away(store: Store, ids: list[str]) -> None:
    claimed(store, "a", ids, 1)
    claimed(store, "b", ids, 0, keep=(ids[0],))
    store.leases.claim("b", [], 0)
    assert claimed(store, "c", ids, 1) == [ids[1]]


def shown_round(sample_id: str, class_id: int, round_id: int | None) -> NewAnswer:
    return NewAnswer(f"c{round_id}", sample_id, "label", class_id, round_id=round_id)


@pytest.mark.parametrize(
    ("told", "stored"), [(1, (1, 0.75)), (2, (2, 0.5)), (None, (2, 0.5)), (7, (2, 0.5))]
)
def test_an_answer_stores_the_offer_that_was_on_screen_when_a_newer_one_came(
    store: Store, ids: list[str], cat: int, told: int | None, stored: tuple[int, float]
) -> None:
    for number in (1, 2):
        store.rounds.add(RoundRecord(number, 1.0, 0, "b", "margin", "h.npz", {}, {}))
    store.leases.claim("a", [offer_of(ids[0], 1, cat)], 1)
    again = Offer(ids[0], "margin", 2, 0.1, None, cat, 0.5, True)
    assert store.leases.claim("a", [again], 1, spare=[ids[0]]) == [again]
    store.answers.append("ann", [shown_round(ids[0], cat, told)])
    (answer,) = store.answers.all()
    assert (answer.round_id, answer.predicted_confidence) == stored


def test_a_card_of_the_cold_start_that_was_on_screen_is_stored_without_a_guess(
    store: Store, ids: list[str], cat: int, round_id: int
) -> None:
    store.leases.claim("a", [Offer(ids[0], "max_herding", score=0.2)], 1)
    store.leases.claim("a", [offer_of(ids[0], round_id, cat)], 1, spare=[ids[0]])
    store.answers.append("ann", [shown_round(ids[0], cat, 0)])
    (answer,) = store.answers.all()
    assert (answer.query, answer.round_id, answer.shown) == ("max_herding", None, False)


def test_leases_are_renewed_for_as_long_as_somebody_looks(
    store: Store, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(leases_module.time, "time", lambda: now[0])
    claimed(store, "a", ids, 3)
    now[0] += leases_module.LEASE_SECONDS - 1
    assert store.leases.hold("a", ids[:3]) == ids[:3]
    now[0] += leases_module.LEASE_SECONDS - 1
    assert claimed(store, "b", ids, 1) == [ids[3]]
    now[0] += 2  # nobody looked
    assert claimed(store, "b", ids, 1) == [ids[0]]
    assert store.leases.hold("a", ids[:3]) == ids[1:3]
    assert claimed(store, "c", ids, 1) == [ids[3]]


# -- classes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "=1+1", "猫", "a/b", "🧑\u200d🚀", "می\u200cخواهم", "x" * 80],
)
def test_a_class_name_is_stored_as_it_is(store: Store, name: str) -> None:
    created = store.classes.create(name)
    assert store.classes.all() == [created]
    assert created.name == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "needs a name"),
        (" \t\n ", "needs a name"),
        ("x" * 81, "has 81 characters; use at most 80"),
        ("a\0b", "control characters"),
        ("a\x07b", "control characters"),
        ("abc\u202etxt", "control characters"),
        ("\ufeffcat", "control characters"),
        ("\u200d", "control characters"),
        ("\ud800", "control characters"),
    ],
)
def test_a_class_name_that_cannot_be_used_is_refused(store: Store, name: str, reason: str) -> None:
    with pytest.raises(ClassNameError, match=reason):
        store.classes.create(name)
    with pytest.raises(ClassNameError, match=reason):
        store.classes.ensure(name)
    assert store.classes.all() == []


@pytest.mark.parametrize("name", ["Cat", "cat", " CAT ", "c\u0061t"])
def test_a_class_that_exists_in_any_case_is_refused_by_the_name_it_has(
    store: Store, name: str
) -> None:
    store.classes.create("Cat")
    with pytest.raises(ClassNameError, match="There is a class “Cat” already; choose another"):
        store.classes.create(name)
    assert store.classes.ensure(name).name == "Cat"


def test_spaces_in_a_class_name_are_tidied(store: Store) -> None:
    assert store.classes.create("  black \t cat\n").name == "black cat"


def test_composed_and_decomposed_letters_are_one_name(store: Store) -> None:
    store.classes.create("K\u00e4se")
    with pytest.raises(ClassNameError, match="already"):
        store.classes.create("Ka\u0308se")


def test_an_archived_class_comes_back_with_its_id(store: Store, cat: int, dog: int) -> None:
    store.classes.archive(cat)
    assert [one.id for one in store.classes.all()] == [dog]
    assert [one.id for one in store.classes.all(archived=True)] == [cat, dog]
    assert store.classes.create("CAT").id == cat
    assert [one.name for one in store.classes.all()] == ["dog", "CAT"]


def test_a_renamed_class_keeps_its_id_and_its_old_name_is_free(store: Store, cat: int) -> None:
    assert store.classes.rename(cat, "Cat").name == "Cat"
    store.classes.rename(cat, "feline")
    assert store.classes.create("cat").id != cat
    with pytest.raises(ClassNameError, match="There is a class “feline” already"):
        store.classes.rename(store.classes.ensure("cat").id, "FELINE")


def test_renaming_a_class_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(ClassNameError, match="no class 77"):
        store.classes.rename(77, "x")


def test_classes_are_in_the_order_they_were_put_in(store: Store, cat: int, dog: int) -> None:
    store.classes.reorder([dog, cat])
    assert [one.id for one in store.classes.all()] == [dog, cat]


def test_eight_threads_creating_one_class_make_one(store: Store) -> None:
    assert len({store_id for store_id in together(lambda _: store.classes.ensure("cat").id)}) == 1
    created = []

    def work(_number: int) -> None:
        try:
            created.append(store.classes.create("dog"))
        except ClassNameError:
            return

    together(work)
    assert len(created) == 1


# -- samples ---------------------------------------------------------------------------------


def test_identical_files_are_one_sample_with_all_paths(store: Store) -> None:
    key = "a" * 64
    store.samples.add([FileRecord("b.png", key, 1, 1), FileRecord("a.png", key, 1, 1)])
    sample = store.samples.get(key)
    assert sample is not None
    assert sample.paths == ("a.png", "b.png")
    assert store.samples.ids() == [key]


def test_samples_keep_the_order_in_which_they_were_found(store: Store, ids: list[str]) -> None:
    store.samples.add([FileRecord("new.png", "f" * 64), FileRecord("again.png", ids[3])])
    assert store.samples.ids() == [*ids, "f" * 64]
    assert store.samples.count() == len(ids) + 1


def test_a_changed_file_is_another_sample_and_the_old_one_keeps_its_answers(
    store: Store, ids: list[str], cat: int
) -> None:
    path = store.samples.many([ids[0]])[ids[0]].paths[0]
    store.answers.append("ann", [label(ids[0], cat)])
    store.samples.add([FileRecord(path, "f" * 64, 2, 2)])
    assert ids[0] not in store.samples.ids()
    assert "f" * 64 in store.samples.ids()
    assert standing(store)[ids[0]].class_id == cat
    assert store.samples.get(ids[0]).paths == ()  # type: ignore[union-attr]


def test_forgotten_files_take_their_samples_out_of_the_pool_and_not_the_answers(
    store: Store, ids: list[str], cat: int
) -> None:
    store.answers.append("ann", [label(ids[0], cat)])
    store.samples.forget_files(list(store.samples.files()))
    assert store.samples.ids() == []
    assert ids[0] in standing(store)


def test_an_unreadable_sample_is_left_out_by_name_until_it_gets_another_chance(
    store: Store, ids: list[str]
) -> None:
    store.samples.mark_unreadable(ids[0], "it is damaged")
    store.samples.add([FileRecord("text.jpg", None, 1, 1, "it is not an image")])
    path = store.samples.many([ids[0]])[ids[0]].paths[0]
    assert store.samples.problems() == [(path, "it is damaged"), ("text.jpg", "it is not an image")]
    assert store.samples.left_out() == Unreadable(2, (path, "text.jpg"))
    assert ids[0] not in store.samples.ids()
    store.samples.clear_problems()
    assert store.samples.ids() == ids
    assert store.samples.left_out() == Unreadable(1, ("text.jpg",))


def test_a_file_whose_label_is_left_out_is_in_the_pool_all_the_same(
    store: Store, ids: list[str]
) -> None:
    (path,) = store.samples.many([ids[0]])[ids[0]].paths
    store.samples.add([FileRecord(path, ids[0], 1, 1, "its label is left out")])
    assert store.samples.problems() == [(path, "its label is left out")]
    assert store.samples.left_out() == Unreadable(0, ())


def test_nothing_to_add_is_fine(store: Store) -> None:
    store.samples.add([])
    store.samples.forget_files([])
    assert (store.samples.ids(), store.samples.many(), store.samples.get("x")) == ([], {}, None)


# -- rounds and settings ---------------------------------------------------------------------


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


def test_settings_hold_any_json_and_none_counts_as_never_set(store: Store) -> None:
    store.set("a", {"b": [1, None, "ü"]})
    store.set("a", {"b": [1, None, "ü"], "c": 0})
    assert store.setting("a") == {"b": [1, None, "ü"], "c": 0}
    store.set("a", None)
    assert store.setting("a", "default") == "default"


# -- the database ----------------------------------------------------------------------------


def test_everything_is_there_after_a_restart(open_store: OpenStore) -> None:
    first = open_store()
    key = add_samples(first, 1)[0]
    first.answers.append("ann", [label(key, first.classes.create("cat").id)])
    history = first.answers.all()
    first.close()
    assert open_store().answers.all() == history


@pytest.mark.parametrize("folder", ["a?mode=ro", "50% done", "a#b", "a b", "ü'\"", "%20"])
def test_a_project_folder_may_have_an_odd_name(tmp_path: Path, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    store = Store(place / "hone.sqlite")
    add_samples(store, 1)
    store.close()
    assert (place / "hone.sqlite").stat().st_size > 0
    assert [entry.name for entry in tmp_path.iterdir()] == [folder]


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "hone.sqlite"
    file.write_bytes(b"these bytes are no database" * 100)
    with pytest.raises(ProjectError, match=r"hone\.sqlite cannot be opened.*restore a backup"):
        Store(file)
    assert file.read_bytes() == b"these bytes are no database" * 100


def test_a_database_with_a_damaged_schema_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "hone.sqlite"
    Store(file).close()
    data = bytearray(file.read_bytes())
    data[100:2000] = b"\xff" * 1900
    file.write_bytes(data)
    with pytest.raises(ProjectError, match=r"hone\.sqlite cannot be opened.*malformed"):
        Store(file)


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "hone.sqlite"
    Store(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(ProjectError, match=r"made by a newer Hone.*update Hone to open it"):
        Store(file)
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    connection.close()


def test_the_migrations_make_the_tables_that_the_code_reads(store: Store) -> None:
    found = sa.inspect(store.engine)
    for table in METADATA.sorted_tables:
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert set(columns) == {column.name for column in table.columns}, table.name
        for column in table.columns:
            if column.nullable is False:
                made = columns[column.name]
                assert not made["nullable"] or column.primary_key, (table.name, column.name)


def test_the_python_side_of_an_answer_matches_its_table() -> None:
    assert [field.name for field in fields(Answer)] == [
        column.name for column in METADATA.tables["answers"].columns
    ]


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


def test_eight_threads_can_open_new_projects_at_once(tmp_path: Path) -> None:
    def work(number: int) -> list[str]:
        store = Store(tmp_path / f"{number}.sqlite")
        try:
            return add_samples(store, 2)
        finally:
            store.close()

    assert len(together(work)) == THREADS


def test_eight_threads_can_open_the_same_new_project_at_once(open_store: OpenStore) -> None:
    def work(number: int) -> int:
        return open_store().classes.ensure("cat").id

    assert set(together(work)) == {1}


def test_forty_writers_whose_offers_read_do_not_wait_for_each_other_for_ever(
    store: Store, ids: list[str]
) -> None:
    def slow_offers():
        for key in ids:
            store.setting("settings")  # reads on a second connection while the first writes
            yield Offer(key, "margin")

    with ThreadPoolExecutor(40) as pool:
        parts = list(pool.map(lambda n: store.leases.claim(f"tab{n}", slow_offers(), 1), range(40)))
    assert len({offer.sample_id for part in parts for offer in part}) == 40
