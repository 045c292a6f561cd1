"""Backbones are compared on the labels so far."""

from pathlib import Path

import pytest

from labeling.cli.main import main
from labeling.project.project import open_project


def test_backbones_and_features_are_compared_on_the_labels_so_far(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--pool", str(pool), "--project", str(tmp_path / "p")]
    project = open_project(pool, tmp_path / "p")
    project.change(backbone="bundled", pool_labels=True)
    project.close()
    assert main(["backbones", "--compare", "bundled:block-2", "--compare", "resnt18", *place]) == 0
    shown = capsys.readouterr().out
    assert "%  bundled\n" in shown and "%  bundled (block-2)\n" in shown
    assert "bundled (block-2) is" in shown and "preparing takes" not in shown
    assert "the same 40 labels for all" in shown and "did you mean resnet18" in shown
