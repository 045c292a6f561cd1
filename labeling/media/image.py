"""Decoding hostile image files with limits, and the smaller copies that browsers get."""

import io
import warnings
from collections.abc import Callable
from contextlib import suppress
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from labeling.errors import UnreadableError
from models.encoders.pixels import to_rgb
from models.encoders.preprocess import Framing

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "MPO")
MAX_BYTES = 200_000_000
MAX_PIXELS = 120_000_000
MAX_SIDE = 200_000  # each row takes memory of its own, however short it is
MAX_DECODED = 10 * MAX_PIXELS  # bytes
# A JPEG may ask for any number of passes over its pixels, each in a few bytes; ten are usual.
MAX_PASSED_PIXELS = 2_500_000_000
NO_MEMORY = ("error -9", "out of memory")  # how Pillow's decoders may say it
JPEG_PASS = b"\xff\xda"
# Bytes a pixel of what a decoder holds beside the picture: a WebP is copied three times.
WEBP_COPIES = 12
DEEP = 2  # for each band: the coefficients of all passes, or 16-bit values
SIZES = {"thumb": 256, "view": 1600, "full": 8192}

# Our own limit is lower than Pillow's and comes with a clearer text.
Image.MAX_IMAGE_PIXELS = None
# A damaged EXIF block or an odd palette is no reason to refuse the pixels.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def check_header(data: bytes) -> tuple[int, int]:
    """(width, height) from the header alone; raises UnreadableError beyond the limits."""
    with _open(data) as image:
        return image.size


def load_image(data: bytes, name: str, least: int = 0) -> Image.Image:
    """Decode to an upright RGB image (EXIF orientation honoured, first frame of many).

    With `least`, a larger JPEG may come at a half, a quarter or an eighth of its size, its shorter
    side no less than that: its decoder leaves out what would be scaled away, in half the time.
    Raises UnreadableError that names the file and the reason.
    """
    return _load(data, name, least, min)


def frame(data: bytes, name: str, framing: Framing) -> NDArray[np.uint8]:
    """What an encoder sees: the pixels (height, width, 3) of a framing."""
    return framing(load_image(data, name, least=framing.least))


def browser_copy(data: bytes, name: str, size: str) -> bytes:
    """A WebP that every browser can show, at most SIZES[size] pixels on its longer side."""
    limit = SIZES[size]
    image = _load(data, name, limit, max)
    if max(image.size) > limit:
        image.thumbnail((limit, limit), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    # Small images are enlarged on screen, where compression would show.
    lossless, method = max(image.size) <= 128, 0 if size == "full" else 2
    image.save(buffer, "WEBP", quality=88, method=method, lossless=lossless)
    return buffer.getvalue()


def _load(
    data: bytes, name: str, least: int, side: Callable[[tuple[int, int]], int]
) -> Image.Image:
    """As `load_image`; `side` picks the side that is no less than `least`: min or max."""
    try:
        with _open(data) as image:
            if least:
                scale = least / side(image.size)
                image.draft(None, (ceil(image.width * scale), ceil(image.height * scale)))
            image.load()
            _set_upright(image)
            return to_rgb(image)
    except UnreadableError as error:
        raise UnreadableError(f"{name}: {error}") from error
    except MemoryError:
        raise
    except Exception as error:  # decoders of damaged files raise nearly anything
        if str(error).endswith(NO_MEMORY):
            raise MemoryError from error
        raise UnreadableError(f"{name}: it is damaged ({_reason(error)})") from error


def _set_upright(image: Image.Image) -> None:
    """Turn an image as its EXIF orientation says; leave it if that block is damaged."""
    with suppress(Exception):  # whatever a broken block makes Pillow raise
        ImageOps.exif_transpose(image, in_place=True)  # else even an upright one is copied


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except MemoryError:
        raise
    except Exception as error:
        raise UnreadableError("it is not an image that Hone can read") from error
    if reason := _excess(image, data):
        image.close()
        raise UnreadableError(reason)
    return image


def _excess(image: Image.Image, data: bytes) -> str | None:
    """Why an image must not be decoded, by its header: it would take too much memory or time."""
    width, height = image.size
    pixels, shape = width * height, f"{width:,} × {height:,} pixels"
    if max(width, height) > MAX_SIDE:
        return f"{shape}: no side may have more than {MAX_SIDE:,}; cut it into parts"
    if pixels > MAX_PIXELS:
        return (
            f"{shape} are more than the limit of {MAX_PIXELS / 1e6:.0f} megapixels; make it smaller"
        )
    if (size := pixels * _bytes_a_pixel(image)) > MAX_DECODED:
        return (
            f"to decode {shape} of this kind takes {size / 1e9:.1f} GB, more than the limit of "
            f"{MAX_DECODED / 1e9:.1f} GB; make it smaller, or save it with 8 bits as PNG or JPEG"
        )
    passes = data.count(JPEG_PASS) if image.format in ("JPEG", "MPO") else 1
    if passes * pixels > MAX_PASSED_PIXELS:
        return (
            f"it asks for {passes:,} passes over {shape}, as no camera or "
            "program writes it; save it as an ordinary JPEG"
        )
    return None


def _bytes_a_pixel(image: Image.Image) -> int:
    """Bytes that a decoder holds of each pixel at once: four in Pillow, and its own."""
    if image.format == "WEBP":
        return 4 + WEBP_COPIES
    tiles = getattr(image, "tile", ())
    deep = "progressive" in image.info or any(";16" in str(one.args) for one in tiles)
    return 4 + DEEP * len(image.getbands()) * deep


def _reason(error: Exception) -> str:
    return str(error).strip() or type(error).__name__
