"""Whether the backbone earns its keep on this pool, and whether new images still fit it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL.Image import Image

from labeling.embedding.ingest import ADDED_FROM
from labeling.errors import UnreadableImageError
from labeling.evidence.figures import Evidence
from labeling.loop.session import Session

if TYPE_CHECKING:
    from models.evidence.shift import Shift
    from models.evidence.transfer import Gain

MOST_IMAGES = 300  # labels that are compared; to embed them by random weights takes seconds


@dataclass(frozen=True)
class Transfer:
    """What the backbone gains over plain pixels and over its own architecture untrained."""

    pixels: "Gain"
    random: "Gain"


def transfer(session: Session, evidence: Evidence) -> Transfer | None:
    """Compare the backbone on the labels given; None while there are too few.

    The blind checks come first, then the newest labels, up to 300.
    """
    from models.encoders.backbones import resolve
    from models.evidence.transfer import compare, embed_random, pixel_features, random_twin

    round_ = session.round
    assert round_ is not None
    order = np.lexsort((-np.arange(len(evidence.rows)), ~evidence.uniform))[:MOST_IMAGES]
    read = [(place, read_image(session, evidence.ids[place])) for place in order.tolist()]
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
    settings, device = session.project.settings(), session.ingest.device
    twin = random_twin(resolve(settings.backbone, features=settings.features, device=device))
    random = compare(ours, embed_random(twin, images), labels, uniform, groups)
    assert random is not None
    return Transfer(pixels, random)


def added_shift(session: Session, evidence: Evidence) -> "Shift | None":
    """How the images that were added last differ from the pool before; None if none were."""
    from models.evidence.shift import shift

    round_, begin = session.round, session.store.setting(ADDED_FROM)
    if round_ is None or begin is None:
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


def read_image(session: Session, sample_id: str) -> Image | None:
    """The pixels of a sample, None where its file is gone or damaged."""
    try:
        image: Image = session.project.read(sample_id)
    except (UnreadableImageError, OSError):
        return None
    return image
