"""The README's learning curves, from the JSON of `python -m labeling simulate --json FILE`.

    python -m benchmarks.learning_curve FILE [FILE …]

Draws each result's mean accuracy over labels with its 95 % interval, one panel a result, and
writes benchmarks/pictures/learning-curve.svg.
"""

import sys
from pathlib import Path

from labeling.simulation.charts import plot, save
from labeling.simulation.sweep import read_results

PICTURE = Path(__file__).parent / "pictures" / "learning-curve.svg"
NAMES = {"random": "random", "uncertainty_herding": "Hone (Uncertainty Herding)"}


def main() -> None:
    """Read the results and write the picture."""
    results = [result for name in sys.argv[1:] for result in read_results(Path(name))]
    if not results:
        sys.exit(__doc__)
    save(plot(results, NAMES), PICTURE)


if __name__ == "__main__":
    main()
