"""A sweep runs every combination, refuses what is wrong beforehand, and its file can be read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labeling.embedding.ingest import Ingest
from labeling.errors import HoneError
from labeling.project.project import Project, open_project
from labeling.simulation.curves import Plan, Result
from labeling.simulation.sweep import make_sweep, read_results, run, truth_of_each, write_results
from models.encoders.backbones import WEIGHTS_DIR, Backbone

PLANS = tuple(Plan(("margin",), labels=4, seeds=1, every=2, batch=batch) for batch in (1, 3))
FOLDERS = "folders"


def ingest(project: Project, backbone: Backbone) -> None:
    Ingest(project, lambda: None, backbone).run()


@pytest.fixture(scope="module", autouse=True)
def on_the_cpu() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HONE_DEVICE", "cpu")
        yield


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Project]]:
    """Projects of 12 and of 16 noisy images in two colours, in folders named after these."""
    opened = []
    for size in (12, 16):
        folder = tmp_path_factory.mktemp(f"colours-{size}-")
        rng = np.random.default_rng(size)
        for index in range(size):
            pixels = rng.integers(0, 200, (16, 16, 3), dtype=np.uint8)
            name, channel = (("red", 0), ("blue", 2))[index % 2]
            pixels[..., channel] += 55
            (folder / name).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(folder / name / f"{index}.png")
        opened.append(open_project(folder, tmp_path_factory.mktemp("project")))
    yield opened
    for project in opened:
        project.close()


@pytest.fixture(scope="module")
def told() -> list[int]:
    return []


@pytest.fixture(scope="module")
def results(projects: Sequence[Project], told: list[int]) -> list[Result]:
    backbone = next(
        WEIGHTS_DIR.glob("hone_mobilenet*/config.json")
    ).parent  # the bundled one by another name
    sweep = make_sweep(projects, [FOLDERS, FOLDERS], [None, str(backbone)], PLANS, ingest)
    assert (sweep.results, sweep.runs) == (8, 16)
    return list(run(sweep, jobs=1, progress=told.append))


def test_every_pool_backbone_and_batch_gives_a_result(results: list[Result]) -> None:
    found = [(result.samples, result.plan.batch) for result in results]
    assert found == [(12, 1), (12, 3), (12, 1), (12, 3), (16, 1), (16, 3), (16, 1), (16, 3)]
    # The second backbone has the weights of the first: the same runs, measured anew.
    assert results[0].runs == results[2].runs
    assert results[5].runs == results[7].runs
    assert [result.labels for result in results[:2]] == [(2, 4), (3, 4)]


def test_progress_counts_all_runs(results: list[Result], told: list[int]) -> None:
    assert told == list(range(1, 17))


def test_one_result_is_an_object_and_several_are_a_list(
    results: list[Result], tmp_path: Path
) -> None:
    write_results(results[:1], tmp_path / "one.json")
    write_results(results, tmp_path / "all.json")
    assert (tmp_path / "one.json").read_text(encoding="utf-8").startswith("{")
    assert (tmp_path / "all.json").read_text(encoding="utf-8").startswith("[")
    assert read_results(tmp_path / "one.json") == results[:1]
    assert read_results(tmp_path / "all.json") == results


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"queries": {}}'])
def test_a_file_that_holds_no_results_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(text, encoding="utf-8")
    with pytest.raises(HoneError, match=r"other\.json is not an output of"):
        read_results(tmp_path / "other.json")


def test_a_pool_that_is_too_small_is_refused_before_any_run(projects: Sequence[Project]) -> None:
    plan = Plan(("margin",), labels=14, seeds=1)
    with pytest.raises(HoneError, match="12 samples; simulate fewer than 14"):
        make_sweep(projects, [FOLDERS, FOLDERS], [None], [plan], ingest)


def test_one_truth_is_for_all_pools_and_several_are_for_one_each() -> None:
    assert truth_of_each(["a", "b"], []) == [None, None]
    assert truth_of_each(["a", "b"], ["t.csv"]) == ["t.csv", "t.csv"]
    assert truth_of_each(["a", "b"], ["t.csv", FOLDERS]) == ["t.csv", FOLDERS]
    assert truth_of_each(["a", "digits"], [FOLDERS]) == [FOLDERS, None]
    with pytest.raises(HoneError, match="2 truths for 3 pools; give one for all pools"):
        truth_of_each(["a", "b", "c"], ["t.csv", FOLDERS])
