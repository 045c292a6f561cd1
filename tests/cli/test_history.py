"""Going back and the audit trail on the command line."""

from pathlib import Path

import pytest

from labeling.cli.main import main
from labeling.project.project import Project, open_project
from tests.conftest import add_samples, fill, label


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two labels by Ann and Bob; closed, as another process has it."""
    opened = open_project(fill(tmp_path / "pool", 1), tmp_path / "project")
    cat = opened.store.classes.create("cat", "olga").id
    for name, key in zip(("ann", "bob"), add_samples(opened.store, 2), strict=True):
        opened.store.answers.append(name, [label(key, cat)])
    opened.close()
    return opened


def run(project: Project, *words: str) -> int:
    place = ["--pool", str(project.source.location), "--project", str(project.folder)]
    return main([*words, *place])


def labels(project: Project) -> int:
    opened = open_project(project.source.location, project.folder)
    count = len(opened.store.answers.standing())
    opened.close()
    return count


def test_a_rewind_tells_what_it_takes_back_and_asks_before_it_does(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(project, "rewind", "--answer", "1") == 0
    told = capsys.readouterr().out
    assert "Takes back 1 answer by 1 person (bob 1)." in told and "Nothing was changed" in told
    assert labels(project) == 2
    assert run(project, "rewind", "--answer", "1", "--yes") == 0
    assert labels(project) == 1
    (undo,) = [word for word in capsys.readouterr().out.split("“") if "--undo" in word]
    assert run(project, "rewind", "--undo", undo.split("--undo ")[1].partition("”")[0]) == 0
    assert labels(project) == 2


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "Give a moment"),
        (("--to", "14:05", "--answer", "1"), "Give a moment"),
        (("--to", "yesterday"), "“yesterday” is not a time"),
        (("--answer", "77"), "no answer 77"),
        (("--to", "2999-01-01", "--yes"), "since that moment"),
        (("--undo", "1"), "2 labels count as “cat”"),
        (("--undo", "99"), "no change 99"),
        (("--undo", "9" * 30), "no change 999"),
    ],
)
def test_a_rewind_that_cannot_be_says_why(
    project: Project, words: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(project, "rewind", *words) == 2
    assert reason in capsys.readouterr().err
    assert labels(project) == 2


def test_the_log_lists_and_writes_csv_and_knows_of_exports_and_invitations(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(project, "invite", "--name", "Eve")
    run(project, "export", "csv", "--to", str(tmp_path / "out"), "--as-of", "2020-01-01")
    capsys.readouterr()
    assert run(project, "status", "--as-of", "2020-01-01") == 0
    assert "labels      0" in capsys.readouterr().out
    assert run(project, "status") == 0
    assert "labels      2" in capsys.readouterr().out
    assert run(project, "log") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[1] for line in lines[:3]] == ["olga", "ann", "bob"]
    assert "Eve as annotator" in lines[3] and "csv to" in lines[4]
    assert run(project, "log", "--who", "bob", "--csv") == 0
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 2 and rows[0].startswith("when,who,what")
    assert "label" in (tmp_path / "out" / "labels.csv").read_text(encoding="utf-8")
    assert ",cat," not in (tmp_path / "out" / "labels.csv").read_text(encoding="utf-8")
