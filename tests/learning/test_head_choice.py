"""HeadChoice of the simple head: compared when due, given up for an answer, and begun anew."""

import time

import numpy as np
import pytest

from labeling.answers.sample_index import SampleIndex
from labeling.learning import head_choice
from labeling.learning.basis import Basis
from labeling.learning.head_choice import FIRST_COMPARED, SIMPLE_HEAD, HeadChoice
from labeling.learning.snapshot import Snapshot
from labeling.learning.table import make_table
from tests.learning.test_round import make_snapshot
from tests.models.head.test_choice import rings


def bent(n: int = FIRST_COMPARED) -> tuple[Snapshot, Basis]:
    """Labels whose classes no straight border parts."""
    features, labels = rings(n)
    table = make_table(SampleIndex.of([f"{row:064x}" for row in range(n)]), np.arange(n), features)
    rows, audits = np.arange(n), np.zeros(n, dtype=bool)
    return Snapshot(table, rows, labels, audits, rows, n), Basis(features)


def test_a_head_that_foresees_better_wins_and_is_not_looked_for_again() -> None:
    held = HeadChoice()
    held.compare(*bent(FIRST_COMPARED - 1), "cpu", lambda: False)
    assert held.winner == SIMPLE_HEAD  # too few labels yet
    held.compare(*bent(), "cpu", lambda: False)
    assert held.winner == "mlp"
    asked: list[int] = []
    held.compare(*bent(FIRST_COMPARED + 1), "cpu", lambda: bool(asked.append(1)))  # not doubled
    assert asked == []


def test_one_class_needs_no_comparison() -> None:
    held = HeadChoice()
    labels = dict.fromkeys(range(FIRST_COMPARED), 1)
    snapshot = make_snapshot(labels, FIRST_COMPARED + 10)
    held.compare(snapshot, snapshot.table.own, "cpu", lambda: False)
    assert held.winner == SIMPLE_HEAD


def test_a_disturbed_one_begins_again_only_when_it_has_been_quiet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(head_choice, "QUIET", 0.2)
    held, asked = HeadChoice(), [0]

    def never_quiet() -> bool:
        asked[0] += 1
        return True

    held.compare(*bent(), "cpu", never_quiet)
    before, asked[0] = asked[0], 0
    held.compare(*bent(), "cpu", never_quiet)
    assert before > 0 and asked[0] == 2  # it looked, and began nothing
    assert held.winner == SIMPLE_HEAD
    begin = time.monotonic()
    held.compare(*bent(), "cpu", lambda: False)
    assert held.winner == "mlp" and time.monotonic() - begin >= 0.2
