"""The index of samples: a pool's ids in order, found by their text."""

import hashlib

import numpy as np
import pytest

from labeling.answers.sample_index import SampleIndex


def ids(count: int, salt: str = "") -> list[str]:
    return [hashlib.sha256(f"{salt}{number}".encode()).hexdigest() for number in range(count)]


def test_it_is_the_same_as_the_list_it_is_made_of() -> None:
    names = ids(500)
    sample_index = SampleIndex.of(names)
    assert list(sample_index) == names and len(sample_index) == 500
    assert [sample_index.place(name) for name in names] == list(range(500))
    np.testing.assert_array_equal(sample_index.places(names[::-1]), np.arange(500)[::-1])


def test_what_is_not_in_the_pool_has_no_place_whatever_it_looks_like() -> None:
    name = "ab" * 32
    sample_index = SampleIndex.of([name])
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
    assert sample_index.places(strangers).tolist() == [-1] * len(strangers)
    assert not any(stranger in sample_index for stranger in strangers) and 7 not in sample_index
    assert name in sample_index


def test_an_empty_roster_is_false_and_holds_nothing() -> None:
    sample_index = SampleIndex()
    assert not sample_index and list(sample_index) == [] and "ab" * 32 not in sample_index
    assert sample_index.places([]).shape == (0,)


@pytest.mark.parametrize("place", [-1, 2, 99])
def test_a_place_outside_is_refused(place: int) -> None:
    with pytest.raises(IndexError):
        SampleIndex.of(ids(2))[place]


def test_samples_of_another_roster_are_found_by_their_ids() -> None:
    names = ids(6)
    here, there = SampleIndex.of(names), SampleIndex.of([names[4], *ids(1, "other"), names[0]])
    assert here.places_of(there).tolist() == [4, -1, 0]
