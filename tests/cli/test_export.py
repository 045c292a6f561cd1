"""Exports are written, with and without their history."""

from pathlib import Path

import pytest

from labeling.cli.main import main
from tests.cli.conftest import answer_three


def test_exports_are_written_with_and_without_their_history(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer_three(pool, tmp_path / "p")
    place = ["--pool", str(pool), "--project", str(tmp_path / "p")]
    assert main(["export", "jsonl", "--to", str(tmp_path / "now"), *place]) == 0
    assert main(["export", "jsonl", "--history", "--to", str(tmp_path / "all"), *place]) == 0
    assert (tmp_path / "now" / "labels.jsonl").read_text(encoding="utf-8").count("\n") == 41
    assert (tmp_path / "all" / "history.jsonl").read_text(encoding="utf-8").count("\n") == 4
    assert main(["export", "folders", "--history", "--to", str(tmp_path / "x"), *place]) == 2
    assert "folders holds no history; use one of csv, jsonl" in capsys.readouterr().err
