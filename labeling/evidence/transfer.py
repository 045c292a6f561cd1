"""Whether the backbone helps on this pool, and whether new images still fit it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL.Image import Image

from labeling.embedding.ingest import ADDED_FROM
from labeling.errors import UnreadableImageError
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
    from models.evidence.transfer import compare, embed_random, pixel_features, random_twin

    order = np.lexsort((-np.arange(len(evidence.rows)), ~evidence.uniform))[:MOST_IMAGES]
    read = [(place, read_image(project, evidence.ids[place])) for place in order.tolist()]
    places = np.array([place for place, image in read if image is not None], dtype=np.int64)
    images = [image for _, image in read if image is not None]
    if len(places) == 0 or len(np.unique(evidence.labels[places])) < 2:
        return None
    ours = round_.table.features[evidence.rows[places]].astype(np.float32)
    labels, uniform = evidence.labels[places], evidence.uniform[places]
    groups = evidence.groups[places]
    pixels = compare(ours, pixel_features(images), labels, uniform, groups)
    if pixels is None:
        return None
    settings = project.settings()
    twin = random_twin(resolve(settings.backbone, features=settings.features, device=device))
    random = compare(ours, embed_random(twin, images), labels, uniform, groups)
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


def read_image(project: Project, sample_id: str) -> Image | None:
    """The pixels of a sample, or None if its file is gone or damaged."""
    try:
        image: Image = project.read(sample_id)
    except (UnreadableImageError, OSError):
        return None
    return image
