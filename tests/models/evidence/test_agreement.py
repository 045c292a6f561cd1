"""Agreement against worked examples from the papers, and its intervals against repetition."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from models.evidence.agreement import cohen, fleiss, krippendorff, of_class

# Fleiss' example as in the literature: ten subjects, fourteen raters, five categories; 0.210.
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
# Krippendorff (2011), examples B and C: two observers, 0.692; four, with gaps, 0.743.
TWO = ["aabbdcccedda", "babbbccceddd"]
FOUR = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def counts_of(rows: list[list[int]], k: int) -> np.ndarray:
    return np.array([np.bincount(row, minlength=k) for row in rows])


def test_fleiss_kappa_is_that_of_the_published_example() -> None:
    found = fleiss(np.array(FLEISS), rng())
    assert found.value == pytest.approx(0.210, abs=0.0005)
    assert found.low < found.value < found.high
    assert found.items == 10


def test_krippendorffs_alpha_is_that_of_the_published_example_of_two() -> None:
    rows = [[ord(one) - ord("a"), ord(other) - ord("a")] for one, other in zip(*TWO, strict=True)]
    assert krippendorff(counts_of(rows, 5), rng()).value == pytest.approx(0.692, abs=0.0005)


def test_krippendorffs_alpha_is_that_of_the_published_example_of_four_with_gaps() -> None:
    columns = zip(*(line.split() for line in FOUR), strict=True)
    rows = [[int(value) for value in column if value != "."] for column in columns]
    counts = counts_of([row for row in rows if len(row) > 1], 6)
    assert krippendorff(counts, rng()).value == pytest.approx(0.743, abs=0.0005)


def test_cohens_kappa_is_that_of_the_textbook_table() -> None:
    first = np.array([1] * 25 + [0] * 25)
    second = np.array([1] * 20 + [0] * 5 + [1] * 10 + [0] * 15)
    found = cohen(first, second, rng())
    assert found.value == pytest.approx(0.4)
    assert 0.1 < found.low < 0.4 < found.high < 0.7


def test_cohens_kappa_takes_any_class_ids_and_lies_inside_its_interval() -> None:
    first, second = rng().integers(0, 4, (2, 60)) * 7
    found = cohen(first, second, rng())
    assert found.value == pytest.approx(cohen_kappa_score(first, second))
    assert found.low < found.value < found.high


def test_an_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Two people who agree on 85 % of two equally frequent classes: kappa 0.7."""
    draws, held = np.random.default_rng(1), 0
    for _ in range(100):
        first = draws.integers(0, 2, 80)
        second = np.where(draws.random(80) < 0.85, first, 1 - first)
        found = cohen(first, second, draws)
        held += found.low <= 0.7 <= found.high
    assert 89 <= held <= 100


def test_full_agreement_is_one_and_one_class_alone_tells_nothing() -> None:
    same = np.array([0, 1, 2, 0, 1])
    assert cohen(same, same, rng()).value == 1
    pairs = counts_of([[one, one] for one in same.tolist()], 3)
    assert krippendorff(pairs, rng()).value == fleiss(pairs, rng()).value == 1
    alone = counts_of([[0, 0]] * 5, 2)
    assert np.isnan(krippendorff(alone, rng()).value)
    assert np.isnan(cohen(np.zeros(5, int), np.zeros(5, int), rng()).value)


def test_a_class_is_told_apart_from_all_the_others() -> None:
    assert of_class(np.array(FLEISS), 4).tolist()[:2] == [[14, 0], [2, 12]]


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="equally many"):
        fleiss(np.array([[2, 0], [2, 1]]), rng())
    with pytest.raises(ValueError, match="at least two"):
        krippendorff(np.array([[1, 0]]), rng())
    with pytest.raises(ValueError, match="cannot be compared"):
        cohen(np.zeros(3, int), np.zeros(4, int), rng())
    with pytest.raises(ValueError, match="a level"):
        krippendorff(np.array([[2, 0], [1, 1]]), rng(), level=1)
