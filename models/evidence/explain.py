"""Why the head makes a prediction: the nearest labeled samples."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.blocks import blocks

Indices = npt.NDArray[np.int64]
Near = tuple[Indices, npt.NDArray[np.float32]]  # rows and their similarity, falling


def nearest_labeled(
    features: npt.NDArray[Any], rows: Indices, labeled: Indices, count: int
) -> list[Near]:
    """The labeled rows most similar to each of some rows, most similar first.

    Parameters
    ----------
    features : (N, D) float16 or float32, rows of length one.
    rows : (R,) indices of the rows to explain; a row is never its own neighbour.
    labeled : (L,) indices of labeled rows. They are read once for all `rows`.
    count : the most neighbours to return for each.

    Returns
    -------
    For each of `rows`:
    indices : (m,) int64, m ≤ count.
    similarity : (m,) float32 cosine in [-1, 1], falling.
    """
    cosines = _cosines(features, labeled, rows)
    return [_nearest(labeled, cosines[:, at], labeled != row, count) for at, row in enumerate(rows)]


def nearest_of_each_class(
    features: npt.NDArray[Any],
    row: int,
    labeled: Indices,
    labels: Indices,
    classes: Sequence[int],
    count: int,
) -> list[Near]:
    """The labeled rows of each of some classes that are most similar to one row.

    Parameters
    ----------
    features : (N, D) float16 or float32, rows of length one.
    row : index of the row to explain; never its own neighbour.
    labeled : (L,) indices of labeled rows. Those of other classes are not read.
    labels : (L,) their class ids.
    classes : ids of the classes to look in.
    count : the most neighbours to return for each class.

    Returns
    -------
    For each of `classes`, as in `nearest_labeled`; empty for a class without another labeled row.
    """
    asked = np.isin(labels, classes)
    labeled, labels = labeled[asked], labels[asked]
    similarity = _cosines(features, labeled, np.array([row]))[:, 0]
    others = labeled != row
    return [_nearest(labeled, similarity, others & (labels == one), count) for one in classes]


def _cosines(
    features: npt.NDArray[Any], labeled: Indices, rows: Indices
) -> npt.NDArray[np.float32]:
    """Similarity (L, R) of labeled rows to some rows, block by block."""
    wanted = torch.from_numpy(features[rows].astype(np.float32)).T
    found = np.empty((len(labeled), len(rows)), dtype=np.float32)
    for place, block in blocks(features, labeled):
        found[place] = (block @ wanted).numpy()
    return found


def _nearest(
    labeled: Indices,
    similarity: npt.NDArray[np.float32],
    others: npt.NDArray[np.bool_],
    count: int,
) -> Near:
    places = np.flatnonzero(others)
    if 0 < count < len(places):  # sorting thousands would take longer than the product
        falling = -similarity[places]
        places = places[~(falling > np.partition(falling, count - 1)[count - 1])]
    order = places[np.argsort(-similarity[places], kind="stable")][:count]
    return labeled[order].astype(np.int64), similarity[order]
