"""The label-efficiency contest counts, pairs and resumes as its figures claim."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.contest import ON, SESSION, Job, Run, play
from benchmarks.contest_report import Contest, statement
from benchmarks.label_efficiency import Journal
from benchmarks.sets import EmbeddedSet
from benchmarks.views import ARMS, VIEWS, make_view
from labeling.errors import HoneError
from labeling.simulation.curves import BASELINE
from labeling.simulation.replay import pin_threads
from models.queries import DEFAULT_QUERY

CONDITIONS = {"engine": "abc", "batch": 10}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    undo = pin_threads()
    yield
    undo()


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of 120 embeddings in three clusters."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 3
    centres = rng.normal(size=(3, 8)) * 2
    embeddings = (centres[labels] + rng.normal(size=(120, 8))).astype(np.float16)
    file = tmp_path_factory.mktemp("sets") / "blobs.npz"
    blocks = (embeddings[:, :5] + rng.normal(size=(120, 5))).astype(np.float16)
    words = np.abs(embeddings)
    made = EmbeddedSet("blobs", embeddings, labels.astype(np.int64), "print", blocks, (3, 2), words)
    made.write(file)
    return file


def made_run(strategy: str, seed: int, *accuracy: float) -> Run:
    labels = tuple(10 * (place + 1) for place in range(len(accuracy)))
    return Run("set", 100, 2, strategy, seed, labels, accuracy, accuracy, (0.1,) * len(labels))


@pytest.mark.parametrize(
    "strategy",
    [BASELINE, DEFAULT_QUERY, SESSION, *(f"{DEFAULT_QUERY}{ON}{arm}" for arm in ARMS)],
)
def test_a_run_spends_its_labels_and_is_the_same_again(strategy: str, blobs: Path) -> None:
    job = Job(blobs, strategy, seed=1, labels=25, batch=10)
    run = play(job)
    assert run.key == job.key == ("blobs", strategy, 1)
    assert run.labels == (10, 20, 25)
    assert run.accuracy[-1] > 0.6
    again = play(job)
    assert (again.accuracy, again.held_out) == (run.accuracy, run.held_out)


def test_a_set_of_an_earlier_version_is_named(blobs: Path, tmp_path: Path) -> None:
    images = EmbeddedSet.read(blobs)
    np.savez(tmp_path / "old.npz", embeddings=images.embeddings, labels=images.labels)
    with pytest.raises(HoneError, match=r"old.npz is of an earlier version; delete it"):
        EmbeddedSet.read(tmp_path / "old.npz")


@pytest.mark.parametrize("name", VIEWS)
def test_no_features_depend_on_a_label(name: str, blobs: Path) -> None:
    images, rows = EmbeddedSet.read(blobs), np.arange(120)
    other = replace(images, labels=np.random.default_rng(0).permutation(images.labels))
    views = [make_view(name, one, rows[:100], rows[100:]) for one in (images, other)]
    np.testing.assert_array_equal(views[0].features, views[1].features)
    np.testing.assert_array_equal(views[0].held, views[1].held)


def test_labels_to_randoms_end_are_read_between_two_points() -> None:
    contest = Contest(
        "set",
        [
            made_run(BASELINE, 0, 0.2, 0.4, 0.6),
            made_run("margin", 0, 0.3, 0.7, 0.8),
            made_run("entropy", 0, 0.1, 0.2, 0.3),
            made_run("max_herding", 0, 0.6, 0.6, 0.6),
        ],
    )
    # From 0.3 at 10 labels to 0.7 at 20: 0.6 is three quarters of the way.
    assert contest.needed("margin") == pytest.approx(17.5)
    assert contest.standing("margin").ratio == pytest.approx(30 / 17.5)
    assert contest.needed("entropy") is None
    assert (contest.needed("max_herding"), contest.needed(BASELINE)) == (10, 30)


def test_differences_are_paired_over_the_seeds_that_both_have() -> None:
    runs = [made_run(BASELINE, seed, seed / 10, seed / 10) for seed in range(4)]
    runs += [made_run("margin", seed, seed / 10 + 0.1, seed / 10 + 0.1) for seed in (1, 3)]
    difference = Contest("set", runs).difference("margin", BASELINE)
    # The same gain in both seeds: no width, however far apart the seeds are.
    assert difference == pytest.approx((0.1, 0.1, 0.1))


def test_the_statement_tells_first_from_tied_from_behind() -> None:
    def claim(*gains: float) -> str:
        runs = [made_run(BASELINE, seed, 0.1, 0.2) for seed in range(3)]
        runs += [made_run("margin", seed, 0.5, 0.5) for seed in range(3)]
        for own in (SESSION, f"{DEFAULT_QUERY}{ON}map"):  # no rivals of their own
            runs += [made_run(own, seed, 0.9, 0.9) for seed in range(3)]
        runs += [made_run(DEFAULT_QUERY, seed, 0.5 + g, 0.5 + g) for seed, g in enumerate(gains)]
        return statement([Contest("set", runs)])[0]

    assert "set: first, before margin by +10.0" in claim(0.1, 0.1, 0.1)
    assert "set: tied with margin by -1.0" in claim(0.05, -0.04, -0.04)
    assert "set: behind margin by -10.0" in claim(-0.1, -0.1, -0.1)


def test_an_interrupted_contest_goes_on_after_its_last_whole_line(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    runs = [made_run(BASELINE, seed, 0.5, 0.6) for seed in range(3)]
    journal = Journal(file, CONDITIONS)
    for run in runs[:2]:
        journal.add(run)
    torn = file.read_text(encoding="utf-8")[:-20]
    file.write_text(torn, encoding="utf-8")
    journal = Journal(file, CONDITIONS)
    assert journal.runs == runs[:1]
    journal.add(runs[2])
    assert Journal(file, CONDITIONS).runs == [runs[0], runs[2]]


def test_runs_of_another_engine_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    Journal(file, CONDITIONS).add(made_run(BASELINE, 0, 0.5, 0.6))
    with pytest.raises(HoneError, match=r"runs\.jsonl holds runs of .*use another file"):
        Journal(file, CONDITIONS | {"engine": "def"})
