"""Many classes at once: a list of names or an edited table is one change, whole or not at all."""

import pytest

from labeling.errors import ClassNameError, HistoryError
from labeling.store import NewAnswer, Store
from labeling.store.class_lists import RefusedName
from tests.store.conftest import together


def names(store: Store) -> list[str]:
    return [one.name for one in store.classes.all()]


def test_three_hundred_names_become_classes_in_their_order_by_one_change(store: Store) -> None:
    wanted = [f"class {number:03}" for number in range(300)]
    store.class_lists.create(wanted, "ann")
    assert names(store) == wanted
    (entry,) = store.log.all()
    assert (entry.kind, entry.by) == ("class created", "ann")
    assert entry.text.startswith("created 300 classes: “class 000”, “class 001”")
    assert entry.text.endswith("“class 009” …")
    store.history.undo(entry.id, "ann")
    assert names(store) == []


def test_a_list_says_what_is_new_known_doubled_and_impossible(store: Store, cat: int) -> None:
    gone, merged = (store.classes.create(name).id for name in ("gone", "merged"))
    store.classes.archive(gone)
    store.reshaping.merge(merged, cat)
    lines = [" dog\t", "", "CAT", "fox", "Dog", "dog", "a\x07b", "gone", "Merged", "x" * 81]
    found = store.class_lists.sift(lines)
    assert found.names == ("dog", "fox", "gone")
    assert (found.known, found.twice) == (("cat",), ("Dog",))
    assert [one.name for one in found.refused] == ["a\x07b", "Merged", "x" * 80]
    assert "control characters" in found.refused[0].reason
    assert "merged into “cat”" in found.refused[1].reason
    assert "81 characters" in found.refused[2].reason
    assert names(store) == ["cat"]
    assert isinstance(found.refused[0], RefusedName)


@pytest.mark.parametrize("bad", ["", "a\x07b", "x" * 81, "Cat", "dog"])
def test_one_impossible_name_creates_none_of_the_list(store: Store, cat: int, bad: str) -> None:
    before = store.log.version()
    with pytest.raises(ClassNameError):
        store.class_lists.create(["dog", "fox", bad])
    assert names(store) == ["cat"]
    assert store.log.version() == before


def test_an_empty_list_is_refused_and_leaves_no_entry(store: Store) -> None:
    with pytest.raises(ClassNameError, match="no class to create"):
        store.class_lists.create([])
    assert store.log.all() == []


def test_an_archived_class_of_the_list_comes_back_with_its_id_and_goes_with_the_undo(
    store: Store, cat: int, dog: int
) -> None:
    store.classes.archive(cat)
    store.class_lists.create(["fox", "Cat"])
    assert [(one.name, one.id) for one in store.classes.all()] == [
        ("dog", dog),
        ("fox", dog + 1),
        ("Cat", cat),
    ]
    entry = store.log.all()[-1]
    assert entry.kind == "classes edited"
    assert entry.text == "created “fox”; brought “Cat” back"
    store.history.undo(entry.id)
    assert names(store) == ["dog"]
    assert store.classes.names()[cat] == "cat"


def test_a_list_is_not_undone_while_labels_count_as_one_of_its_classes(
    store: Store, ids: list[str]
) -> None:
    store.class_lists.create(["ant", "bee"], "ann")
    bee = store.classes.all()[1].id
    entry = store.log.version()
    store.answers.append("ann", [NewAnswer("c", ids[0], "label", bee)])
    with pytest.raises(HistoryError, match="1 label counts as “bee”"):
        store.history.undo(entry)
    assert names(store) == ["ant", "bee"]


def test_an_edited_table_is_one_change_that_can_swap_names_and_be_undone(
    store: Store, cat: int, dog: int
) -> None:
    fox = store.classes.create("fox").id
    store.class_lists.edit([fox], {cat: "dog", dog: "cat"}, ["gnu", "Fox"], "ann")
    assert {one.id: one.name for one in store.classes.all()} == {
        cat: "dog",
        dog: "cat",
        fox + 1: "gnu",
        fox: "Fox",
    }
    assert store.classes.ensure("DOG").id == cat
    entry = store.log.all()[-1]
    assert entry.text == (
        "archived “fox”; renamed “cat” to “dog”; renamed “dog” to “cat”; created “gnu”; "
        "brought “Fox” back"
    )
    store.history.undo(entry.id)
    assert {one.id: one.name for one in store.classes.all()} == {cat: "cat", dog: "dog", fox: "fox"}
    assert store.classes.ensure("dog").id == dog


@pytest.mark.parametrize(
    ("renamed", "new"),
    [
        ({0: "DOG"}, []),
        ({0: "x", 1: "X"}, []),
        ({0: "gnu"}, ["dog"]),
        ({0: ""}, []),
        ({7: "a"}, []),
    ],
)
def test_a_refused_edit_changes_nothing_at_all(
    store: Store, cat: int, dog: int, renamed: dict[int, str], new: list[str]
) -> None:
    fox = store.classes.create("fox").id
    before = store.classes.all(archived=True)
    by_id = {cat + number: name for number, name in renamed.items()}
    with pytest.raises(ClassNameError):
        store.class_lists.edit([fox], by_id, new)
    assert store.classes.all(archived=True) == before


def test_a_name_that_is_given_up_in_an_edit_can_be_taken_in_it(store: Store, cat: int) -> None:
    store.class_lists.edit([], {cat: "feline"}, ["cat"])
    assert names(store) == ["feline", "cat"]


def test_eight_threads_with_one_list_create_it_once(store: Store) -> None:
    made = []

    def work(_number: int) -> None:
        try:
            store.class_lists.create(["ant", "bee", "cat"])
        except ClassNameError:
            return
        made.append(1)

    together(work)
    assert made == [1]
    assert names(store) == ["ant", "bee", "cat"]


def test_a_trial_refuses_what_would_be_refused_and_leaves_nothing(store: Store, cat: int) -> None:
    before = store.log.version(), store.pulse()
    with store.trial():
        store.classes.rename(cat, "feline")
        store.class_lists.create(["dog", "fox"])
        with pytest.raises(ClassNameError, match="already"):
            store.class_lists.create(["dog", "cat"])
    assert names(store) == ["cat"]
    assert (store.log.version(), store.pulse()) == before
    store.class_lists.create(["dog"])
    assert names(store) == ["cat", "dog"]
