"""Classes: names as people write them, each only once, and never a class that is gone."""

import pytest

from labeling.errors import ClassNameError
from labeling.store import Store
from tests.store.conftest import together


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
