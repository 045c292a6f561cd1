"""Embedding keeps what Ctrl-C leaves and goes on from there, and names bad files."""

import json
import os
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from labeling.cli.main import main
from labeling.project.project import open_project
from tests.cli.conftest import ROOT, command, make_pool, matrix_file, rows_on_disk, status_of

STOPPED_SAMPLES = 200


def test_embedding_twice_writes_once_and_names_the_file_that_cannot_be_read(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--pool", str(pool), "--project", str(tmp_path / "p")]
    assert main(["embed", *place]) == 0
    out = capsys.readouterr().out
    assert "40 samples are embedded" in out
    assert "red/broken.png: it is not an image that Hone can read" in out
    before = matrix_file(tmp_path / "p").stat()
    assert main(["embed", *place]) == 0
    after = matrix_file(tmp_path / "p").stat()
    assert (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)
    facts = status_of(capsys, *place)
    assert list(facts["embedded"].values()) == [40]
    assert list(facts["unreadable"]) == ["red/broken.png"]


def test_ctrl_c_keeps_what_is_embedded_and_the_same_command_goes_on_from_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pool, folder = make_pool(tmp_path / "large", STOPPED_SAMPLES), tmp_path / "p"
    place = ["--pool", str(pool), "--project", str(folder)]
    process = subprocess.Popen(
        command("embed", *place),
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts what runs behind it deaf to Ctrl-C, and so the tests and all they start.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    while process.poll() is None and rows_on_disk(folder) == 0:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    kept = rows_on_disk(folder)
    assert 0 < kept < STOPPED_SAMPLES
    assert error == (
        f"Stopped while embedding, with {kept} done, which are kept; "
        "the same command continues from there.\n"
    )
    file = matrix_file(folder)
    row_bytes = json.loads((file.parent / "manifest.json").read_bytes())["dim"] * 2
    before = file.read_bytes()[: kept * row_bytes]
    assert main(["embed", *place]) == 0
    assert f"{STOPPED_SAMPLES} samples are embedded" in capsys.readouterr().out
    after = file.read_bytes()
    assert after.startswith(before)
    assert len(after) == STOPPED_SAMPLES * row_bytes


def test_a_refused_backbone_leaves_the_settings_as_they_were(pool: Path, tmp_path: Path) -> None:
    place = ["--pool", str(pool), "--project", str(tmp_path / "p")]
    assert main(["embed", "--backbone", "resnt18", *place]) == 2
    project = open_project(pool, tmp_path / "p")
    assert project.settings().backbone is None
    project.close()


def test_features_are_chosen_by_option_and_refused_ones_are_not_kept(
    pool: Path, tmp_path: Path
) -> None:
    place = ["--pool", str(pool), "--project", str(tmp_path / "p")]
    assert main(["embed", "--backbone", "bundled", "--features", "block-2+pooled", *place]) == 0
    assert main(["embed", "--features", "cls", *place]) == 2
    project = open_project(pool, tmp_path / "p")
    assert project.settings().features == "block-2+pooled"
    assert len(list(project.embeddings.glob("mobilenetv2_075-*"))) == 1
    project.close()
