"""The audit trail: everything that was done, in words, for one person or kind, and as CSV."""

import csv
import io
from pathlib import Path

from labeling.project.audit import COLUMNS, as_csv, kinds, trail
from labeling.project.project import open_project
from labeling.store import NewAnswer
from tests.conftest import add_samples, fill, label


def test_the_trail_tells_answers_as_given_and_whether_they_count(tmp_path: Path) -> None:
    project = open_project(fill(tmp_path / "pool", 2), tmp_path / "project")
    store = project.store
    first, second = add_samples(store, 2)
    cat, dog = (store.classes.create(name, "olga").id for name in ("cat", "dog"))
    store.answers.append("=ann", [label(first, cat, "1"), NewAnswer("2", second, "skip")])
    store.answers.append("=ann", [NewAnswer("3", second, "undo", undoes="2")])
    store.reshaping.merge(cat, dog, "olga")
    store.log.add("olga", "invited", "Bob as annotator")
    told = trail(project)
    assert [(one.who, one.what, one.counts) for one in told] == [
        ("olga", "class created", True),
        ("olga", "class created", True),
        ("=ann", "answer", True),
        ("=ann", "answer", False),
        ("=ann", "answer", None),
        ("olga", "class merged", True),
        ("olga", "invited", None),
    ]
    assert told[2].detail == "labeled 0001.png as “cat”, which counts as “dog”"
    assert told[4].detail == "undid answer 2 to 0002.png"
    assert kinds(told) == ["answer", "class created", "class merged", "invited"]
    assert len(trail(project, who="olga", what="class")) == 3
    rows = list(csv.reader(io.StringIO(as_csv(told))))
    assert rows[0] == list(COLUMNS) and len(rows) == 8
    assert rows[3][1] == "'=ann"  # no spreadsheet runs it
    project.close()
