"""Pixels of any kind as 8-bit RGB, the only form for backbones and browsers."""

import numpy as np
from PIL import Image

DEPTHS = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)  # white in 8, 10, 12, 14 and 16 bits


def to_rgb(image: Image.Image) -> Image.Image:
    """Make any image an 8-bit RGB one: transparency on white, deep grey scaled to its depth."""
    if image.mode.startswith(("I", "F")):
        image = _deep_to_grey(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep_to_grey(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and float grey to 8 bits.

    Cameras and microscopes put 10, 12 or 14 bits into 16; read as 16 bits, these look black. So
    the white point is the smallest depth that fits the largest value; values outside 16 bits
    (and floats) have no depth and are stretched from their smallest to their largest.
    """
    values = np.asarray(image).astype(np.float32)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if image.mode != "F" and low >= 0 and high <= 65535:
        low, high = 0.0, next(top for top in DEPTHS if top >= high)
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    grey = (values - low) * (255.0 / max(high - low, 1e-12))
    return Image.fromarray(np.rint(np.clip(grey, 0, 255)).astype(np.uint8))
