"""Evidence for a class as a board shows it: a coloured image, or spans of a text."""

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from models.evidence.heat import HeatMap
    from models.evidence.words import Spans

GLOW = (240, 110, 20)  # the colour of evidence, visible on light and on dark images
FAINT = 0.5  # how far the rest of the image fades to its own grey
STRONG = 0.75  # how much of the colour covers the image where the evidence is strongest
SIDE = 300


def coloured(framed: NDArray[np.uint8], found: "HeatMap") -> bytes:
    """A WebP of what the encoder saw, coloured where the evidence for the class is."""
    seen = Image.fromarray(framed)
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


def spans(_framed: Any, found: "Spans") -> bytes:
    """JSON of [begin, end, weight] in code points of the text; weights in logits."""
    told = [[begin, end, round(weight, 4)] for begin, end, weight in found.spans]
    return json.dumps({"spans": told}).encode()
