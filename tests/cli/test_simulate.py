"""Simulations print a table, write figures and draw pictures."""

import json
from pathlib import Path

import pytest

from labeling.cli.main import main
from tests.cli.conftest import make_pool


def test_simulate_prints_a_table_and_writes_its_figures(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    sizes = ["--labels", "4", "--every", "2", "--seeds", "2", "--jobs", "1"]
    arguments = ["simulate", "--pool", str(pool), "--truth", "folders", "--query", "margin"]
    assert main([*arguments, *sizes, "--json", str(file)]) == 0
    out = capsys.readouterr().out
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert list(figures["queries"]) == ["random", "margin"]
    assert figures["labels"] == [2, 4]
    end = figures["queries"]["margin"]["accuracy"][-1]["mean"]
    assert f"{100 * end:.1f}" in out
    assert "margin − random" in out
    assert "40 samples, 2 classes" in out


def test_simulate_takes_several_pools_and_batches_and_draws_them(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_pool(tmp_path / "other", 20)
    sizes = ["--labels", "4", "--every", "4", "--seeds", "1", "--jobs", "1"]
    several = ["--pool", str(pool), "--pool", str(other), "--batch", "1", "--batch", "4"]
    files = ["--json", str(tmp_path / "figures.json"), "--plot", str(tmp_path / "curves.svg")]
    assert main(["simulate", "--truth", "folders", *several, *sizes, *files]) == 0
    out = capsys.readouterr().out
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    ran = [(Path(result["pool"]).name, result["plan"]["batch"]) for result in figures]
    assert ran == [("pool", 1), ("pool", 4), ("other", 1), ("other", 4)]
    for name, batch in ran:
        assert f"{name}: accuracy on the unlabeled rest, %, {batch} asked at once" in out
    picture = (tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert "pool: 40 samples, 2 classes" in picture
    assert "other: 20 samples, 2 classes" in picture
