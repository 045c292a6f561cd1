"""Heat maps: where in an image the evidence for a class lies."""

import io
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from labeling.errors import HoneError, UnreadableError
from labeling.project.project import Project

if TYPE_CHECKING:
    from labeling.learning.snapshot import Round
    from models.encoders.backbones import Backbone

GLOW = (240, 110, 20)  # the colour of evidence, visible on light and on dark images
FAINT = 0.5  # how far the rest of the image fades to its own grey
STRONG = 0.75  # how much of the colour covers the image where the evidence is strongest
SIDE = 300
_ONE_AT_A_TIME = Lock()  # a map is read from hooks in the backbone, which all requests share


def evidence_picture(
    project: Project, round_: "Round | None", device: str, sample_id: str, class_id: int
) -> bytes:
    """A WebP of a sample, coloured where the evidence for a class is.

    Raises HoneError with the reason if no map is possible: the head is not linear, or the backbone
    does not average a feature map.
    """
    from models.evidence.heat import NoHeatMapError, heat_map

    if round_ is None or (head := round_.linear) is None:
        raise HoneError("A heat map needs the logistic head.")
    if class_id not in head.classes:
        raise HoneError("The model does not know that class yet.")
    settings = project.settings()
    with _ONE_AT_A_TIME:
        backbone = _loaded(settings.backbone, settings.features, device)
        (image,) = project.framed([sample_id], backbone.framing)
        if isinstance(image, UnreadableError):
            raise image
        try:
            found = heat_map(backbone, head, round_.table.space.center, image, class_id)
        except NoHeatMapError as error:
            raise HoneError(str(error)) from error
    seen = Image.fromarray(image)
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
