"""The roster: a pool's ids in order, found by their text."""

import hashlib

import numpy as np
import pytest

from labeling.answers.sample_index import Roster


def ids(count: int, salt: str = "") -> list[str]:
    return [hashlib.sha256(f"{salt}{number}".encode()).hexdigest() for number in range(count)]


def test_it_is_the_same_as_the_list_it_is_made_of() -> None:
    names = ids(500)
    roster = Roster.of(names)
    assert list(roster) == names and len(roster) == 500
    assert [roster.place(name) for name in names] == list(range(500))
    np.testing.assert_array_equal(roster.places(names[::-1]), np.arange(500)[::-1])


def test_what_is_not_in_the_pool_has_no_place_whatever_it_looks_like() -> None:
    name = "ab" * 32
    roster = Roster.of([name])
    strangers = [
        "",
        "x",
        "é" * 64,
        "ff" * 32,
        name.upper(),
        name[:-2],
        name + "00",
        f" {name[:-1]}",
    ]
    assert roster.places(strangers).tolist() == [-1] * len(strangers)
    assert not any(stranger in roster for stranger in strangers) and 7 not in roster
    assert name in roster


def test_an_empty_roster_is_false_and_holds_nothing() -> None:
    roster = Roster()
    assert not roster and list(roster) == [] and "ab" * 32 not in roster
    assert roster.places([]).shape == (0,)


@pytest.mark.parametrize("place", [-1, 2, 99])
def test_a_place_outside_is_refused(place: int) -> None:
    with pytest.raises(IndexError):
        Roster.of(ids(2))[place]


def test_samples_of_another_roster_are_found_by_their_ids() -> None:
    names = ids(6)
    here, there = Roster.of(names), Roster.of([names[4], *ids(1, "other"), names[0]])
    assert here.places_of(there).tolist() == [4, -1, 0]
