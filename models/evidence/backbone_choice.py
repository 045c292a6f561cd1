"""Selection: the backbone that suits these labels best, with the uncertainty.

Each backbone is judged by leaving out every label in turn, all on the same labels, so that a
difference has its own, narrower interval. Nearest neighbours and ridges judged this way predict
the final result better than transferability scores do (arXiv 2503.18528, 2510.06448).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.evidence.ridge_loo import leave_one_out
from models.space.space import Space

DRAWS = 2000
STEP = 0.02  # prior mean of the gain of one place up the catalogue …
DOUBT = 0.08  # … and its standard deviation

Hits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Standing:
    """One backbone, compared with the present one.

    `accuracy` is leave-one-out on `labels` labels, `gain` its difference from the present one's,
    with its 95 % interval `low` … `high` by a paired bootstrap, all in 0..1 or -1..1. `expected`
    is the gain combined with prior knowledge of the two; it decides the ranking.
    """

    name: str
    accuracy: float
    gain: float
    low: float
    high: float
    expected: float
    labels: int


def left_out_hits(
    embeddings: npt.NDArray[Any], rows: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]
) -> Hits:
    """Which labels a ridge fitted on all other labels predicts right.

    Parameters
    ----------
    embeddings : (N, D) any float type, of the labeled samples and others of the pool
    rows : (n,) the row of each label; labels : (n,) its class id, at least two distinct

    Returns
    -------
    (n,) bool. The embedded part of the pool gives the centre.
    """
    space = Space.fit(embeddings)
    features = np.empty((len(rows), embeddings.shape[1]), dtype=np.float16)
    space.transform(embeddings, rows, out=features)
    hits: Hits = leave_one_out(features, labels).predicted == labels
    return hits


def compare(
    hits: Mapping[str, Hits],
    present: str,
    places: Mapping[str, int | None],
    rng: np.random.Generator,
) -> list[Standing]:
    """Rank backbones by their expected gain, best first.

    Parameters
    ----------
    hits : for each name (n,) bool, entry i for the same label i in all of them
    present : the name in use
    places : the upstream rank of each, higher = stronger; None if unknown

    The prior is normal: `STEP` for each place between two backbones, with deviation `DOUBT`. The
    data's own error is that of a paired difference with one right and one wrong label added, so a
    few labels that agree do not give certainty.
    """
    base = hits[present].astype(np.float64)
    n = len(base)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=DRAWS) / n
    found = []
    for name, one in hits.items():
        difference = one.astype(np.float64) - base
        gain = float(difference.mean())
        low, high = np.quantile(weights @ difference, (0.025, 0.975))
        both = np.append(difference, (1.0, -1.0))
        error = float(both.std(ddof=1)) / np.sqrt(len(both))
        here, there = places.get(name), places.get(present)
        before = STEP * (here - there) if here is not None and there is not None else 0.0
        trust = 0.0 if name == present else DOUBT**2 / (DOUBT**2 + error**2)
        expected = trust * gain + (1 - trust) * before
        accuracy = float(one.mean())
        found.append(Standing(name, accuracy, gain, float(low), float(high), expected, n))
    return sorted(found, key=lambda standing: -standing.expected)
