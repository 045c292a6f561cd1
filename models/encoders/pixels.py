"""Pixels of any kind as 8-bit RGB, the only form for backbones and browsers.

Large images are converted in bands: at once, they would take five times their memory.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DEPTHS = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)  # white in 8, 10, 12, 14 and 16 bits
BAND = 4_000_000  # pixels


def to_rgb(image: Image.Image) -> Image.Image:
    """Make any image an 8-bit RGB one: transparency on white, deep grey scaled to its depth."""
    if image.mode.startswith(("I", "F")):
        image = _deep_to_grey(image)
    if image.has_transparency_data:
        image = _on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    whole = Image.new("RGB", image.size)
    for top, band in _bands(image):
        layer = band.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        whole.paste(Image.alpha_composite(ground, layer).convert("RGB"), (0, top))
    return whole


def _deep_to_grey(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and float grey to 8 bits.

    Cameras and microscopes put 10, 12 or 14 bits into 16; read as 16 bits, these look black. So
    the white point is the smallest depth that fits the largest value; values outside 16 bits
    (and floats) have no depth and are stretched from their smallest to their largest.
    """
    limits = [limit for _, band in _bands(image) for limit in _limits(band)]
    low, high = (min(limits), max(limits)) if limits else (0.0, 0.0)
    if image.mode != "F" and low >= 0 and high <= 65535:
        low, high = 0.0, next(top for top in DEPTHS if top >= high)
    whole = Image.new("L", image.size)
    for top, band in _bands(image):
        values = np.nan_to_num(_values(band), nan=low, posinf=high, neginf=low)
        grey = (values - low) * (255.0 / max(high - low, 1e-12))
        whole.paste(Image.fromarray(np.rint(np.clip(grey, 0, 255)).astype(np.uint8)), (0, top))
    return whole


def _limits(image: Image.Image) -> tuple[float, ...]:
    """The smallest and the largest finite value, if there is one."""
    values = _values(image)
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else ()


def _values(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image).astype(np.float32)


def _bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """The image in parts of its whole width, each with the row where it begins."""
    rows = max(1, BAND // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(image.height, top + rows)))
