"""How many more labels an accuracy needs: a range, or that it cannot be reached."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.evidence.learning_curve import Point

EARLIEST = 2  # labels a class; with fewer, curves have another shape
FEWEST_POINTS, LABELS_PER_CLASS, FEWEST_AUDITS = 5, 5, 15
POWERS = (0.3, 0.5, 0.7, 1.0, 1.4)  # of the power law; measured curves lie in between
# If a query takes the hard images away, the accuracy on the rest grows faster than any power of n.
DECAYS = (0.5, 1.0, 2.0, 4.0)  # times the labels so far
REPLICATES = 300
SHARE = 0.8  # of the band
FIT_NOISE = 0.012  # scatter of a point around its curve, in addition to that of the audits
MISFIT = 0.45  # in log labels: power laws bend, and half of all forecasts are off by a third
CALIBRATED = 0.06  # difference of confidence and hits on a pool with at least 100 labels
SURE = 0.9  # share of replicates without success that makes it "not reachable"
FARTHEST = 10.0  # times the labels so far; a larger number would mean nothing
MOST = 0.8  # share of the remaining rows; a person who labels more of them needs no model
STEPS = 120  # numbers of labels at which a curve is evaluated

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Forecast:
    """Labels that are still needed, as an 80 % range with its `middle`.

    `high` and `middle` are None if they are never reached (or only beyond `limit`, the farthest
    look ahead); `low` too if the target is out of reach. `ceiling` is the range of the curve's
    end. `reached` says that the present accuracy is probably enough already.
    """

    target: float
    low: int | None
    middle: int | None
    high: int | None
    limit: int
    ceiling: tuple[float, float]
    reached: bool = False

    @property
    def reachable(self) -> bool:
        """Whether any number of labels is known."""
        return self.low is not None


def is_meant(points: list[Point], classes: int) -> bool:
    """Whether a forecast is possible: 5 points, 5 labels a class, 15 audits."""
    told = [point for point in points if point.labels >= EARLIEST * classes]
    return bool(
        len(told) >= FEWEST_POINTS
        and told[-1].labels >= LABELS_PER_CLASS * classes
        and len(told[-1].residual) >= FEWEST_AUDITS
    )


def forecast(
    points: list[Point], classes: int, left: int, target: float, rng: np.random.Generator
) -> Forecast | None:
    """The labels needed for `target` accuracy on the rest, or None with too little data.

    Power laws a - b·n^-c and decays a - b·exp(-n / d) are fitted to the curve many times: the
    audits are resampled, the shape is drawn by its fit, and a typical misfit of such curves is
    added. Early points, with less than two labels a class, are left out.

    The curve is for the `left` rows without a label now; the target is for rows without a label
    then. A query takes harder rows than average. If they are a large part of the remaining rows,
    this raises the accuracy on the rest more than the learning does. So k labels also bring
    gap · k / (left - k); the gap is how much worse the head predicts the query's picks so far.
    """
    if not is_meant(points, classes) or left < 2:
        return None
    told = [point for point in points if point.labels >= EARLIEST * classes]
    n = np.array([point.labels for point in told], dtype=np.float64)
    now, picked = n[-1], told[-1].picked
    limit = max(1.0, min(FARTHEST * now, MOST * left))
    steps = np.concatenate([[0.0], np.unique(np.round(np.geomspace(1.0, limit, STEPS)))])
    ceilings, more = np.empty(REPLICATES), np.empty(REPLICATES)
    for place, row in enumerate(_replicates(told, rng)):
        a, b, shape = _fit(n, row, rng)
        here = a - b * shape.left(now)
        # The picks were taken from the rest and themselves together.
        gap = 0.0 if np.isnan(picked) else max(0.0, here - picked) * left / (left + now)
        there = a - b * shape.left(now + steps) + gap * steps / (left - steps) >= target
        ceilings[place] = a
        more[place] = steps[there.argmax()] if there.any() else np.inf
    more = more * np.exp(MISFIT * rng.standard_normal(REPLICATES))
    more[more > limit] = np.inf
    share = ((1 - SHARE) / 2, 0.5, (1 + SHARE) / 2)
    low, middle, high = (_labels(one) for one in np.quantile(more, share, method="inverted_cdf"))
    ends = np.quantile(ceilings, (share[0], share[2]))
    return Forecast(
        target,
        None if np.mean(np.isinf(more)) >= SURE else low,
        middle,
        high,
        int(limit),
        (float(ends[0]), float(ends[1])),
        reached=bool(np.mean(more == 0.0) >= SURE),
    )


def _labels(number: float) -> int | None:
    return None if np.isinf(number) else int(np.ceil(number))


def _replicates(points: list[Point], rng: np.random.Generator) -> Floats:
    """Possible curves (R, p): the audits resampled, and the height shrunk to 0.

    Hit - confidence is near 0 for a calibrated head. Few audits are less certain than this prior,
    so their mean is combined with a normal prior of that spread.
    """
    residual = np.array([point.residual for point in points])  # (p, a)
    mean = np.array([point.confidence for point in points])
    audits = residual.shape[1]
    drawn = rng.integers(audits, size=(REPLICATES, audits))
    again = residual[:, drawn].mean(axis=2).T  # (R, p)
    seen = residual.mean(axis=1)
    error = float(residual.std(axis=1, ddof=1).mean()) / audits**0.5
    weight = CALIBRATED**2 / (CALIBRATED**2 + error**2)
    height = weight * seen + weight**0.5 * (again - seen)
    noise = FIT_NOISE * rng.standard_normal(height.shape)
    clipped: Floats = np.clip(mean + height + noise, 0.0, 1.0)
    return clipped


@dataclass(frozen=True)
class _Shape:
    """The decline of the part still to learn: as n^-power, or as exp(-n / decay)."""

    power: float = 0.0
    decay: float = 0.0

    def left(self, n: Any) -> Any:
        """The part that remains after n labels."""
        return n**-self.power if self.power else np.exp(-n / self.decay)


def _fit(n: Floats, y: Floats, rng: np.random.Generator) -> tuple[float, float, _Shape]:
    """a ≤ 1, b ≥ 0 and the shape of a - b·left(n); the shape is drawn by its fit."""
    shapes = [_Shape(power=one) for one in POWERS]
    shapes += [_Shape(decay=one * n[-1]) for one in DECAYS]
    found: list[tuple[float, float, float]] = []
    weights = n / n.sum()  # late points are nearer to the question
    for shape in shapes:
        x = shape.left(n)
        mx, my = weights @ x, weights @ y
        b = max(1e-9, -float(weights @ ((x - mx) * (y - my)) / (weights @ (x - mx) ** 2)))
        a = float(my + b * mx)
        if a > 1.0:
            a, b = 1.0, max(1e-9, float(weights @ (x * (1.0 - y)) / (weights @ x**2)))
        found.append((float(weights @ (y - a + b * x) ** 2), a, b))
    errors = np.array([one[0] for one in found])
    chances = np.exp(-(errors - errors.min()) * len(n) / (2 * (2 * FIT_NOISE) ** 2))
    place = int(rng.choice(len(shapes), p=chances / chances.sum()))
    return found[place][1], found[place][2], shapes[place]
