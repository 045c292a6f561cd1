"""Moments that people type, and a project as it was at one of them."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from labeling.errors import HistoryError
from labeling.exchange.exports import export
from labeling.exchange.formats.csv import read_csv
from labeling.project.snapshots import as_of, read_time
from tests.conftest import OpenSession, label


def test_a_time_alone_is_of_today_and_one_without_an_offset_of_this_place() -> None:
    today = datetime.now(UTC)
    assert read_time("9:05", UTC) == today.replace(hour=9, minute=5, second=0, microsecond=0)
    assert read_time(" 2026-11-26 14:05 ", UTC) == datetime(2026, 11, 26, 14, 5, tzinfo=UTC)
    assert read_time("2026-11-26T14:05+01:00") == datetime(2026, 11, 26, 13, 5, tzinfo=UTC)
    assert read_time("2026-11-26 14:05") == datetime(2026, 11, 26, 14, 5).astimezone()


@pytest.mark.parametrize("text", ["", "noon", "25:00", "2026-13-01", "99999-01-01"])
def test_what_is_no_time_is_named_with_how_to_write_one(text: str) -> None:
    with pytest.raises(HistoryError, match="is not a time; write it as 14:05"):
        read_time(text)


def test_an_export_of_a_moment_has_what_counted_then_and_changes_nothing(
    open_session: OpenSession, tmp_path: Path
) -> None:
    session = open_session()
    store = session.store
    cat = store.classes.create("cat").id
    first, second = store.samples.ids()[:2]
    session.answer("ann", [label(first, cat)])
    moment = store.history.at(time.time())
    time.sleep(0.01)
    dog = store.classes.create("dog").id
    session.answer("bob", [label(first, dog), label(second, dog)])
    store.reshaping.merge(cat, dog)
    version = store.log.version()
    with as_of(session.project, moment) as then:
        file = export(then, "csv", tmp_path / "then").path / "labels.csv"
    labels = {one.sha256: one.label for one in read_csv(file) if one.label}
    assert labels == {first: "cat"}
    assert store.log.version() == version and len(store.answers.standing()) == 3
    with as_of(session.project, store.history.at(time.time())) as now:
        assert now.store.answers.standing() == store.answers.standing()
