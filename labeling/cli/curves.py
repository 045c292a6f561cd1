"""Learning curves on the command line."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rich.console import Console
from labeling.simulation.curves import BASELINE, Result


def print_result(result: Result, console: "Console") -> None:
    """Print the learning curves as a table, with a summary."""
    from rich.table import Table

    queries = result.plan.queries
    others = queries[1:]
    title = f"{Path(result.pool).name}: accuracy on the unlabeled rest, %, "
    title += f"{result.plan.batch} asked at once, mean of {result.plan.seeds} seeds"
    table = Table()
    for name in ("labels", *queries, *(f"{query} − {BASELINE}" for query in others)):
        table.add_column(name, justify="right", overflow="fold")
    curves = [result.curve(query) for query in queries]
    gains = [result.gain(query) for query in others]
    for row, labels in enumerate(result.labels):
        cells = [f"{100 * curve[row].mean:.1f}" for curve in curves]
        table.add_row(str(labels), *cells, *(_points(gain[row]) for gain in gains))
    console.print(title, style="bold", highlight=False, soft_wrap=True)
    console.print(table)
    for query in queries:
        area, balanced = result.area(query), result.area(query, "balanced")
        line = f"{query}: mean along the curve {100 * area.mean:.1f} %"
        line += f" (equal weight per class {100 * balanced.mean:.1f} %)"
        if query != BASELINE:
            line += f", {_points(result.area_gain(query))} points ahead of {BASELINE}"
            needed = result.labels_to_match(query)
            end = f"random's accuracy after {result.labels[-1]} labels"
            line += f"; {end} {'not reached' if needed is None else f'reached after {needed}'}"
        console.print(line, highlight=False, soft_wrap=True)
    pool = f"{result.samples:,} samples, {result.classes} classes, backbone {result.fingerprint}"
    console.print(pool, highlight=False, soft_wrap=True)


def _points(gain: tuple[float, float, float]) -> str:
    """A difference in points with its 95 % interval; none for a single seed."""
    mean, low, high = (100 * value for value in gain)
    return f"{mean:+.1f}" if np.isnan(low) else f"{mean:+.1f} ± {(high - low) / 2:.1f}"
