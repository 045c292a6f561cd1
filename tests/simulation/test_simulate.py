"""A simulation labels through the real loop, and shows what the default query is worth."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from labeling.errors import HoneError
from labeling.pool.opening import open_source
from labeling.project.project import Project, open_project
from labeling.simulation.curves import BASELINE, Plan, Result
from labeling.simulation.ground_truth import digits_pool, read_truth
from labeling.simulation.simulate import simulate
from labeling.workspace import SAMPLE_POOL
from models.queries import DEFAULT_QUERY

SHAPES = ("disc", "square", "stripes")
SMALL = Plan(labels=8, seeds=2, every=2)


@pytest.fixture(scope="module", autouse=True)
def on_the_cpu() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HONE_DEVICE", "cpu")
        yield


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 images of three shapes, in folders named after them."""
    folder = tmp_path_factory.mktemp("shapes")
    rng = np.random.default_rng(7)
    for index in range(60):
        shape = SHAPES[index % 3]
        noise = rng.integers(200, 256, (48, 48, 3), dtype=np.uint8)
        image = Image.fromarray(noise)
        draw = ImageDraw.Draw(image)
        x, y = (int(v) for v in rng.integers(2, 14, 2))
        colour = tuple(int(v) for v in rng.integers(0, 120, 3))
        if shape == "disc":
            draw.ellipse((x, y, x + 30, y + 30), fill=colour)
        elif shape == "square":
            draw.rectangle((x, y, x + 30, y + 30), fill=colour)
        else:
            for row in range(0, 48, 8):
                draw.rectangle((0, row, 48, row + 3), fill=colour)
        (folder / shape).mkdir(exist_ok=True)
        image.save(folder / shape / f"{index:02d}.png")
    return folder


@pytest.fixture(scope="module")
def project(pool: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return open_project(pool, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def result(project: Project) -> Result:
    return simulate(project, read_truth(project.source, "folders"), SMALL, jobs=2)


def test_every_run_is_measured_at_every_checkpoint(result: Result) -> None:
    assert [(run.query, run.seed) for run in result.runs] == [
        (query, seed) for query in (BASELINE, DEFAULT_QUERY) for seed in (0, 1)
    ]
    assert all(run.labels == (2, 4, 6, 8) for run in result.runs)
    assert (result.samples, result.classes) == (60, 3)


def test_seeds_differ_and_the_head_learns_shapes(result: Result) -> None:
    first, second = (run.accuracy for run in result.runs[:2])
    assert first != second
    assert result.curve(DEFAULT_QUERY)[-1].mean > 0.6


def test_one_process_gives_the_numbers_of_two(project: Project, result: Result) -> None:
    truth = read_truth(project.source, "folders")
    assert simulate(project, truth, SMALL) == result


def test_the_project_itself_gets_embeddings_and_no_answers(
    project: Project, result: Result
) -> None:
    assert project.store.answers.all() == []
    assert project.store.classes.all() == []
    assert (project.embeddings / result.fingerprint / "manifest.json").is_file()


def test_labels_of_a_manifest_are_the_truth_and_not_answers(
    pool: Path, tmp_path: Path, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONE_IMAGE_ROOTS", str(pool))
    manifest = tmp_path / "manifest.csv"
    files = sorted(pool.glob("*/*.png"), key=lambda file: (file.parent.name, file.name))
    rows = [f"{file},{file.parent.name}" for file in files]
    manifest.write_text("\n".join(["path,label", *rows]), encoding="utf-8")
    project = open_project(manifest, tmp_path / "project")
    plan = Plan(labels=4, seeds=1, every=2)
    runs = simulate(project, read_truth(project.source), plan).runs
    assert project.store.answers.all() == []
    assert [run.accuracy for run in runs] == [run.accuracy[:2] for run in result.runs[::2]]
    project.close()


def test_batches_are_asked_at_once_and_end_on_the_number_of_labels(
    project: Project,
) -> None:
    plan = Plan(labels=7, seeds=1, every=5, batch=3)
    truth = read_truth(project.source, "folders")
    assert simulate(project, truth, plan).labels == (6, 7)


def test_a_sample_without_truth_is_named(project: Project) -> None:
    truth = read_truth(project.source, "folders")
    del truth["disc/00.png"]
    with pytest.raises(HoneError, match=r"no label for disc/00\.png"):
        simulate(project, truth, SMALL)


def test_as_many_labels_as_samples_are_refused(project: Project) -> None:
    truth = read_truth(project.source, "folders")
    with pytest.raises(HoneError, match="60 samples; simulate fewer than 60"):
        simulate(project, truth, Plan(labels=60))


def test_a_folder_without_truth_is_refused_with_the_mend(pool: Path) -> None:
    with pytest.raises(HoneError, match=r"labels\.csv .*--truth folders"):
        read_truth(open_source(pool))


def test_a_result_survives_json(result: Result) -> None:
    assert Result.from_json(json.loads(json.dumps(result.to_json(), allow_nan=False))) == result


def test_the_digits_are_written_once_with_their_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HONE_HOME", str(tmp_path))
    folder = digits_pool()
    truth = read_truth(open_source(folder))
    assert len(truth) == 1797
    assert set(truth.values()) == set("0123456789")
    with Image.open(folder / "images" / "0000.png") as image:
        assert (image.size, image.mode) == ((8, 8), "L")
        assert image.getextrema() == (0, 239)  # 15 of 16 is this digit's darkest
    before = (folder / "labels.csv").stat().st_mtime_ns
    assert digits_pool() == folder
    assert (folder / "labels.csv").stat().st_mtime_ns == before


def test_after_40_labels_the_default_query_is_5_points_ahead_of_random_on_the_sample_data(
    tmp_path: Path,
) -> None:
    project = open_project(SAMPLE_POOL, tmp_path)
    plan = Plan(labels=40, every=40, seeds=3)
    measured = simulate(project, read_truth(project.source), plan)
    project.close()
    (gain,) = measured.gain(DEFAULT_QUERY)
    assert gain.mean >= 0.05, f"{100 * gain.mean:.1f} points, interval {gain}"
    (reached,) = measured.curve(DEFAULT_QUERY)  # random picking profits from the map too
    assert reached.mean >= 0.71, f"{100 * reached.mean:.1f} %"
