"""Whether the backbone helps on this pool, and whether new images still fit it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labeling.embedding.ingest import ADDED_FROM
from labeling.evidence.gathering import Evidence
from labeling.project.project import Project

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.evidence.shift import Shift
    from models.evidence.transfer import Gain

MOST_IMAGES = 300  # labels to compare; embedding them with random weights takes seconds


@dataclass(frozen=True)
class Transfer:
    """The backbone's gain over plain pixels and over its own untrained architecture."""

    pixels: "Gain"
    random: "Gain"


def transfer(project: Project, round_: "Round", evidence: Evidence, device: str) -> Transfer | None:
    """Compare the backbone on the labels; None while there are too few.

    The blind checks come first, then the newest labels, up to 300.
    """
    from models.encoders.backbones import resolve
    from models.evidence.transfer import PIXELS, compare, embed_random, pixel_features, random_twin

    order = np.lexsort((-np.arange(len(evidence.rows)), ~evidence.uniform))[:MOST_IMAGES]
    small = project.framed([evidence.ids[place] for place in order], PIXELS)
    readable = np.array([isinstance(one, np.ndarray) for one in small], dtype=bool)
    places = order[readable]
    if len(places) == 0 or len(np.unique(evidence.labels[places])) < 2:
        return None
    ours = round_.table.features[evidence.rows[places]].astype(np.float32)
    labels, uniform = evidence.labels[places], evidence.uniform[places]
    groups = evidence.groups[places]
    arrays = [one for one in small if isinstance(one, np.ndarray)]
    pixels = compare(ours, pixel_features(arrays), labels, uniform, groups)
    if pixels is None:
        return None
    settings = project.settings()
    twin = random_twin(resolve(settings.backbone, features=settings.features, device=device))
    again = project.framed([evidence.ids[place] for place in places], twin.framing)
    framed = [one for one in again if isinstance(one, np.ndarray)]
    if len(framed) < len(places):
        return None  # a file went just now
    random = compare(ours, embed_random(twin, framed), labels, uniform, groups)
    assert random is not None
    return Transfer(pixels, random)


def added_shift(project: Project, round_: "Round", evidence: Evidence) -> "Shift | None":
    """How the images that were added last differ from the earlier pool; None if none were."""
    from models.evidence.shift import shift

    begin = project.store.setting(ADDED_FROM)
    if begin is None:
        return None
    old = [row for place, row in enumerate(round_.table.row_of.tolist()) if place < begin]
    new = [row for place, row in enumerate(round_.table.row_of.tolist()) if place >= begin]
    features = round_.table.features
    return shift(
        features[[row for row in old if row >= 0]],
        features[[row for row in new if row >= 0]],
        features[evidence.rows],
        np.random.default_rng(0),
    )
