"""What the tests of the command line share: a pool of 40 images, and commands."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from labeling.cli.main import main
from labeling.project.project import open_project
from labeling.store import NewAnswer

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONE_HOME", str(tmp_path / "home"))
    for name in ("HONE_POOL", "HONE_PROJECT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """40 images in the folders red and blue, and a file that is no image."""
    folder = make_pool(tmp_path / "pool", 40)
    (folder / "red" / "broken.png").write_bytes(b"not an image")
    return folder


def make_pool(folder: Path, count: int) -> Path:
    rng = np.random.default_rng(3)
    for index in range(count):
        pixels = rng.integers(0, 80, (24, 24, 3), dtype=np.uint8)
        name, channel = (("red", 0), ("blue", 2))[index % 2]
        pixels[..., channel] += 150
        (folder / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name / f"{index:03d}.png")
    return folder


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "labeling", *arguments]


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


def status_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["status", "--json", *arguments]) == 0
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    return facts


def matrix_file(project: Path) -> Path:
    (file,) = project.glob("embeddings/*/matrix.f16")
    return file


def rows_on_disk(project: Path) -> int:
    for manifest in project.glob("embeddings/*/manifest.json"):
        return int(json.loads(manifest.read_text(encoding="utf-8"))["rows"])
    return 0


def answer_three(pool: Path, folder: Path) -> None:
    """A scanned project with one label, one skip and one unsure."""
    from labeling.pool.scan import scan
    from labeling.store.samples import FileRecord

    project = open_project(pool, folder)
    store = project.store
    store.samples.add(
        FileRecord(one.path, one.sample_id, one.size, one.mtime_ns, one.problem)
        for one in scan(project.source, {})
    )
    red, _ = store.classes.create("red"), store.classes.create("blue")
    first, second, third = store.samples.ids()[:3]
    answers = [
        NewAnswer("a", first, "label", red.id),
        NewAnswer("b", second, "skip"),
        NewAnswer("c", third, "unsure"),
    ]
    store.answers.append("me", answers)
    project.close()
