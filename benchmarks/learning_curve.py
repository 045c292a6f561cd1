"""The README's learning curves, from the JSON of `python -m labeling simulate --json FILE`.

    python -m benchmarks.learning_curve FILE [FILE …]

Draws each file's mean accuracy over labels with its 95 % interval, one panel a pool, and writes
benchmarks/pictures/learning-curve.svg. Needs vl-convert-python beside the app's packages.
"""

import json
import sys
from pathlib import Path

import altair as alt
import pandas as pd

from labeling.curves import Result

PICTURE = Path(__file__).parent / "pictures" / "learning-curve.svg"
NAMES = {"random": "random", "uncertainty_herding": "Hone (Uncertainty Herding)"}


def table(result: Result) -> pd.DataFrame:
    """One row for each query and number of labels."""
    return pd.DataFrame(
        (NAMES.get(query, query), labels, point.mean, point.low, point.high)
        for query in result.plan.queries
        for labels, point in zip(result.labels, result.curve(query), strict=True)
    ).set_axis(["query", "labels", "accuracy", "low", "high"], axis=1)


def panel(result: Result) -> alt.LayerChart:
    """The curves of one pool."""
    title = f"{Path(result.pool).name}: {result.samples:,} images, {result.classes} classes"
    base = alt.Chart(table(result), title=title).encode(x=alt.X("labels", title="labels given"))
    color = alt.Color("query", title=None, sort=list(NAMES.values()), scale=alt.Scale(
        domain=list(NAMES.values()), range=["#8a8a86", "#2458c5"]
    ), legend=alt.Legend(orient="bottom"))  # fmt: skip
    share = alt.Axis(format="%")
    line = base.mark_line(strokeWidth=2.5).encode(
        y=alt.Y("accuracy", title="accuracy on the unlabeled rest", axis=share), color=color
    )
    band = base.mark_area(opacity=0.18).encode(y="low", y2="high", color=color)
    chart: alt.LayerChart = (band + line).properties(width=360, height=240)
    return chart


def main() -> None:
    """Read the results and write the picture."""
    results = [Result.from_json(json.loads(Path(name).read_text())) for name in sys.argv[1:]]
    if not results:
        sys.exit(__doc__)
    PICTURE.parent.mkdir(exist_ok=True)
    alt.hconcat(*(panel(result) for result in results)).configure(
        background="white", font="sans-serif"
    ).save(PICTURE)


if __name__ == "__main__":
    main()
