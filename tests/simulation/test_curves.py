"""Learning curves name what a plan refuses, pair gains by seed, and survive JSON."""

import json
from io import StringIO

import pytest
from rich.console import Console

from labeling.cli.curves import print_result
from labeling.errors import HoneError
from labeling.simulation.curves import BASELINE, Plan, Result, Run
from models.queries import DEFAULT_QUERY


def made_result(accuracy: dict[str, list[tuple[float, ...]]]) -> Result:
    runs = tuple(
        Run(query, seed, (10, 20), values, values, seconds=1.0)
        for query, seeds in accuracy.items()
        for seed, values in enumerate(seeds)
    )
    plan = Plan(queries=tuple(accuracy), labels=20, seeds=len(accuracy[BASELINE]), every=10)
    return Result("a pool", 100, 2, "a backbone", "a-fingerprint", 0.1, plan, runs)


def test_a_plan_names_what_it_refuses() -> None:
    with pytest.raises(HoneError, match=r"no query .bogus.; use one of"):
        Plan(queries=("bogus",))
    with pytest.raises(HoneError, match=r"batch is 0"):
        Plan(batch=0)


def test_one_seed_has_no_interval_in_json() -> None:
    stored = made_result({BASELINE: [(0.5, 0.75)]}).to_json()
    assert stored["queries"][BASELINE]["accuracy"][0] == {"mean": 0.5, "low": None, "high": None}
    json.dumps(stored, allow_nan=False)


def test_gains_are_paired_by_seed_and_curves_summed_up() -> None:
    made = made_result(
        {BASELINE: [(0.25, 0.5), (0.5, 0.75)], DEFAULT_QUERY: [(0.5, 0.75), (0.75, 1.0)]}
    )
    # The same gain in every seed: a paired interval has no width, an unpaired one would.
    assert made.gain(DEFAULT_QUERY) == [(0.25, 0.25, 0.25), (0.25, 0.25, 0.25)]
    assert made.area(BASELINE).mean == 0.5
    assert made.area_gain(DEFAULT_QUERY) == (0.25, 0.25, 0.25)
    assert made.labels_to_match(DEFAULT_QUERY) == 10
    assert made.labels_to_match(BASELINE) == 20


def test_a_printed_result_says_what_was_run_and_what_it_came_to() -> None:
    made = made_result(
        {BASELINE: [(0.25, 0.5), (0.5, 0.75)], DEFAULT_QUERY: [(0.5, 0.75), (0.75, 1.0)]}
    )
    out = StringIO()
    print_result(made, Console(file=out, width=120))
    text = out.getvalue()
    assert "a pool: accuracy on the unlabeled rest, %, 1 asked at once, mean of 2 seeds" in text
    assert "+25.0 ± 0.0 points ahead of random" in text
    assert "random's accuracy after 20 labels reached after 10" in text
