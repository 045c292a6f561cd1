"""Names: one that cannot be seen is none, and one that looks like another is found."""

import pytest

from labeling.errors import ClassNameError, PersonError
from labeling.store import Role, Store
from labeling.store.names import Looks, is_visible

ALIKE = [
    ("Per-owner", "P\u0435r-owner"),  # a Cyrillic e
    ("cat", "с\u0430t"),
    ("BAP", "ВАР"),  # all of it Cyrillic
    ("cat", "ｃａｔ"),  # wide
    ("cat", "𝐜𝐚𝐭"),  # bold
    ("cat", "cat\u3164"),  # a filler of Korean
    ("cat", "c\u200dat"),
    ("cat", "cat\ufe0f"),
    ("a", "α"),
    ("Ohm", "Оhm"),
]
DIFFERENT = [
    ("cat", "cats"),
    ("0", "O"),  # classes of characters have both
    ("A1", "AI"),
    ("corn", "com"),
    ("resume", "résumé"),
    ("Kadı", "Kadi"),  # two Turkish words
    ("m2", "m²"),
    ("кот", "кит"),
    ("猫", "狗"),
    ("👩", "👩\u200d🚀"),
    ("cat", "кот"),
]
UNSEEN = ["\u3164", "\u2800", "\u115f\u1160", "\u3164 \u2800", "\u0301", "\ufe0f"]


@pytest.mark.parametrize(("name", "other"), ALIKE)
def test_a_name_that_an_eye_takes_for_another_is_found_both_ways(name: str, other: str) -> None:
    assert Looks(["first", name]).like(other) == name
    assert Looks(["first", other]).like(name) == other


@pytest.mark.parametrize(("name", "other"), DIFFERENT)
def test_names_that_people_use_beside_each_other_are_no_doubles(name: str, other: str) -> None:
    assert Looks([name]).like(other) is None
    assert Looks([other]).like(name) is None
    assert Looks([name]).like(name) is None


@pytest.mark.parametrize("name", UNSEEN)
def test_a_name_without_a_visible_sign_is_refused(store: Store, name: str) -> None:
    assert not is_visible(name)
    with pytest.raises(ClassNameError, match="cannot be seen"):
        store.classes.create(name)
    with pytest.raises(ClassNameError, match="cannot be seen"):
        store.class_lists.create(["dog", name])
    with pytest.raises(PersonError):
        store.people.invite(name, Role.OWNER, 1)
    assert store.classes.all() == [] and store.people.all() == []


@pytest.mark.parametrize("name", ["?", "+", "🙂", "ㄱ", "⠓", "a\u0301"])
def test_a_name_of_one_sign_is_fine(store: Store, name: str) -> None:
    assert store.classes.create(name) in store.classes.all()


def test_a_class_that_looks_like_another_is_refused_wherever_it_would_be_named(
    store: Store, cat: int, dog: int
) -> None:
    double = "c\u0430t"
    refused = f"“{double}” looks like the class “cat”"
    before = store.log.version()
    for attempt in (
        lambda: store.classes.create(double),
        lambda: store.classes.ensure(double),
        lambda: store.classes.rename(dog, double),
        lambda: store.class_lists.create(["fox", double]),
        lambda: store.class_lists.edit([], {dog: double}, []),
        lambda: store.reshaping.split(dog, ["a dog", double]),
    ):
        with pytest.raises(ClassNameError, match=refused):
            attempt()
    found = store.class_lists.sift(["fox", double, "f\u043ex"])
    assert found.names == ("fox",)
    assert [one.name for one in found.refused] == [double, "f\u043ex"]
    assert store.log.version() == before
    store.classes.rename(cat, double)  # its own name is no double
    assert store.classes.ensure(double).id == cat


def test_a_person_who_looks_like_another_is_not_invited(store: Store) -> None:
    store.people.invite("Per-owner", Role.OWNER, 1)
    with pytest.raises(PersonError, match="looks like “Per-owner”"):
        store.people.invite("P\u0435r-owner", Role.ANNOTATOR, 1)
    assert len(store.people.all()) == 1
