"""Pictures of why: where in an image the evidence for a class lies."""

import io
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from labeling.errors import HoneError
from labeling.evidence.transfer import read_image
from labeling.loop.session import Session

if TYPE_CHECKING:
    from models.encoders.backbones import Backbone

GLOW = (240, 110, 20)  # what evidence is coloured by, seen on light and on dark images
FAINT = 0.5  # how far the rest of the image is drawn towards its own grey
STRONG = 0.75  # how much of the colour covers the image where the evidence is strongest
SIDE = 300


def evidence_picture(session: Session, sample_id: str, class_id: int) -> bytes:
    """A WebP of what the backbone sees of a sample, glowing where evidence for the class lies.

    Raises HoneError with the reason where there is none: a head that is not linear, or a backbone
    that does not average a feature map.
    """
    from models.evidence.heat import NoHeatMapError, heat_map
    from models.head.linear import LinearHead

    round_, image = session.round, read_image(session, sample_id)
    if round_ is None or image is None or not isinstance(round_.head, LinearHead):
        raise HoneError("A heat map needs the logistic head, and an image that can be read.")
    if class_id not in round_.head.classes:
        raise HoneError("The model does not know that class yet.")
    settings = session.project.settings()
    backbone = _loaded(settings.backbone, settings.features, session.ingest.device)
    try:
        found = heat_map(backbone, round_.head, round_.table.space.center, image, class_id)
    except NoHeatMapError as error:
        raise HoneError(str(error)) from error
    seen = Image.fromarray(backbone.framing(image))
    seen = seen.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    cells = np.clip(found.cells, 0.0, None) / max(float(found.cells.max()), 1e-9)
    map_ = Image.fromarray((255 * cells).astype(np.uint8))
    light = np.asarray(map_.resize(seen.size, Image.Resampling.BICUBIC), dtype=np.float32) / 255
    pixels = np.asarray(seen, dtype=np.float32)
    grey = np.asarray(seen.convert("L"), dtype=np.float32)[..., None]
    cover = STRONG * light[..., None]
    shaded = (1 - cover) * ((1 - FAINT) * pixels + FAINT * grey) + cover * np.array(GLOW)
    buffer = io.BytesIO()
    Image.fromarray(shaded.astype(np.uint8)).save(buffer, "WEBP", quality=88)
    return buffer.getvalue()


@lru_cache(1)
def _loaded(name: str | None, features: str, device: str) -> "Backbone":
    from models.encoders.backbones import resolve

    return resolve(name, features=features, device=device)
