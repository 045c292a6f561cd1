"""Status counts, imports no torch, and makes no project."""

import subprocess
import sys
from pathlib import Path

import pytest

from labeling.cli.main import main
from tests.cli.conftest import ROOT, answer_three, status_of


def test_status_counts_answers_by_class_and_kind(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--pool", str(pool), "--project", str(tmp_path / "p")]
    answer_three(pool, tmp_path / "p")
    facts = status_of(capsys, *place)
    assert facts["per_class"] == {"red": 1, "blue": 0}
    counts = [facts[name] for name in ("labels", "skipped", "unsure", "rounds", "embedded")]
    assert counts == [1, 1, 1, 0, {}]
    assert facts["bytes"] >= (tmp_path / "p" / "hone.sqlite").stat().st_size
    assert main(["status", *place]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["red", "1"] in lines
    assert ["unsure", "1"] in lines


def test_status_never_imports_torch(pool: Path, tmp_path: Path) -> None:
    answer_three(pool, tmp_path / "p")
    place = ["--pool", str(pool), "--project", str(tmp_path / "p")]
    code = (
        "import sys; from labeling.cli.main import main; "
        f"code = main(['status', *{place!r}]); "
        "sys.exit(code or ('torch' in sys.modules) or ('streamlit' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "labels      1" in done.stdout


def test_asking_for_the_state_of_no_project_makes_none(pool: Path, tmp_path: Path) -> None:
    assert main(["status", "--pool", str(pool)]) == 2
    assert not (tmp_path / "home").exists()
