"""The figures of the Progress screen against cases worked out by hand."""

from dataclasses import replace
from typing import Any

import pytest

from labeling.evidence.progress import (
    RoundRow,
    Tally,
    labels_per_class,
    pace,
    prelabel_agreement,
    rounds_table,
    seconds_per_label,
)
from labeling.store import Answer, LabelClass, RoundRecord

CAT, DOG = 1, 2
PLAIN = Answer(
    id=0,
    client_id="",
    sample_id="",
    kind="label",
    class_id=CAT,
    undoes=None,
    annotator="ann",
    at=0.0,
    seconds=None,
    source="human",
    round_id=None,
    query="random",
    score=None,
    acquisition_probability=None,
    predicted_class=None,
    predicted_confidence=None,
    shown=False,
)


def history(*changes: dict[str, Any]) -> list[Answer]:
    """Answers with ids 1, 2, …, each of its own sample unless told otherwise."""
    answers = []
    for key, change in enumerate(changes, start=1):
        own: dict[str, Any] = {"id": key, "client_id": str(key), "sample_id": str(key)}
        answers.append(replace(PLAIN, **(own | change)))
    return answers


def undo(of: int) -> dict[str, Any]:
    return {"kind": "undo", "class_id": None, "undoes": of, "sample_id": str(of)}


def test_agreement_counts_labels_given_one_by_one_that_had_a_prediction() -> None:
    found = prelabel_agreement(
        history(
            {"predicted_class": CAT, "round_id": 1},
            {"predicted_class": DOG, "round_id": 1},
            {"predicted_class": None, "round_id": 1},
            {"predicted_class": DOG, "class_id": DOG, "round_id": 2, "source": "accepted"},
            {"predicted_class": DOG, "class_id": DOG, "round_id": 2, "query": "grid"},
            {"predicted_class": DOG, "class_id": DOG, "round_id": 2},
            {"predicted_class": CAT, "round_id": 2, "source": "imported"},
            {"predicted_class": CAT, "round_id": 2, "source": "propagated"},
            {"predicted_class": CAT, "round_id": 2, "kind": "skip", "class_id": None},
            {"predicted_class": CAT, "round_id": 2},
        ),
        window=2,
    )
    assert found.matches.tolist() == [True, False, True, True]
    assert found.rolling.tolist() == [1.0, 0.5, 0.5, 1.0]
    assert found.rounds == {1: Tally(1, 2), 2: Tally(2, 2)}


def test_undone_answers_count_nowhere() -> None:
    answers = history(
        {"predicted_class": DOG, "round_id": 1, "seconds": 9.0},
        undo(1),
        {"predicted_class": CAT, "round_id": 1, "seconds": 1.0, "sample_id": "1"},
    )
    assert prelabel_agreement(answers).rounds == {1: Tally(1, 1)}
    assert seconds_per_label(answers).median == 1.0
    assert labels_per_class(answers, [LabelClass(CAT, "cat")]) == {CAT: 1}


def test_without_answers_there_are_no_figures() -> None:
    assert len(prelabel_agreement([]).rolling) == 0
    assert seconds_per_label([]).median is None
    assert (pace([]).recent, pace([]).overall, pace([]).active_seconds) == (None, None, 0.0)
    assert rounds_table([]) == []


def test_labels_per_class_lists_empty_classes_and_the_latest_label_of_a_sample() -> None:
    classes = [LabelClass(DOG, "dog"), LabelClass(CAT, "cat"), LabelClass(3, "newt")]
    answers = history(
        {},
        {"class_id": DOG},
        {"sample_id": "1", "class_id": DOG},
        {"kind": "unsure", "class_id": None},
        {"class_id": 99},
        {},
    )
    assert list(labels_per_class(answers, classes).items()) == [(DOG, 2), (CAT, 1), (3, 0)]


def test_seconds_are_those_of_labels_given_one_image_at_a_time() -> None:
    answers = history(
        {"seconds": 4.0},
        {"seconds": 100.0, "query": "grid"},
        {"seconds": 100.0, "source": "imported"},
        {"seconds": 100.0, "kind": "skip", "class_id": None},
        {"seconds": None},
        {"seconds": 100.0, "source": "accepted"},
        {"seconds": 2.0},
        {"seconds": 1.0},
        {"seconds": 9.0},
    )
    found = seconds_per_label(answers, window=3)
    assert found.rolling.tolist() == [4.0, 3.0, 2.0, 2.0]
    assert found.median == 3.0
    assert seconds_per_label(answers, window=9).rolling.tolist() == [4.0, 3.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="window"):
        seconds_per_label([], window=0)


def test_pace_leaves_out_breaks_and_the_labels_that_end_them() -> None:
    found = pace(history({"at": 0.0}, {"at": 3.0}, {"at": 10.0}, {"at": 500.0}, {"at": 510.0}))
    assert found.active_seconds == 20.0
    assert found.overall == pytest.approx(60.0 * 3 / 20)


def test_pace_of_late_looks_at_the_last_answers_only() -> None:
    found = pace(history(*({"at": at} for at in (0.0, 60.0, 120.0, 122.0, 124.0))), window=3)
    assert found.recent == pytest.approx(30.0)
    assert found.overall == pytest.approx(60.0 * 4 / 124)


def test_skipping_takes_time_but_is_no_label() -> None:
    skip = {"at": 6.0, "kind": "skip", "class_id": None}
    wrong, taken_back = {"at": 10.0}, undo(3) | {"at": 11.0}
    imported = {"at": 11.5, "source": "imported"}
    found = pace(history({"at": 0.0}, skip, wrong, taken_back, imported, {"at": 12.0}))
    assert found.active_seconds == 12.0
    assert found.overall == pytest.approx(5.0)


def test_labels_given_at_one_moment_have_no_pace() -> None:
    assert pace(history({"at": 5.0}, {"at": 5.0})).overall is None


def test_the_table_of_rounds_has_milliseconds_and_gaps_where_nothing_is_known() -> None:
    metrics = {"labels": 12, "classes": 3, "embedded": 50, "mean_confidence": 0.61}
    full = RoundRecord(
        1, 10.0, 12, "b", "margin", "1.npz", metrics, {"fit": 0.02, "score": 0.003, "rank": 0.01}
    )
    bare = RoundRecord(2, 11.0, 13, "b", "margin", "2.npz", {}, {})
    first, second = rounds_table([full, bare])
    assert (first.id, first.at, first.labels, first.classes) == (1, 10.0, 12, 3)
    assert first.mean_confidence == 0.61
    assert (first.fit_ms, first.score_ms, first.rank_ms) == pytest.approx((20.0, 3.0, 10.0))
    assert first.total_ms == pytest.approx(33.0)
    assert second == RoundRow(2, 11.0, None, None, None, None, None, 0.0, None)
