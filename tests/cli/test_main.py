"""The command line does its work, goes on after a kill, and names mistakes in one line."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from labeling.cli.main import main
from labeling.paths import default_folder, project_key
from labeling.people.tokens import Person, check, local_secret
from labeling.project.project import open_project
from labeling.store import NewAnswer

ROOT = Path(__file__).parents[2]
KILLED_SAMPLES = 320


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
    assert "folders holds no history; take one of csv, jsonl" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["embed", "--pool", "{tmp}/nowhere"], "nowhere; check the path"),
        (["status", "--pool", "{tmp}/nowhere"], "nowhere; check the path"),
        (["status", "--pool", "{pool}"], "no project of"),
        (["export", "csv", "--to", "{tmp}/x", "--pool", "{pool}"], "no project of"),
        (["embed", "--pool", "{pool}", "--backbone", "resnt18"], "did you mean resnet18"),
        (["simulate", "--pool", "{pool}"], "no {pool}/labels.csv"),
        (["simulate", "--pool", "{pool}", "--query", "bogus"], "no query 'bogus'"),
        (["simulate", "--pool", "{pool}", "--truth", "{tmp}/none.csv"], "none.csv"),
        (
            ["simulate", "--pool", "{pool}", "--plot", "{tmp}/curves.gif"],
            "ends in .svg, .png, .html",
        ),
        (["simulate", "--pool", "{pool}", "--plot", "{tmp}/no/curves.svg"], "make it first"),
        (["simulate", "--pool", "{pool}", "--json", "{tmp}/no/figures.json"], "make it first"),
        (["simulate", "--pool", "{pool}", "--batch", "0"], "batch is 0"),
        (["simulate", "--pool", "{pool}", "--pool", "{tmp}/nowhere"], "nowhere; check the path"),
        (
            ["simulate", "--pool", "{pool}", "--pool", "digits", "--project", "{tmp}/p"],
            "--project is the folder of one pool",
        ),
        (
            ["simulate", "--pool", "{pool}", "--truth", "folders", "--truth", "folders"],
            "2 truths for 1 pools",
        ),
        (
            ["simulate", "--pool", "{pool}", "--truth", "folders", "--backbone", "resnt18"],
            "did you mean resnet18",
        ),
    ],
)
def test_a_mistake_ends_in_one_line_and_exit_code_2(
    arguments: list[str],
    reason: str,
    pool: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([part.format(tmp=tmp_path, pool=pool) for part in arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert reason.format(pool=pool) in captured.err


def test_a_refused_backbone_leaves_the_settings_as_they_were(pool: Path, tmp_path: Path) -> None:
    place = ["--pool", str(pool), "--project", str(tmp_path / "p")]
    assert main(["embed", "--backbone", "resnt18", *place]) == 2
    project = open_project(pool, tmp_path / "p")
    assert project.settings().backbone is None
    project.close()


def test_backbones_and_features_are_compared_on_the_labels_so_far(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--pool", str(pool), "--project", str(tmp_path / "p")]
    project = open_project(pool, tmp_path / "p")
    project.change(backbone="bundled", labels_from_folders=True)
    project.close()
    assert main(["backbones", "--compare", "bundled:block-2", "--compare", "resnt18", *place]) == 0
    shown = capsys.readouterr().out
    assert "%  bundled\n" in shown and "%  bundled (block-2)\n" in shown
    assert "bundled (block-2) is" in shown and "re-embedding takes" not in shown
    assert "the same 40 labels for all" in shown and "did you mean resnet18" in shown


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


def test_asking_for_the_state_of_no_project_makes_none(pool: Path, tmp_path: Path) -> None:
    assert main(["status", "--pool", str(pool)]) == 2
    assert not (tmp_path / "home").exists()


def test_a_missing_pool_prints_no_traceback_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = run_command("embed", "--pool", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: There is no ")
    assert done.stderr.count("\n") == 1


def test_no_command_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("embed", "status", "export", "simulate"))


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
    assert "pool: 40 images, 2 classes" in picture
    assert "other: 20 images, 2 classes" in picture


def begin_embedding(tmp_path: Path) -> tuple[subprocess.Popen[str], list[str], Path]:
    """A process that has embedded a part of a pool and goes on embedding."""
    pool, folder = make_pool(tmp_path / "large", KILLED_SAMPLES), tmp_path / "p"
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
        time.sleep(0.002)
    return process, place, folder


def test_embedding_goes_on_where_a_killed_process_left_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process, place, folder = begin_embedding(tmp_path)
    process.kill()
    process.communicate()
    kept = rows_on_disk(folder)
    assert 0 < kept < KILLED_SAMPLES
    file = matrix_file(folder)
    row_bytes = json.loads((file.parent / "manifest.json").read_bytes())["dim"] * 2
    before = file.read_bytes()[: kept * row_bytes]
    assert main(["embed", *place]) == 0
    assert f"{KILLED_SAMPLES} samples are embedded" in capsys.readouterr().out
    after = file.read_bytes()
    assert after.startswith(before)
    assert len(after) == KILLED_SAMPLES * row_bytes


def test_ctrl_c_keeps_what_is_embedded_and_says_how_to_go_on(tmp_path: Path) -> None:
    process, _, folder = begin_embedding(tmp_path)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    kept = rows_on_disk(folder)
    assert 0 < kept < KILLED_SAMPLES
    assert error == (
        f"Stopped while embedding, with {kept} done, which are kept; "
        "the same command goes on from there.\n"
    )


def test_a_token_lets_a_script_in_as_the_named_person(
    pool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["embed", "--pool", str(pool)]) == 0
    capsys.readouterr()
    assert main(["token", "--pool", str(pool), "--name", "robot", "--days", "2"]) == 0
    person = check(capsys.readouterr().out.strip(), local_secret())
    assert person == Person(project_key(default_folder(pool.resolve())), "robot")
    assert main(["token", "--pool", str(pool), "--days", "0"]) == 2
    assert "1 to 366 days" in capsys.readouterr().err
