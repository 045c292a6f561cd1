"""Framing: scale and cut an image for a network, with Pillow only.

It does not need torch, so a process that only decodes starts in a tenth of the time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.encoders.pixels import to_rgb

MODES = ("center", "squash", "border")
LARGEST = 50_000_000  # pixels of a scaled image
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True)
class Framing:
    """timm's treatment of an image before a network, exact to the last bit.

    Attributes
    ----------
    size : (height, width) of the network's input.
    scaled : (height, width) to which an image is scaled before `size` is cut from its middle.
    mode : `center` keeps the shape and fills `scaled` (the rest is cut off), `squash` changes
        the shape, `border` keeps it within `scaled` and pads with `fill`.
    filter : a key of FILTERS.
    """

    size: tuple[int, int]
    scaled: tuple[int, int]
    mode: str = "center"
    filter: str = "bicubic"
    fill: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """The framing of timm's data config; raises ValueError for an unknown filter."""
        height, width = config["input_size"][1:]
        share = config.get("crop_pct") or 0.875  # timm's own default
        mode = config.get("crop_mode") or "center"
        name = config.get("interpolation") or "bilinear"
        if name not in FILTERS or mode not in MODES:
            raise ValueError(f"images cannot be framed by {mode!r} and {name!r}")
        red, green, blue = (round(255 * value) for value in config["mean"])
        scaled = (math.floor(height / share), math.floor(width / share))
        fill = (red, green, blue) if mode == "border" else (0, 0, 0)
        return cls((height, width), scaled, mode, name, fill)

    @property
    def least(self) -> int:
        """The shorter side that an image needs: a larger one is only scaled down."""
        return min(self.scaled)

    def __call__(self, image: Image.Image) -> NDArray[np.uint8]:
        """Frame an image of any size and mode; (height, width, 3) uint8."""
        image = to_rgb(image)
        wide, high = self._scaled(image)
        height, width = self.size
        shown = (min(width, wide), min(height, high))
        left, top = (wide - shown[0]) / 2, (high - shown[1]) / 2
        cut = (round(left), round(top), round(left) + shown[0], round(top) + shown[1])
        if wide * high > LARGEST:  # a strip: its ends, which are cut off, are not even scaled
            across, down = image.width / wide, image.height / high
            seen = (cut[0] * across, cut[1] * down, cut[2] * across, cut[3] * down)
            image = image.resize(shown, FILTERS[self.filter], seen)
        else:
            if (wide, high) != image.size:
                image = image.resize((wide, high), FILTERS[self.filter])
            image = image.crop(cut)
        if shown != (width, height):
            whole = Image.new("RGB", (width, height), self.fill)
            whole.paste(image, ((width - shown[0]) // 2, (height - shown[1]) // 2))
            image = whole
        return np.asarray(image)

    def _scaled(self, image: Image.Image) -> tuple[int, int]:
        """Width and height of the whole image after scaling."""
        high, wide = self.scaled
        if self.mode == "squash":
            return wide, high
        if self.mode == "center" and high == wide:  # the longer side is rounded down
            shorter = min(image.size)
            width, height = (int(high * side / shorter) for side in image.size)
            return width, height
        ratios = (image.height / high, image.width / wide)
        ratio = max(ratios) if self.mode == "border" else min(ratios)
        return max(1, round(image.width / ratio)), max(1, round(image.height / ratio))


def usual_framing() -> Framing:
    """What most backbones see of an image."""
    return Framing((256, 256), (256, 256))
