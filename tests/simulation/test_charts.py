"""Learning curves are drawn, and a picture that cannot be written is refused beforehand."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from labeling.errors import HoneError
from labeling.screens.charts import spreadsheet
from labeling.simulation.charts import (
    BLUE,
    GREY,
    Curve,
    Panel,
    Style,
    check_target,
    draw,
    plot,
    save,
)
from labeling.simulation.curves import BASELINE, Plan, Result, Run
from models.evidence.metrics import MeanInterval
from models.queries import DEFAULT_QUERY


def made_result(pool: str = "pools/dogs", batch: int = 1, seeds: int = 2) -> Result:
    plan = Plan(("margin", DEFAULT_QUERY), labels=20, seeds=seeds, every=10, batch=batch)
    runs = tuple(
        Run(query, seed, (10, 20), (0.5, 0.7 + seed / 10), (0.5, 0.7), seconds=1.0)
        for query in plan.queries
        for seed in range(seeds)
    )
    return Result(pool, 1000, 2, "a backbone", "a-fingerprint", 0.1, plan, runs)


def colors(results: list[Result]) -> dict[str, str]:
    """Query to colour, as the legend says."""
    layer = plot(results).to_dict()["concat"][0]["layer"][0]
    scale = layer["encoding"]["color"]["scale"]
    return dict(zip(scale["domain"], scale["range"], strict=True))


def test_every_result_has_a_panel_and_its_note_says_how_it_differs() -> None:
    spec = plot([made_result(), made_result("pools/cats.zip", batch=10)]).to_dict()
    titles = [panel["title"] for panel in spec["concat"]]
    assert [title["text"] for title in titles] == [
        "dogs: 1,000 samples, 2 classes",
        "cats.zip: 1,000 samples, 2 classes",
    ]
    assert [title["subtitle"] for title in titles] == ["1 asked at once", "10 asked at once"]


def test_random_is_grey_and_the_default_blue_and_no_two_queries_look_alike() -> None:
    shown = colors([made_result()])
    assert (shown[BASELINE], shown[DEFAULT_QUERY]) == (GREY, BLUE)
    assert len(set(shown.values())) == len(shown) == 3


def test_points_and_bands_are_those_of_the_result() -> None:
    result = made_result()
    spec = plot([result]).to_dict()
    rows = [row for table in spec["datasets"].values() for row in table]
    found = {(row["name"], row["labels"]): row for row in rows}
    assert len(rows) == len(found) == 6
    for query in result.plan.queries:
        for labels, point in zip(result.labels, result.curve(query), strict=True):
            row = found[query, labels]
            assert (row["accuracy"], row["low"], row["high"]) == pytest.approx(point)


def test_two_curves_of_one_name_are_two_lines() -> None:
    point = MeanInterval(0.5, 0.4, 0.6)
    curves = [Curve("others", (10, 20), [point, point]) for _ in range(2)]
    spec = draw([Panel("a panel", curves)], {"others": Style(GREY, band=False)}).to_dict()
    (layer,) = spec["concat"][0]["layer"]
    assert layer["encoding"]["detail"]["field"] == "curve"
    (table,) = spec["datasets"].values()
    assert sorted(row["curve"] for row in table) == [0, 0, 1, 1]


@pytest.mark.parametrize("ending", ["svg", "png", "html"])
def test_a_picture_is_written_by_its_ending(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"curves.{ending}"
    save(plot([made_result(seeds=1)]), file)  # one seed has no band
    data = file.read_bytes()
    assert data.startswith({"svg": b"<svg", "png": b"\x89PNG", "html": b"<!DOCTYPE html>"}[ending])
    if ending == "html":
        text = data.decode()
        assert "dogs: 1,000 samples" in text
        assert "<script src=" not in text, "it loads a script from another host"


def test_a_picture_that_cannot_be_written_is_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(HoneError, match=r"ends in \.svg, \.png, \.html; curves\.gif does not"):
        check_target(tmp_path / "curves.gif")
    with pytest.raises(HoneError, match=r"no folder .*nowhere for curves\.svg; create it first"):
        check_target(tmp_path / "nowhere" / "curves.svg")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "'=", "a\r="])
def test_no_name_is_a_formula_in_the_csv_of_a_chart(begin: str) -> None:
    name = f"{begin}HYPERLINK(1)"
    for kind in ("object", "category"):
        table = pd.DataFrame({"class": [name, "cat"], name: [1, -0.5]})
        table["class"] = table["class"].astype(kind)
        head, *rows = csv.reader(io.StringIO(spreadsheet(table), newline=""))
        cells = [head[1], rows[0][0]]
        assert cells == [name if begin[0] == "a" else f"'{name}"] * 2
        assert head[0] == "class" and rows[0][1:] == ["1.0"] and rows[1] == ["cat", "-0.5"]
