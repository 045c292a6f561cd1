"""How many more labels an accuracy will take: a range, or that it cannot be reached."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.learning_curve import Point

FEWEST_POINTS, LABELS_PER_CLASS, FEWEST_AUDITS = 5, 5, 15
EXPONENTS = np.linspace(0.25, 1.5, 11)  # of the power law; measured curves lie in between
REPLICATES = 300
SHARE = 0.8  # of the band
FIT_NOISE = 0.012  # scatter of a point around its curve, beside that of the audits
MISFIT = 0.55  # in log labels: power laws bend, and half of all forecasts are off by half
FLAT = 0.9  # of the replicates that never get there make it "not reachable"
FARTHEST = 50.0  # times the labels so far; beyond, a number would be a joke

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Forecast:
    """Labels that are still needed, as an 80 % range.

    `high` is None where the upper end is never, and both are where the target is out of reach;
    `ceiling` is the range of where the curve ends. `reached` tells that today's accuracy is
    probably there already.
    """

    target: float
    low: int | None
    high: int | None
    ceiling: tuple[float, float]
    reached: bool = False

    @property
    def reachable(self) -> bool:
        """Whether there is any number of labels."""
        return self.low is not None


def is_meant(points: list[Point], classes: int) -> bool:
    """Whether there is enough to forecast from: 5 points, 5 labels a class, 15 audits."""
    told = [point for point in points if point.labels >= classes]
    return bool(
        len(told) >= FEWEST_POINTS
        and told[-1].labels >= LABELS_PER_CLASS * classes
        and len(told[-1].hits) >= FEWEST_AUDITS
    )


def forecast(
    points: list[Point], classes: int, target: float, rng: np.random.Generator
) -> Forecast | None:
    """The labels that `target` accuracy takes, or None before that can be meant.

    A power law a - b·n^-c is fitted to the curve, many times with the audits drawn anew, an
    exponent from its posterior, and a misfit as wide as that of power laws on measured curves: on
    true accuracies, seen halfway, the number of labels was within a factor of 1.5 half of the
    time only. Early points, with less than a label a class, are left out.
    """
    if not is_meant(points, classes):
        return None
    told = [point for point in points if point.labels >= classes]
    n = np.array([point.labels for point in told], dtype=np.float64)
    values = _replicates(told, rng)
    ceilings, needed = np.empty(REPLICATES), np.empty(REPLICATES)
    for place, row in enumerate(values):
        a, b, c = _fit(n, row, rng)
        ceilings[place] = a
        gap = a - target
        needed[place] = (b / gap) ** (1 / c) if gap > 1e-6 else np.inf
    low, high = (1 - SHARE) / 2, (1 + SHARE) / 2
    ends = np.quantile(ceilings, (low, high))
    ceiling = (float(ends[0]), float(ends[1]))
    now = n[-1]
    if np.mean(values[:, -1] >= target) >= 0.5:
        return Forecast(target, 0, 0, ceiling, reached=True)
    more = np.maximum(needed - now, 1.0) * np.exp(MISFIT * rng.standard_normal(REPLICATES))
    more[more > FARTHEST * now] = np.inf
    if np.mean(np.isinf(more)) >= FLAT:
        return Forecast(target, None, None, ceiling)
    first, last = np.quantile(more, (low, high), method="inverted_cdf")
    return Forecast(target, int(first), None if np.isinf(last) else int(np.ceil(last)), ceiling)


def _replicates(points: list[Point], rng: np.random.Generator) -> Floats:
    """Curves (R, p) as other audits would have measured them."""
    residual = np.array([point.residual for point in points])  # (p, a)
    mean = np.array([point.confidence for point in points])
    audits = residual.shape[1]
    drawn = rng.integers(audits, size=(REPLICATES, audits))
    curves = mean + residual[:, drawn].mean(axis=2).T
    noise = FIT_NOISE * rng.standard_normal(curves.shape)
    clipped: Floats = np.clip(curves + noise, 0.0, 1.0)
    return clipped


def _fit(n: Floats, y: Floats, rng: np.random.Generator) -> tuple[float, float, float]:
    """a, b ≥ 0 and c of a - b·n^-c with a ≤ 1; c is drawn by how well it fits."""
    best: list[tuple[float, float, float]] = []
    weights = n / n.sum()  # late points are nearer to what is asked
    for c in EXPONENTS:
        x = n**-c
        mx, my = weights @ x, weights @ y
        b = max(0.0, -float(weights @ ((x - mx) * (y - my)) / (weights @ (x - mx) ** 2)))
        a = float(my + b * mx)
        if a > 1.0:
            a = 1.0
            b = max(0.0, float(weights @ (x * (1.0 - y)) / (weights @ x**2)))
        error = float(weights @ (y - a + b * x) ** 2)
        best.append((error, a, b))
    errors = np.array([one[0] for one in best])
    chances = np.exp(-(errors - errors.min()) * len(n) / (2 * (2 * FIT_NOISE) ** 2))
    place = int(rng.choice(len(EXPONENTS), p=chances / chances.sum()))
    return best[place][1], best[place][2], float(EXPONENTS[place])
